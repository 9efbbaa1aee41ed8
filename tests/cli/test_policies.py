from __future__ import annotations

from tests.cli.terminal import Terminal
from tests.web.ports import free_port


def test_read_only_stops_writes_and_lets_reads_through(demo: Terminal) -> None:
    assert demo.run("policy", "set", "--read-only").code == 0

    assert demo.run("call", "demo_create_task", "--arg", "title=x").err.startswith("policy_denied: ")
    assert demo.run("call", "demo_list_tasks").code == 0


def test_rules_are_listed_removed_and_cleared(demo: Terminal) -> None:
    rules = demo.run("policy", "set", "--deny", "demo_delete*", "--confirm", "demo_c*", "--json").json

    assert {rule["effect"]: rule["pattern"] for rule in rules} == {"deny": "demo_delete*", "confirm": "demo_c*"}
    assert "demo_delete*" in demo.run("policy", "list").out
    assert demo.run("policy", "remove", rules[0]["id"]).code == 0
    assert len(demo.run("policy", "list", "--json").json) == 1
    assert demo.run("policy", "clear", "--yes").code == 0
    assert demo.run("policy", "list", "--json").json == []


def test_a_rule_can_narrow_one_token_alone(demo: Terminal) -> None:
    token = demo.run("token", "create", "t", "--json").json
    demo.run("policy", "set", "--allow", "github_*", "--token", token["prefix"])

    assert demo.run("call", "demo_list_tasks").code == 0
    assert demo.run("call", "demo_list_tasks", CONNECTORY_TOKEN=token["token"]).err.startswith("policy_denied: ")
    assert token["prefix"] in demo.run("policy", "list").out


def test_a_confirmation_needs_the_page_and_says_so_where_nobody_serves_it(demo: Terminal) -> None:
    demo.run("policy", "set", "--confirm", "*")

    outcome = demo.run("call", "demo_create_task", "--arg", "title=x", CONNECTORY_PORT=str(free_port()))

    assert outcome.err.startswith("confirmation_needed: ")
    assert "connectory serve" in outcome.err
    assert "/confirm/" not in outcome.err


def test_a_policy_without_a_rule_or_with_a_bad_pattern_is_refused(terminal: Terminal) -> None:
    assert "--read-only" in terminal.run("policy", "set").err
    assert terminal.run("policy", "set", "--deny", "GitHub*").err.startswith("invalid_arguments: ")


def test_a_rule_that_is_there_is_said_to_be_and_what_is_new_beside_it_is_added(terminal: Terminal) -> None:
    terminal.run("policy", "set", "--deny", "connect")

    again = terminal.run("policy", "set", "--deny", "connect")
    beside = terminal.run("policy", "set", "--deny", "connect", "--confirm", "zzz_*", "--json")

    assert (again.code, again.out) == (0, "Nothing was changed for the whole workspace: it is set so already.\n")
    assert [rule["pattern"] for rule in beside.json] == ["zzz_*"]
    assert "No action is called zzz_*" in beside.err
