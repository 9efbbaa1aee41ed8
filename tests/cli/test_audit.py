from __future__ import annotations

from tests.cli.terminal import Terminal

VALUE = "value-that-is-kept-nowhere"


def test_the_audit_tells_what_was_done_and_refused_without_values(demo: Terminal) -> None:
    demo.run("call", "demo_create_task", "--arg", f"title={VALUE}")
    demo.run("call", "demo_get_task", "--arg", "task=x")

    shown = demo.run("audit")
    lines = demo.run("audit", "--json").json

    assert [(line["action"], line["outcome"]) for line in lines] == [
        ("demo_get_task", "refused"),
        ("demo_create_task", "ok"),
        ("sign_in", "ok"),
    ]
    assert lines[1]["argument_names"] == ["title"]
    assert "demo/default" in shown.out
    assert VALUE not in shown.out + str(lines)


def test_lines_can_be_chosen(demo: Terminal) -> None:
    demo.run("call", "demo_list_tasks")
    demo.run("call", "demo_get_task", "--arg", "task=x")

    assert len(demo.run("audit", "--limit", "1", "--json").json) == 1
    assert [line["code"] for line in demo.run("audit", "--outcome", "refused", "--json").json] == ["invalid_arguments"]
    assert [line["outcome"] for line in demo.run("audit", "--action", "demo_list_tasks", "--json").json] == ["ok"]
    assert demo.run("audit", "--outcome", "bad").code == 2


def test_a_member_sees_their_own_calls_alone(demo: Terminal) -> None:
    demo.run("call", "demo_list_tasks")
    demo.run("user", "create", "ann")
    token = demo.run("token", "create", "t", "--user", "ann", "--json").json["token"]

    assert demo.run("audit", "--json", CONNECTORY_TOKEN=token).json == []
