from __future__ import annotations

import pytest
from tests.cli.terminal import Terminal

from connectory.cli.workspaces import RoleName
from connectory.vault.entities import Role


def test_the_roles_are_the_vaults() -> None:
    assert [role.value for role in RoleName] == [role.value for role in Role]


def test_a_workspace_is_made_listed_and_deleted(terminal: Terminal) -> None:
    made = terminal.run("workspace", "create", "sales", "--name", "Sales", "--json").json

    assert made["slug"] == "sales"
    assert {one["slug"] for one in terminal.run("workspace", "list", "--json").json} == {"default", "sales"}
    assert "Sales" in terminal.run("workspace", "list").out
    assert terminal.run("workspace", "delete", "sales").code == 1
    assert terminal.run("workspace", "delete", "sales", "--yes").code == 0
    assert [one["slug"] for one in terminal.run("workspace", "list", "--json").json] == ["default"]


def test_connections_of_one_workspace_are_unknown_in_another(demo: Terminal) -> None:
    demo.run("workspace", "create", "sales")

    assert demo.run("connections", "--workspace", "sales", "--json").json == []
    assert demo.run("call", "demo_list_tasks", "--workspace", "sales").err.startswith("not_connected: ")
    assert demo.run("connect", "demo", "--workspace", "sales", "--json").json["connection"] == "demo/default"


def test_an_unknown_workspace_is_answered_with_the_nearest(terminal: Terminal) -> None:
    outcome = terminal.run("connections", "--workspace", "defalt")

    assert outcome.code == 1
    assert outcome.err.startswith("not_found: ")
    assert "'default'" in outcome.err


def test_a_user_is_made_listed_and_deleted(terminal: Terminal) -> None:
    made = terminal.run("user", "create", "ann", "--email", "ann@example.com", "--role", "viewer", "--json").json

    assert made["role"] == "viewer"
    assert {one["name"] for one in terminal.run("user", "list", "--json").json} == {"local", "ann"}
    assert "ann@example.com" in terminal.run("workspace", "members").out
    assert terminal.run("user", "delete", "ann", "--yes").code == 0
    assert [one["name"] for one in terminal.run("user", "list", "--json").json] == ["local"]


def test_a_user_can_belong_to_several_workspaces(terminal: Terminal) -> None:
    terminal.run("workspace", "create", "sales")
    terminal.run("user", "create", "ann")

    added = terminal.run("workspace", "add-member", "sales", "ann", "--role", "owner", "--json").json

    assert added["role"] == "owner"
    members = {one["name"]: one["role"] for one in terminal.run("workspace", "members", "sales", "--json").json}
    assert members == {"local": "owner", "ann": "owner"}
    assert terminal.run("workspace", "remove-member", "sales", "ann", "--yes").code == 0
    assert [one["name"] for one in terminal.run("workspace", "members", "sales", "--json").json] == ["local"]


@pytest.mark.parametrize(
    "words",
    [
        ["workspace", "remove-member", "default", "local"],
        ["workspace", "delete", "default"],
        ["user", "delete", "local"],
    ],
)
def test_the_last_owner_and_the_first_workspace_stay(terminal: Terminal, words: list[str]) -> None:
    outcome = terminal.run(*words, "--yes")

    assert outcome.code == 1
    assert outcome.err.startswith("invalid_arguments: ")
