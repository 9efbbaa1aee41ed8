from __future__ import annotations

from tests.cli.terminal import Terminal


def test_a_read_only_token_changes_nothing_by_whatever_command(demo: Terminal) -> None:
    token = demo.run("token", "create", "t", "--read-only", "--json").json["token"]

    for words in (
        ["call", "demo_create_task", "--arg", "title=x"],
        ["connect", "demo", "--alias", "other"],
        ["disconnect", "demo/default", "--yes"],
        ["workspace", "create", "sales"],
        ["user", "create", "ann"],
        ["token", "create", "wider"],
        ["policy", "set", "--allow", "*"],
    ):
        outcome = demo.run(*words, CONNECTORY_TOKEN=token)
        assert (outcome.code, outcome.err.partition(":")[0]) == (1, "policy_denied"), words
    assert demo.run("call", "demo_list_tasks", CONNECTORY_TOKEN=token).code == 0


def test_a_token_acts_in_its_own_workspace_alone(demo: Terminal) -> None:
    demo.run("workspace", "create", "sales")
    token = demo.run("token", "create", "t", "--workspace", "sales", "--json").json["token"]

    assert demo.run("connections", "--json", CONNECTORY_TOKEN=token).json == []
    assert demo.run("connections", "--workspace", "default", CONNECTORY_TOKEN=token).err.startswith("not_found: ")


def test_a_token_that_is_not_ours_is_refused_and_not_repeated(terminal: Terminal) -> None:
    outcome = terminal.run("connections", CONNECTORY_TOKEN="some-other-programs-token")

    assert outcome.err.startswith("unauthenticated: ")
    assert "some-other" not in outcome.err
