"""`manifest try`: request, answer and projection of one call, sent once, by the same rules as any call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.provider import KEY, MANIFEST, Provider
from tests.cli.terminal import Outcome, Terminal

PROJECTED = MANIFEST.replace('{items: "@"}', '{items: "@", item: "{id: id, naem: naem}"}')


@pytest.fixture
def connected(terminal: Terminal, acme: Provider) -> Terminal:
    """A terminal with Acme connected, and nothing asked of it since."""
    made = terminal.run("connect", "acme", "--field", f"server={acme.origin}", "--from-env", ACME_TOKEN=KEY)
    assert made.code == 0, made.err
    acme.requests.clear()
    return terminal


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A manifest of another name, in no folder."""
    file = tmp_path / "draft.yaml"
    file.write_text(PROJECTED.replace("name: acme", "name: draft"))
    return file


def try_draft(terminal: Terminal, acme: Provider, draft: Path, *words: str, **environment: str) -> Outcome:
    given = ["--field", f"server={acme.origin}", "--from-env"]
    return terminal.run("manifest", "try", *words, "--file", str(draft), *given, **{"DRAFT_TOKEN": KEY, **environment})


def audited(terminal: Terminal) -> list[tuple[str, str]]:
    lines = terminal.run("audit", "--json").json
    return [(line["action"], line["outcome"]) for line in lines]


def test_it_shows_request_answer_and_projection_of_one_send(connected: Terminal, acme: Provider) -> None:
    tried = connected.run("manifest", "try", "acme_list_things", "--arg", "count=2")

    assert tried.code == 0, tried.err
    request, answer, outcome = tried.out.split("== ")[1:]
    assert f"GET {acme.origin}/things?count=2" in request
    assert "Authorization" not in request
    assert "200, 22 bytes" in answer
    assert '"id": 1' in answer
    assert "From Acme (acme/default, 2 items)" in outcome
    assert acme.requests == ["/things?count=2"]
    assert KEY not in tried.out + tried.err


def test_for_programs_it_is_one_json_object(connected: Terminal) -> None:
    tried = connected.run("manifest", "try", "acme_list_things", "--json").json

    assert tried["request"]["method"] == "GET"
    assert [(one["status"], one["body"]) for one in tried["answers"]] == [(200, [{"id": 1}, {"id": 2}])]
    assert tried["result"] == {"value": [{"id": 1}, {"id": 2}], "next_cursor": None}
    assert (tried["error"], tried["notes"]) == (None, [])


def test_a_dry_run_sends_nothing(connected: Terminal, acme: Provider) -> None:
    tried = connected.run("manifest", "try", "acme_delete_thing", "-a", "id=7", "--dry-run")

    assert tried.code == 0
    assert f"DELETE {acme.origin}/things/7" in tried.out
    assert "== 2." not in tried.out
    assert acme.requests == []


def test_a_write_is_shown_and_asked_for_before_it_is_sent(connected: Terminal, acme: Provider) -> None:
    words = ["manifest", "try", "acme_delete_thing", "-a", "id=7"]

    unasked = connected.run(*words)
    sent_by_then = list(acme.requests)
    meant = connected.run(*words, "--yes")

    assert unasked.code == 1
    assert f"DELETE {acme.origin}/things/7" in unasked.out
    assert "--yes" in unasked.err
    assert (sent_by_then, acme.requests) == ([], ["/things/7"])
    assert meant.code == 0


def test_rules_hold_and_the_record_has_it(connected: Terminal, acme: Provider) -> None:
    connected.run("manifest", "try", "acme_list_things")
    assert connected.run("policy", "set", "--deny", "acme_list_things").code == 0

    denied = connected.run("manifest", "try", "acme_list_things", "--yes")

    assert denied.code == 1
    assert denied.err.startswith("policy_denied: ")
    assert acme.requests == ["/things"]
    outcomes = [outcome for action, outcome in audited(connected) if action == "acme_list_things"]
    assert outcomes == ["refused", "ok", "previewed"]


