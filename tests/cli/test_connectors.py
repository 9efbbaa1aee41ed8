from __future__ import annotations

from pathlib import Path

from tests.cli.terminal import Terminal


def test_connectors_have_title_category_and_actions(terminal: Terminal) -> None:
    listed = {one["name"]: one for one in terminal.run("connectors", "--json").json}

    assert {"demo", "github"} <= set(listed)
    assert set(listed["demo"]) == {"name", "title", "category", "description", "docs", "actions"}
    assert "demo_list_tasks" in listed["demo"]["actions"]
    assert "GitHub" in terminal.run("connectors").out


def test_words_narrow_the_list(terminal: Terminal) -> None:
    assert [one["name"] for one in terminal.run("connectors", "task board", "--json").json] == ["demo"]
    assert "Did you mean 'github'?" in terminal.run("connectors", "githb").out


def test_one_connector_shows_its_sign_in_and_actions(terminal: Terminal) -> None:
    shown = terminal.run("connector", "github", "--json").json

    assert shown["auth"][0]["fields"][0]["secret"] is True
    assert {action["effect"] for action in shown["actions"]} >= {"read", "write"}
    assert "github_list_issues" in terminal.run("connector", "github").out
    assert terminal.run("connector", "githb").err.startswith("unknown_connector: ")


def test_search_finds_actions_by_what_they_do(terminal: Terminal) -> None:
    assert terminal.run("search", "create", "an", "issue", "--json").json[0]["action"] == "github_create_issue"
    assert "demo_create_task" in terminal.run("search", "create a task", "--connector", "demo").out
    assert terminal.run("search", "x", "--connector", "demmo").err.startswith("unknown_connector: ")


def test_a_broken_manifest_is_left_out_and_named_on_stderr(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("format: 1\nname: broken\nactoins: {}\n")

    outcome = terminal.run("connectors", "--json", CONNECTORY_MANIFESTS=str(tmp_path))

    assert "demo" in {one["name"] for one in outcome.json}
    assert "broken.yaml:3: actoins" in outcome.err
