"""Attack 107 where an agent stands: answers and lists without end, in each style of paging, by real tool calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider

MEGABYTE = 1_000_000
CAP = 10  # megabytes: CONNECTORY_MAX_RESPONSE_BYTES as it is by default


class Endless(httpx2.AsyncByteStream):
    """Two gigabytes, and how many megabytes of them were taken."""

    def __init__(self, start: bytes, piece: bytes) -> None:
        self.start, self.piece, self.given = start, piece * (MEGABYTE // len(piece)), 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.start
        for self.given in range(1, 2_001):
            yield self.piece


ENDLESS = {
    "an array": (b"[1", b",1"), "objects": (b"[{}", b",{}"), "a text": (b'["', b"x"), "white space": (b"[", b" "),
    "one number": (b"[1", b"1"), "deep": (b"[", b"["), "keys": (b'{"a":0', b',"k":0'),
}  # fmt: skip


@BOTH_ERAS
@pytest.mark.parametrize("name", ENDLESS)
async def test_attack_107_two_gigabytes_stop_at_the_cap(era: Era, name: str) -> None:
    body = Endless(*ENDLESS[name])
    provider = FakeProvider(lambda _: httpx2.Response(200, stream=body, headers={"content-type": "application/json"}))
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, era) as client:
            text, failed = await call(client, "notes_list_notes", book="b")

    assert failed
    assert text.startswith("response_too_large: ")
    assert body.given <= CAP + 1


SAME = "pages: {style: cursor, body: next, max_size: 1}"
STYLES: dict[str, tuple[str, Callable[[int], object], str]] = {
    "the same cursor": (SAME, lambda _: {"rows": [{"id": 1}], "next": "again"}, "names a page again"),
    "ever new cursors of empty pages": (SAME, lambda number: {"rows": [], "next": f"c{number}"}, ""),
    "ever new cursors": (SAME, lambda number: {"rows": [{"id": number}], "next": f"c{number}"}, ""),
    "the same last id": (
        "pages: {style: last_id, more: more, max_size: 1}",
        lambda _: {"rows": [{"id": 1}], "more": True},
        "names a page again",
    ),
    "the same address": (
        "pages: {style: next_url, body: next, max_size: 1}",
        lambda _: {"rows": [{"id": 1}], "next": "/v1/books/b/notes?page=2"},
        "names a page again",
    ),
}


@BOTH_ERAS
@pytest.mark.parametrize("name", STYLES)
async def test_attack_107_a_list_without_end_ends(era: Era, name: str) -> None:
    pages, answer, note = STYLES[name]
    asked: list[httpx2.Request] = []

    def give(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        body = json.dumps(answer(len(asked)))
        return httpx2.Response(200, text=body, headers={"content-type": "application/json"})

    yaml = NOTES_YAML.replace("pages: {style: link_header, max_size: 100}", pages).replace('items: "@"', "items: rows")
    if "url" not in pages:
        yaml = yaml.replace('per_page: "{limit}"', 'per_page: "{limit}", at: "{cursor}"')
    async with make_application(FakeProvider(give), catalog=make_catalog(make_connector(yaml))) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, era) as client:
            text, failed = await call(client, "notes_list_notes", book="b", limit=200)

    assert not failed, text
    assert note in text
    assert len(asked) <= 200
