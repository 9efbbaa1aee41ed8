"""Values that no agent gives: a provider's (items, cursors, facts, addresses of pages) and a person's on the form.

Each goes into a further request. It stays in its place there as an agent's does, or nothing further is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from tests.attacks.wire import TOP, pairs_of, says, scene, shape
from tests.mcp.test_tools import Era
from tests.net.provider import Received

HARMLESS = "plain"
Read = Callable[[Received], str]
PATH: Read = lambda received: unquote(received.target.partition("?")[0].split("/")[3], errors="strict")  # noqa: E731
QUERY: Read = lambda received: pairs_of(received.target.partition("?")[2])[0][1]  # noqa: E731
HEADER: Read = lambda received: received.headers["x-given"]  # noqa: E731
BODY: Read = lambda received: str(json.loads(received.body)["a"])  # noqa: E731
FORM: Read = lambda received: pairs_of(received.body.decode("ascii"))[0][1]  # noqa: E731

CURSOR = "pages: {style: cursor, body: next, max_size: 50}\nanswer: {items: items}"
LAST_ID = "pages: {style: last_id, more: more, max_size: 50}\nanswer: {items: items}"
EXPAND = "request: {get: /things}\nanswer: {items: items, expand: {request: REQUEST}}"
FACTS_TOP = TOP.replace("account: {id: id, name: name}}", "account: {id: id, name: name}, facts: {team: team}}")
TYPED_TOP = TOP.replace("fields: {", "fields: {team: {title: Team}, ")


@dataclass(frozen=True)
class Giver:
    """An action, its provider's answers with a value in them, and who reads the request that the value goes into."""

    action: str
    read: Read
    answer: Callable[[str], Any] = lambda _: {}
    top: str = TOP
    account: Callable[[str], Mapping[str, Any]] = lambda _: {}
    typed: Callable[[str], Mapping[str, str]] = lambda _: {}
    index: int = 1  # of the request among those of the call
    arguments: Mapping[str, Any] = field(default_factory=lambda: {"limit": 150})

    @property
    def is_of_connection(self) -> bool:
        """Whether the value is a fact, which is given when the connection is made."""
        return self.index == 0


def _next(value: str) -> Any:
    return {"items": [{"id": 1}], "next": value}


def _last(value: str) -> Any:
    return {"items": [{"id": value}], "more": True}


def _item(value: str) -> Any:
    return {"items": [{"id": value}]}


def _each(request: str, read: Read) -> Giver:
    return Giver(EXPAND.replace("REQUEST", request), read, _item, arguments={})


def _of_connection(request: str, read: Read, *, is_typed: bool) -> Giver:
    way: dict[str, Any] = {"typed": lambda value: {"team": value}} if is_typed else {}
    way = way or {"account": lambda value: {"team": value}}
    return Giver(f"request: {request}", read, top=TYPED_TOP if is_typed else FACTS_TOP, index=0, arguments={}, **way)


_CONNECTION = {
    "path": ('{get: "/things/{connection.team}/end"}', PATH),
    "query": ('{get: /things, query: {s: "{connection.team}"}}', QUERY),
    "header": ('{get: /things, headers: {X-Given: "{connection.team}"}}', HEADER),
    "body": ('{post: /things, body: {a: "{connection.team}"}}', BODY),
}
GIVERS: Mapping[str, Giver] = {
    "cursor_query": Giver(f'request: {{get: /things, query: {{s: "{{cursor}}"}}}}\n{CURSOR}', QUERY, _next),
    "cursor_header": Giver(f'request: {{get: /things, headers: {{X-Given: "{{cursor}}"}}}}\n{CURSOR}', HEADER, _next),
    "cursor_body": Giver(
        f'effect: read\nrequest: {{post: /things, body: {{a: "{{cursor}}", n: 1}}}}\n{CURSOR}', BODY, _next
    ),
    "cursor_form": Giver(
        f'effect: read\nrequest: {{post: /things, encoding: form, body: {{a: "{{cursor}}", n: 1}}}}\n{CURSOR}',
        FORM,
        _next,
    ),
    "last_id": Giver(f'request: {{get: /things, query: {{s: "{{cursor}}"}}}}\n{LAST_ID}', QUERY, _last),
    "each_path": _each('{get: "/things/{each.id}/end"}', PATH),
    "each_query": _each('{get: /things, query: {s: "{each.id}"}}', QUERY),
    "each_header": _each('{get: /things, headers: {X-Given: "{each.id}"}}', HEADER),
    "each_body": _each('{post: /things, body: {a: "{each.id}"}}', BODY),
    "each_variable": _each(
        '{post: /g, graphql: "query($a: ID) { x(a: $a) { y } }", variables: {a: "{each.id}"}}',
        lambda received: str(json.loads(received.body)["variables"]["a"]),
    ),
    **{f"typed_{name}": _of_connection(*how, is_typed=True) for name, how in _CONNECTION.items()},
    **{f"told_{name}": _of_connection(*how, is_typed=False) for name, how in _CONNECTION.items()},
}
PLACES = pytest.mark.parametrize("giver", GIVERS)


async def assert_all_stay(era: Era, name: str, values: Sequence[str]) -> bool:
    """Let the giver give each value: it stays in its place, or the request it belongs in is not sent.

    Returns whether one was sent at least.
    """
    giver, now = GIVERS[name], Now(HARMLESS)

    def answer(received: Received) -> bytes:
        now.answered += 1
        return says(giver.answer(now.value) if now.answered == 1 else {"items": []})

    taken = False
    async with scene(era, {"thing": giver.action}, answer, top=giver.top, values=giver.typed(HARMLESS)) as at:
        at.account = lambda: giver.account(now.value)
        usual = None
        for number, value in enumerate((HARMLESS, *values)):
            now.value, now.answered = value, 0
            alias = f"v{number}" if giver.is_of_connection else "default"
            if value == "" and giver.is_of_connection:  # then there is no such fact
                continue
            if giver.is_of_connection and not await at.connect(alias, giver.typed(value)):
                continue
            received, text, _ = await at.call("places_thing", {**giver.arguments, "connection": alias})
            assert "internal" not in text
            if len(received) <= giver.index:
                continue
            sent = received[giver.index]
            usual = usual or shape(sent)
            assert (number, shape(sent)) == (number, usual), (name, value)
            assert giver.read(sent) == _kept(name, value), (name, value)
            taken = taken or number > 0
        assert usual is not None
    return taken


@dataclass
class Now:
    """What is given at the moment."""

    value: str
    answered: int = 0  # requests of the call that were


def _kept(name: str, value: str) -> str:
    """White space at the ends is none of a header's value, nor of what is typed."""
    return value.strip() if name.endswith("header") else value.strip(" ") if name.startswith("typed") else value
