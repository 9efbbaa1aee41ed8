"""110. Growth: one user's sessions and streams are bounded, and take none from anybody else."""

from __future__ import annotations

from contextlib import AsyncExitStack

from tests.attacks.sessions import INITIALIZE, make_house, message, two_users

from connectory.mcp.http import MOST_SESSIONS_OF_ONE
from connectory.mcp.streams import MOST_OF_ONE


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
