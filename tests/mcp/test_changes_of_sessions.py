"""A session of streamable HTTP is told of a change once it has a stream, whenever the change was (legacy era)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.attacks.sessions import BOTH, House, make_house, message
from tests.e2e.listening import TOOLS_CHANGED

from connectory.testing.application import connect, make_principal

SOON_S = 10.0
SILENCE_S = 2.5  # two looks


@dataclass
class Heard:
    """The changes that a session's stream told."""

    news: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def one(self, within_s: float) -> bool:
        """Whether one more is told in time."""
        try:
            await asyncio.wait_for(self.news.get(), within_s)
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def stream_of(house: House, token: str, session: str) -> AsyncIterator[Heard]:
    """The session's own stream, open for the block."""
    heard = Heard()
    headers = {"Authorization": f"Bearer {token}", "Accept": BOTH, "Mcp-Session-Id": session}
    async with house.client.stream("GET", "/mcp", headers=headers, timeout=60) as answer:
        assert answer.status_code == 200

        async def hear() -> None:
            async for line in answer.aiter_lines():
                if TOOLS_CHANGED in line:
                    heard.news.put_nowait(line)

        task = asyncio.create_task(hear())
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_a_change_without_an_open_stream_is_told_once_there_is_one_and_once_alone() -> None:
    async with make_house() as house:
        principal = await make_principal(house.application)
        token = await house.token_of(principal)
        session = await house.open_session(token)
        await house.send("POST", token, session, message("tools/list", 2))
        await connect(house.application, principal)
        await asyncio.sleep(SILENCE_S)

        async with stream_of(house, token, session) as heard:
            assert await heard.one(SOON_S)
            assert not await heard.one(SILENCE_S)
            await connect(house.application, principal, alias="same-actions")
            assert not await heard.one(SILENCE_S)


async def test_what_was_shown_meanwhile_is_not_told_again() -> None:
    async with make_house() as house:
        principal = await make_principal(house.application)
        token = await house.token_of(principal)
        session = await house.open_session(token)
        await house.send("POST", token, session, message("tools/list", 2))
        made = await connect(house.application, principal)
        await house.send("POST", token, session, message("tools/list", 3))

        async with stream_of(house, token, session) as heard:
            assert not await heard.one(SILENCE_S)
            await house.application.auth.disconnect(principal, made.id)
            assert await heard.one(SOON_S)
