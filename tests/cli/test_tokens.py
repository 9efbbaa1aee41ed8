from __future__ import annotations

from tests.cli.terminal import Terminal


def test_a_token_is_shown_once_and_alone_on_stdout(terminal: Terminal) -> None:
    outcome = terminal.run("token", "create", "anything", "--read-only", "--expires-in", "90d")
    secret = outcome.out.strip()

    assert secret.startswith("cny_")
    assert outcome.out == f"{secret}\n"
    listed = terminal.run("token", "list")
    assert "anything" in listed.out
    assert secret not in listed.out + terminal.run("token", "list", "--json").out


def test_json_holds_the_token_and_what_it_may(terminal: Terminal) -> None:
    made = terminal.run("token", "create", "t", "--read-only", "--expires-in", "1h", "--json").json

    assert made["token"].startswith(made["prefix"])
    assert made["read_only"] is True
    assert made["expires_at"] is not None


def test_a_revoked_token_opens_nothing_from_then_on(terminal: Terminal) -> None:
    made = terminal.run("token", "create", "t", "--json").json

    assert terminal.run("connections", CONNECTORY_TOKEN=made["token"]).code == 0
    assert terminal.run("token", "revoke", made["prefix"]).code == 0
    refused = terminal.run("connections", CONNECTORY_TOKEN=made["token"])
    assert refused.code == 1
    assert refused.err.startswith("unauthenticated: ")
    assert made["token"] not in refused.err
    assert terminal.run("token", "list", "--json").json[0]["status"] == "revoked"


def test_revoking_by_the_whole_token_does_not_repeat_it(terminal: Terminal) -> None:
    made = terminal.run("token", "create", "t", "--json").json

    outcome = terminal.run("token", "revoke", made["token"])

    assert made["token"] not in outcome.out + outcome.err


def test_a_token_may_be_made_for_another_member_in_another_workspace(terminal: Terminal) -> None:
    terminal.run("workspace", "create", "sales")
    terminal.run("user", "create", "ann", "--workspace", "sales")

    made = terminal.run("token", "create", "t", "--user", "ann", "--workspace", "sales", "--json").json

    members = terminal.run("workspace", "members", CONNECTORY_TOKEN=made["token"]).out
    assert "ann" in members
    assert terminal.run("token", "create", "t", "--user", "anm").err.startswith("not_found: ")


def test_a_bad_span_is_refused_with_the_form(terminal: Terminal) -> None:
    outcome = terminal.run("token", "create", "t", "--expires-in", "soon")

    assert outcome.code == 1
    assert "90d" in outcome.err