def test_an_error_shows_the_answer_and_the_rule(connected: Terminal, acme: Provider, tmp_path: Path) -> None:
    rule = "errors: [{when: {body: 'length(@) == `2`'}, code: rate_limited, hint: Wait.}]\nactions:"
    (tmp_path / "manifests" / "acme.yaml").write_text(MANIFEST.replace("actions:", rule))

    tried = connected.run("manifest", "try", "acme_delete_thing", "--yes", "-a", "id=1")

    assert tried.code == 1
    assert '"id": 2' in tried.out
    assert "It is an error by the file's errors[0] (rate_limited)." in tried.out
    assert tried.err.startswith("rate_limited: ")
    assert "Wait." in tried.err


def test_an_answer_that_cannot_be_projected_is_shown_all_the_same(connected: Terminal, tmp_path: Path) -> None:
    (tmp_path / "manifests" / "acme.yaml").write_text(MANIFEST.replace('items: "@"', "items: data"))

    tried = connected.run("manifest", "try", "acme_list_things")
    told = connected.run("manifest", "try", "acme_list_things", "--json")

    assert tried.code == told.code == 1
    assert '"id": 1' in tried.out
    assert "No error rule applied" in tried.out
    assert "unexpected_response" in tried.err
    assert json.loads(told.out)["error"]["code"] == "unexpected_response"


def test_a_long_answer_is_cut_and_raw_shows_it(connected: Terminal, acme: Provider) -> None:
    acme.things = [{"text": "x" * 400}, *({"id": number} for number in range(100))]
    try:
        cut = connected.run("manifest", "try", "acme_list_things")
        whole = connected.run("manifest", "try", "acme_list_things", "--raw")
    finally:
        acme.things = None

    assert "xx…\n" in cut.out
    assert "x" * 300 not in cut.out.partition("== 3.")[0]
    assert "more lines; --raw shows all." in cut.out.partition("== 3.")[0]
    assert '"id": 99' not in cut.out
    assert '"id": 99' in whole.out


def test_the_headers_that_the_manifest_reads_are_shown(connected: Terminal, tmp_path: Path) -> None:
    paged = MANIFEST.replace("answer: {items", "pages: {style: next_url_header, header: Server}\n    answer: {items", 1)
    limited = paged.replace("actions:", "errors: [{when: {headers: {Date: x}}, code: rate_limited}]\nactions:")
    before = connected.run("manifest", "try", "acme_list_things").out
    limited = limited.replace('count: "{count}"', 'count: "{count}", n: "{limit}"')
    (tmp_path / "manifests" / "acme.yaml").write_text(limited)

    tried = connected.run("manifest", "try", "acme_list_things", "-a", "limit=2")

    assert "\nserver: " in tried.out
    assert "\ndate: " in tried.out
    assert "\nserver: " not in before


def test_a_draft_asks_for_credentials_that_are_kept_nowhere(terminal: Terminal, acme: Provider, draft: Path) -> None:
    tried = try_draft(terminal, acme, draft, "list_things")

    assert tried.code == 0, tried.err
    assert "From Acme (draft/default, 2 items)" in tried.out
    assert acme.requests == ["/me", "/things"]
    assert "Acme Inc" not in tried.out  # the answer of the sign-in's call
    assert terminal.run("connections", "--json").json == []
    assert ("draft_list_things", "ok") in audited(terminal)
    assert KEY not in tried.out + tried.err
    assert [file for file in terminal.folder.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()] == []


def test_a_member_that_is_null_everywhere_is_noted(terminal: Terminal, acme: Provider, draft: Path) -> None:
    assert "'naem' is null everywhere" in try_draft(terminal, acme, draft, "draft_list_things").out


def test_a_member_that_one_item_has_is_not_noted(terminal: Terminal, acme: Provider, draft: Path) -> None:
    acme.things = [{"id": 1, "naem": "x"}, {"id": 2}]
    try:
        tried = try_draft(terminal, acme, draft, "draft_list_things")
    finally:
        acme.things = None

    assert "naem: x" in tried.out
    assert "== Notes" not in tried.out


