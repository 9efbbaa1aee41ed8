from __future__ import annotations

from tests.cli.terminal import Terminal
from tests.web.ports import free_port


def test_a_call_shows_what_an_agent_would_read(demo: Terminal) -> None:
    outcome = demo.run("call", "demo_list_tasks", "--arg", "limit=1")

    assert outcome.code == 0
    assert outcome.out.startswith("From Demo (demo/default, 1 item)")


def test_json_gives_the_value_and_the_way_on(demo: Terminal) -> None:
    called = demo.run("call", "demo_list_tasks", "--arg", "limit=1", "--json").json

    assert len(called["value"]) == 1
    assert called["next_cursor"]
    assert set(called) == {"value", "next_cursor", "kept_result"}


def test_values_become_what_the_schema_wants(demo: Terminal) -> None:
    made = demo.run("call", "demo_create_task", "-a", "title=2026", "-a", "due_date=2026-12-24", "--json").json["value"]

    assert made["title"] == "2026"
    assert demo.run("call", "demo_get_task", "-a", f"task={made['id']}", "--json").json["value"]["title"] == "2026"


def test_an_unknown_action_or_argument_is_answered_with_the_nearest(demo: Terminal) -> None:
    action = demo.run("call", "demo_lst_tasks")
    argument = demo.run("call", "demo_get_task", "--arg", "taks=1")

    assert (action.code, argument.code) == (1, 1)
    assert "'demo_list_tasks'" in action.err
    assert argument.err.startswith("invalid_arguments: ")
    assert "did you mean task?" in argument.err


def test_what_is_not_connected_says_how_to_connect_here(terminal: Terminal) -> None:
    outcome = terminal.run("call", "demo_list_tasks", CONNECTORY_PORT=str(free_port()))

    assert outcome.code == 1
    assert outcome.err.startswith("not_connected: ")
    assert "connectory connect" in outcome.err


def test_of_several_accounts_the_question_comes_back_and_the_alias_answers_it(demo: Terminal) -> None:
    demo.run("connect", "demo", "--alias", "second")

    asked = demo.run("call", "demo_create_task", "--arg", "title=x")
    answered = demo.run("call", "demo_create_task", "--arg", "title=x", "--connection", "demo/second")

    assert asked.err.startswith("ambiguous_connection: ")
    assert "demo/second" in asked.err
    assert answered.code == 0
