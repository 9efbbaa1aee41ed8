"""110. Growth: one user's sessions and streams are bounded, and take none from anybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.attacks.sessions import BOTH, INITIALIZE, House, make_house, message, two_users

from connectory.mcp.http import MOST_SESSIONS_OF_ONE
from connectory.mcp.streams import MOST_OF_ONE, MOST_STREAMS
from connectory.web.server import MOST_CONNECTIONS

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": INITIALIZE["clientInfo"],
    "io.modelcontextprotocol/clientCapabilities": {},
}


@asynccontextmanager
async def listening(house: House, token: str) -> AsyncIterator[bool]:
    """Whether a subscription of the modern era was acknowledged; if so, it is open for the block."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": BOTH,
        "MCP-Protocol-Version": MODERN,
        "MCP-Method": "subscriptions/listen",
    }
    body = message("subscriptions/listen", _meta=META, notifications={"toolsListChanged": True})
    async with house.client.stream("POST", "/mcp", headers=headers, json=body) as answer:
        lines = answer.aiter_lines()  # kept, for the end of it would be the end of the stream
        first = await anext(line async for line in lines if line.startswith(("data:", "{")))
        yield "notifications/subscriptions/acknowledged" in first


async def test_attack_110_one_user_s_sessions_are_bounded_and_take_none_from_others() -> None:
    async with make_house() as house:
        greedy, other = await two_users(house)
        sessions = [await house.open_session(greedy) for _ in range(MOST_SESSIONS_OF_ONE)]
        refused = await house.send("POST", greedy, None, message("initialize", **INITIALIZE))
        assert refused.status_code == 503
        assert "Too many open sessions" in refused.text
        assert await house.open_session(other)
        assert (await house.send("DELETE", greedy, sessions[0])).status_code == 200
        assert await house.open_session(greedy)


async def test_attack_110_requests_that_open_no_session_leave_none_behind() -> None:
    async with make_house() as house:
        greedy, _ = await two_users(house)
        for _ in range(MOST_SESSIONS_OF_ONE + 5):
            assert (await house.send("POST", greedy, None, message("tools/list"))).status_code == 400
        assert await house.open_session(greedy)


async def test_attack_110_one_user_s_streams_are_bounded_and_take_none_from_others() -> None:
    async with make_house() as house, AsyncExitStack() as stack:
        greedy, other = await two_users(house)
        for _ in range(MOST_OF_ONE):
            await stack.enter_async_context(house.sse(greedy))
        refused = await house.client.get("/sse", headers={"Authorization": f"Bearer {greedy}", "Accept": "*/*"})
        assert refused.status_code == 503
        async with house.sse(other):
            pass


async def test_attack_110_subscriptions_and_streams_have_one_limit_and_take_none_from_others() -> None:
    async with make_house() as house, AsyncExitStack() as stack:
        greedy, other = await two_users(house)
        for _ in range(MOST_OF_ONE // 2):
            await stack.enter_async_context(house.sse(greedy))
        for _ in range(MOST_OF_ONE - MOST_OF_ONE // 2):
            assert await stack.enter_async_context(listening(house, greedy))
        async with listening(house, greedy) as is_heard:
            assert not is_heard
        refused = await house.client.get("/sse", headers={"Authorization": f"Bearer {greedy}", "Accept": "*/*"})
        assert refused.status_code == 503
        async with house.sse(other), listening(house, other) as is_heard:
            assert is_heard


def test_attack_110_all_streams_together_leave_room_for_calls() -> None:
    assert MOST_STREAMS + MOST_OF_ONE < MOST_CONNECTIONS
