"""Whatever a provider answers, a call gives an outcome or an error of ours, for every kind of answer and of pages."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.actions.calling import Caller

from connectory.errors import ConnectoryError

RULES = (
    "errors: [{when: {body: 'a || errors[?code > `1`]'}, code: rate_limited, message: \"join(',', b)\", "
    "retry: {body: a, as: unix_seconds}}, {when: {headers: {x-next: '1'}}, code: provider_conflict}]\n"
)
GET = "request: {get: /things, query: {per: '{limit}', at: '{cursor}'}, headers: {X-At: '{cursor}'}}\n"
POST = "request: {post: /things, body: {per: '{limit}', at: '{cursor}'}}\n"
GRAPHQL = "request: {post: /g, graphql: 'query($at: String) { x(at: $at) }', variables: {at: '{cursor}'}}\n"
LIST = (
    "answer: {items: items || @, item: '{x: a.b, y: from_base64(a), z: from_mime_message(b), "
    "t: from_unix_seconds(c)}'}\n"
)
DEEP = (
    "answer: {items: items || @, expand: {request: {get: '/t/{each.a}', query: {b: '{each.b}'}, "
    "headers: {X: '{each.c}'}}, when: 'a > `0` || b', items: items || @, item: 'keys(@)', into: sub, depth: 2}}\n"
)
PAGES = (
    "link_header", "{style: link_header, when: \"results == 'true'\"}", "{style: next_url_header, header: X-Next}",
    "{style: next_url, body: a}", "{style: cursor, body: a.b || a}", "{style: cursor, body: a, more: 'length(b)'}",
    "page", "{style: page, more: b}", "{style: page, next_header: X-Next}", "{style: page, total_header: X-Next}",
    "offset", "{style: offset, total: 'sum(a)'}", "{style: offset, more: 'a > b'}",
    "{style: last_id, id: a, more: b}",
)  # fmt: skip
ACTIONS = (
    *(f"{how}{answer}pages: {pages}\n" for how in (GET, POST) for answer in (LIST, DEEP) for pages in PAGES),
    *(f"{GRAPHQL}{LIST}pages: {pages}\n" for pages in PAGES),
    *(f"request: {{get: '/x/{{id}}'}}\nanswer: {{as: {kind}}}\n" for kind in ("json", "json_lines", "text", "file")),
    "request: {get: /x}\nanswer: {as: json_lines, items: '[]', item: 'sort(a)'}\n",
    "request: {post: /x, body: {a: 1}}\neffect: write\nanswer: {item: 'from_csv(a)'}\n",
)

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("https://api.notes.example/v1/x")
)
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "items", "errors", "data", "code", "message"]), inner)
    ),
    max_leaves=15,
)
BODIES = st.one_of(
    st.binary(max_size=300),
    TREES.map(lambda tree: json.dumps(tree).encode()),
    TREES.map(lambda tree: json.dumps(tree, ensure_ascii=False).encode("utf-16", "surrogatepass")),
    st.sampled_from([90, 110, 5_000, 200_000]).map(lambda depth: b"[" * depth),
    st.integers(0, 300).map(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth),
    st.integers(1, 6000).map(lambda digits: b'{"a": ' + b"9" * digits + b"}"),
)
VALUES = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=60) | st.sampled_from(
    [
        '<https://api.notes.example/v1/x?p=2>; rel="next"',
        '<>; rel="next"; results="true"',
        "</v1/x>;rel=next,,;",
        "7",
        "1",
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(["link", "x-next", "content-type", "content-disposition", "retry-after", "location"]), VALUES
)
ANSWERS = st.tuples(st.sampled_from([200, 200, 200, 201, 204, 206, 304, 400, 401, 404, 429, 500, 503]), BODIES, HEADERS)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(action=st.sampled_from(ACTIONS), answers=st.lists(ANSWERS, min_size=1, max_size=4), raw=st.booleans())
def test_any_answer_is_shaped_or_refused(
    action: str, answers: list[tuple[int, bytes, dict[str, str]]], raw: bool
) -> None:
    turns = list(answers)

    def answer(_: httpx2.Request) -> httpx2.Response:
        status, body, headers = turns.pop(0) if len(turns) > 1 else turns[0]
        latin = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return httpx2.Response(status, content=body, headers=latin)

    caller = Caller(action + RULES, answer)
    with suppress(ConnectoryError):
        outcome = asyncio.run(caller.call(limit=5, raw=raw, id="1"))
        assert json.dumps([outcome.value, outcome.note, outcome.next_page], ensure_ascii=False).encode()


@settings(max_examples=60, deadline=None)
@given(status=st.sampled_from([200, 204, 401, 500]), body=BODIES, headers=HEADERS)
def test_any_answer_verifies_a_sign_in_or_refuses_it(status: int, body: bytes, headers: dict[str, str]) -> None:
    top = (
        "verify: {request: {get: /who}, account: {id: a, name: \"join('-', b)\"}, scopes: {body: c},"
        " facts: {base: 'items[0].a'}}"
    )
    latin = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    caller = Caller("request: {get: /x}", lambda _: httpx2.Response(status, content=body, headers=latin), top)
    with suppress(ConnectoryError):
        told = asyncio.run(caller.verify())
        assert told.account_id
        assert all(isinstance(value, str) for value in told.facts.values())


@pytest.mark.parametrize("action", [action for action in ACTIONS if "pages" in action])
def test_the_actions_of_this_page_are_such_as_a_manifest_can_have(action: str) -> None:
    assert Caller(action, lambda _: httpx2.Response(200)).connector.actions["things"].manifest.pages
