"""What the writer of a manifest is shown of a call: every exchange, the answer before its projection, and the rule."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.actions.calling import KEY, ORIGIN, Caller, gives, in_turn

from connectory.actions.answers import Reading
from connectory.actions.filling import Values
from connectory.actions.redaction import Redactor
from connectory.actions.request import PreparedRequest
from connectory.actions.rules import Rules
from connectory.actions.sending import Exchange
from connectory.actions.watching import Seen
from connectory.catalog.manifest import Answer
from connectory.errors import ConnectoryError, UnexpectedResponse
from connectory.net.client import OutboundClient

LIST = "request: {get: /things, query: {size: '{limit}'}}\nanswer: {items: data, item: '{id: id}'}\n"
THINGS = {"data": [{"id": 1, "more": "x"}]}
RULES = "errors: [{when: {body: \"error == 'gone'\"}, code: provider_not_found}]\n"
FILE_RULE = "errors: [{when: {body: '!ok'}, code: provider_forbidden}]"


async def test_an_answer_is_seen_as_it_came() -> None:
    caller = Caller("request: {get: /things}\nanswer: {items: data, item: '{id: id}'}", in_turn(gives(THINGS)))

    outcome = await caller.call()

    (seen,) = caller.seen
    assert outcome.value == [{"id": 1}]
    assert (seen.method, seen.url, seen.status) == ("GET", "https://api.notes.example/v1/things", 200)
    assert seen.body == THINGS
    assert seen.headers["content-type"] == "application/json"
    assert (seen.size, seen.verdict) == (len(b'{"data": [{"id": 1, "more": "x"}]}'), "")


async def test_what_cannot_be_projected_was_seen_before_it_was_refused() -> None:
    caller = Caller("request: {get: /things}\nanswer: {items: dta}", in_turn(gives(THINGS)))

    with pytest.raises(UnexpectedResponse):
        await caller.call()

    assert caller.seen[0].body == THINGS


async def test_every_page_and_every_try_is_seen() -> None:
    paged = LIST + "pages: {style: next_url, body: next, max_size: 1}\n"
    first = {**THINGS, "next": "https://api.notes.example/v1/things?page=2"}
    caller = Caller(paged, in_turn(gives({}, 503, {"retry-after": "0"}), gives(first), gives(THINGS)))

    await caller.call()

    assert [(seen.status, seen.url.partition("?")[2]) for seen in caller.seen] == [
        (503, "size=1"),
        (200, "size=1"),
        (200, "page=2"),
    ]


@pytest.mark.parametrize(
    ("body", "status", "verdict"),
    [
        ({"ok": True, "error": "gone"}, 200, "the action's errors[0] (provider_not_found)"),
        ({"ok": False}, 200, "the file's errors[0] (provider_forbidden)"),
        ({"ok": True}, 409, "the status 409 (provider_conflict)"),
        (b"", 500, "the status 500 (provider_unavailable)"),
    ],
)
async def test_the_rule_that_makes_an_error_is_named(body: Any, status: int, verdict: str) -> None:
    caller = Caller("request: {post: /things}\neffect: write\n" + RULES, in_turn(gives(body, status)), FILE_RULE)

    with pytest.raises(ConnectoryError):
        await caller.call()

    assert [seen.verdict for seen in caller.seen] == [verdict]


async def test_graphqls_own_errors_are_named() -> None:
    caller = Caller("request: {post: /q, graphql: '{ me }'}\n", in_turn(gives({"errors": [{"message": "no"}]})))

    with pytest.raises(ConnectoryError):
        await caller.call()

    assert caller.seen[0].verdict == "`errors` of GraphQL (provider_rejected)"


async def test_no_credential_is_seen_wherever_the_provider_repeats_it() -> None:
    body = {"you_sent": f"Bearer {KEY}", KEY: 1}
    headers = {"x-echo": KEY, "set-cookie": "session=abc"}
    caller = Caller("request: {get: /things}", in_turn(gives(body, 200, headers)))

    await caller.call()

    assert KEY not in repr(caller.seen)
    assert "set-cookie" not in caller.seen[0].headers


async def test_a_key_in_the_address_is_not_seen_however_short() -> None:
    top = 'auth: {token: {method: api_key, query: {key: "{credential.token}"}}}'
    caller = Caller("request: {get: /things}", in_turn(gives({})), top)

    await caller.call()

    assert caller.sent[0].url.query == f"key={KEY}".encode()
    assert caller.seen[0].url.endswith("?key=***")


async def test_a_text_that_is_no_error_is_judged_by_no_condition_over_the_body() -> None:
    caller = Caller("request: {get: /things}\nanswer: {as: text}", in_turn(gives(b"words")), FILE_RULE)

    assert (await caller.call()).value == "words"
    assert (caller.seen[0].body, caller.seen[0].verdict) == ("words", "")


async def test_a_file_is_told_by_its_size_alone() -> None:
    caller = Caller("request: {get: /things}\nanswer: {as: file}", in_turn(gives(b"\x00\xff" * 10)))

    await caller.call()

    assert (caller.seen[0].body, caller.seen[0].size) == (None, 20)


async def test_a_file_inside_json_is_judged_and_seen_as_json() -> None:
    answer = "answer: {as: file, content: {data: data}}"
    caller = Caller(f"request: {{get: /things}}\n{answer}", in_turn(gives({"ok": False, "data": ""})), FILE_RULE)

    with pytest.raises(ConnectoryError):
        await caller.call()

    assert caller.seen[0].body == {"ok": False, "data": ""}
    assert caller.seen[0].verdict == "the file's errors[0] (provider_forbidden)"


class Noticing(Redactor):
    """Knows in which threads it has cleaned what a watcher sees."""

    threads: frozenset[int] = frozenset()

    def clean_message(self, value: Any) -> Any:
        self.threads |= {threading.get_ident()}
        return super().clean_message(value)


@pytest.mark.parametrize(("values", "is_beside"), [(3, False), (3_000, True)])
async def test_an_answer_of_many_values_is_prepared_for_its_watcher_beside_the_loop(
    values: int, is_beside: bool
) -> None:
    caller = Caller("request: {get: /things}", in_turn(gives(list(range(values)))))
    here, watched = threading.get_ident(), []

    def watch(seen: Seen) -> None:
        watched.append((seen.body, threading.get_ident()))

    client = OutboundClient(mounts={ORIGIN: caller.provider})
    exchange = Exchange(client, caller.target, may_repeat=False, watch=watch)
    redactor = Noticing(caller.connector, "token", Values({}, {}, caller.target.credentials.secrets()))
    request = PreparedRequest("GET", f"{ORIGIN}/v1/things", {}, None, f"{ORIGIN}/v1")
    await exchange.ask(request, Reading(Rules(caller.connector), redactor, Answer()))

    assert watched == [(list(range(values)), here)]
    assert (here not in redactor.threads) is is_beside
