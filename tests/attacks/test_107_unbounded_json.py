"""Attack 107: an answer or a list without end stops at the cap, in a call through the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from connectory.errors import ConnectoryError, ResponseTooLarge
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.provider import FakeProvider, answers

MEGABYTE = b"x" * 1_000_000
CAP = 10  # megabytes: CONNECTORY_MAX_RESPONSE_BYTES as it is by default


class Endless(httpx2.AsyncByteStream):
    """A JSON text that says 500 MB before it ends."""

    def __init__(self, start: bytes) -> None:
        self.start, self.given = start, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.start
        for self.given in range(1, 501):
            yield MEGABYTE


@pytest.mark.parametrize("start", [b'["', b'{"message": "'])
@pytest.mark.parametrize("status", [200, 422])
async def test_attack_107_a_text_of_500_mb_stops_at_the_cap(start: bytes, status: int) -> None:
    body = Endless(start)
    provider = FakeProvider(
        lambda _: httpx2.Response(status, stream=body, headers={"content-type": "application/json"})
    )
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)

        with pytest.raises(ResponseTooLarge):
            await application.gateway.call_action(principal, "notes_list_notes", {"book": "b"})

    assert body.given <= CAP + 1
    assert len(provider.requests) == 1


async def test_attack_107_a_list_that_leads_to_itself_ends() -> None:
    again = {"link": '<https://api.notes.example/v1/books/b/notes?page=2>; rel="next"'}
    provider = FakeProvider(answers(200, [{"id": 1}], again))
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)

        result = await application.gateway.call_action(principal, "notes_list_notes", {"book": "b", "limit": 200})

    assert len(provider.requests) == 2
    assert "names a page again" in result.text
    assert result.next_cursor is None


async def test_attack_107_a_million_keys_are_cut_to_the_budget() -> None:
    many = "{" + ",".join(f'"{number}":0' for number in range(600_000)) + "}"
    provider = FakeProvider(
        lambda _: httpx2.Response(200, content=many.encode(), headers={"content-type": "application/json"})
    )
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)

        result = await application.gateway.call_action(principal, "notes_create_note", {"book": "b", "title": "t"})

        assert len(result.text) < 40_000
        with pytest.raises(ConnectoryError):
            await application.gateway.call_action(principal, "notes_list_notes", {"book": "b"})