def test_the_rules_hold_for_a_draft_too(terminal: Terminal, acme: Provider, draft: Path) -> None:
    assert terminal.run("policy", "set", "--deny", "draft_delete_*", "--confirm", "draft_list_*").code == 0

    denied = try_draft(terminal, acme, draft, "delete_thing", "-a", "id=1", "--yes")
    confirm = try_draft(terminal, acme, draft, "list_things")

    assert denied.err.startswith("policy_denied: ")
    assert confirm.err.startswith("confirmation_needed: ")
    assert "for one call" in confirm.err
    assert set(acme.requests) == {"/me"}
    assert terminal.run("policy", "set", "--deny", "connect").code == 0
    assert try_draft(terminal, acme, draft, "list_things").err.startswith("policy_denied: ")


def test_a_draft_uses_the_connection_of_its_name(connected: Terminal, acme: Provider, tmp_path: Path) -> None:
    newer = tmp_path / "newer.yaml"
    newer.write_text(PROJECTED)

    tried = connected.run("manifest", "try", "list_things", "--file", str(newer))

    assert tried.code == 0, tried.err
    assert "'naem' is null everywhere" in tried.out
    assert acme.requests == ["/things"]


def test_a_sign_in_that_is_refused_says_why(terminal: Terminal, acme: Provider, draft: Path) -> None:
    wrong = try_draft(terminal, acme, draft, "list_things", DRAFT_TOKEN="wrong-key-1")
    private = try_draft(terminal, acme, draft, "list_things", CONNECTORY_ALLOW_HOSTS="")
    missing = terminal.run("manifest", "try", "list_things", "--file", str(draft), "--field", f"server={acme.origin}")

    assert "did not accept" in wrong.err
    assert "--private-address" in private.err
    assert "DRAFT_TOKEN" in missing.err
    assert {wrong.code, private.code, missing.code} == {1}
    assert acme.requests == []


def test_a_dry_run_of_a_draft_signs_in_nowhere_and_needs_no_secret(
    terminal: Terminal, acme: Provider, draft: Path
) -> None:
    words = ["delete_thing", "-a", "id=7", "--dry-run"]

    with_key = try_draft(terminal, acme, draft, *words)
    without = terminal.run("manifest", "try", *words, "--file", str(draft), "--field", f"server={acme.origin}")
    nowhere = terminal.run("manifest", "try", *words, "--file", str(draft))

    assert (with_key.code, without.code) == (0, 0), with_key.err + without.err
    assert f"DELETE {acme.origin}/things/7" in with_key.out
    assert without.out == with_key.out
    assert nowhere.err.startswith("invalid_arguments: draft needs server")
    assert acme.requests == []
    assert ("draft_delete_thing", "previewed") in audited(terminal)


def test_a_draft_with_a_fault_is_told_where_it_is(terminal: Terminal, draft: Path) -> None:
    draft.write_text(draft.read_text().replace("title: Acme", "titel: Acme"))

    tried = terminal.run("manifest", "try", "list_things", "--file", str(draft))

    assert tried.code == 1
    assert f"{draft}:3: titel: " in tried.err


def test_a_draft_in_a_packaged_ones_name_never_runs_that_ones_actions(demo: Terminal, draft: Path) -> None:
    draft.write_text(draft.read_text().replace("name: draft", "name: demo"))

    tried = demo.run("manifest", "try", "demo_list_tasks", "--file", str(draft))

    assert tried.code == 1
    assert "The connector 'demo' is there already" in tried.err


def test_an_action_that_is_not_there_is_answered_with_the_nearest(connected: Terminal, draft: Path) -> None:
    assert "'acme_list_things'" in connected.run("manifest", "try", "acme_lst_things").err
    assert "'draft_list_things'" in connected.run("manifest", "try", "draft_lst_things", "--file", str(draft)).err
