"""An SSE connection that a client opened again without a handshake is as good as the one before (clients.md)."""

from __future__ import annotations

import asyncio

import mcp_types as t
import pytest
from mcp.shared._context_streams import create_context_streams
from mcp.shared.message import SessionMessage
from tests.attacks.face import rpc
from tests.attacks.sessions import INITIALIZE, House, make_house, message

from connectory.mcp.reopened import ReopenedReads
from connectory.testing.application import connect, make_principal

FIXED = 8


async def token_of(house: House) -> str:
    return await house.token_of(await make_principal(house.application))


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18", None])
async def test_the_first_request_is_answered_though_no_handshake_came(version: str | None) -> None:
    headers = {} if version is None else {"MCP-Protocol-Version": version}
    async with make_house() as house, asyncio.timeout(10), house.sse(await token_of(house)) as stream:
        await stream.post(message("tools/list", 5), **headers)
        answer = await stream.answer()
        assert answer["id"] == 5  # the handshake's own answer is not heard
        assert len(answer["result"]["tools"]) == FIXED
        await stream.post(message("tools/call", 6, name="list_connections", arguments={}), **headers)
        called = await stream.answer()
        assert "Nothing is connected" in called["result"]["content"][0]["text"]


async def test_a_connection_that_shakes_hands_itself_is_left_alone() -> None:
    async with make_house() as house, asyncio.timeout(10), house.sse(await token_of(house)) as stream:
        await stream.post(message("ping", 1))
        assert await stream.answer() == {"jsonrpc": "2.0", "id": 1, "result": {}}
        await stream.post(message("initialize", 2, **{**INITIALIZE, "protocolVersion": "2025-03-26"}))
        shaken = await stream.answer()
        assert (shaken["id"], shaken["result"]["protocolVersion"]) == (2, "2025-03-26")
        assert shaken["result"]["capabilities"]["tools"] == {"listChanged": True}
        await stream.post(message("notifications/initialized", None))
        await stream.post(message("tools/list", 3))
        assert (await stream.answer())["id"] == 3


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (["initialize", "tools/list"], ["initialize", "tools/list"]),
        (["ping", "initialize"], ["ping", "initialize"]),
        (["ping", "tools/list"], ["ping", "initialize", "notifications/initialized", "tools/list"]),
        (["tools/list", "tools/list"], ["initialize", "notifications/initialized", "tools/list", "tools/list"]),
    ],
)
async def test_a_handshake_is_put_before_the_first_request_that_needs_one(sent: list[str], got: list[str]) -> None:
    write, read = create_context_streams[SessionMessage | Exception](10)
    reads = ReopenedReads(read, b"")
    for number, method in enumerate(sent):
        await write.send(SessionMessage(t.JSONRPCRequest(jsonrpc="2.0", id=number, method=method)))
    await write.aclose()
    handed = [item.message async for item in reads if isinstance(item, SessionMessage)]
    assert [one.method for one in handed if isinstance(one, t.JSONRPCRequest | t.JSONRPCNotification)] == got
    await reads.aclose()


async def test_a_modern_client_needs_no_handshake_and_gets_none() -> None:
    async with make_house() as house, asyncio.timeout(10), house.sse(await token_of(house)) as stream:
        body, _ = rpc("tools/list")
        await stream.post(body)
        answer = await stream.answer()
        assert answer["result"]["resultType"] == "complete"  # only the modern era says so


async def test_the_number_of_tools_in_the_stream_s_address_holds_for_all_that_is_posted() -> None:
    async with make_house() as house, asyncio.timeout(10):
        principal = await make_principal(house.application)
        await connect(house.application, principal)
        async with house.sse(await house.token_of(principal), "/sse?max_tools=9") as stream:
            await stream.post(message("tools/list", 1))
            assert len((await stream.answer())["result"]["tools"]) == FIXED + 1


async def test_a_message_to_the_connection_before_fails_at_once() -> None:
    async with make_house() as house, asyncio.timeout(10):
        token = await token_of(house)
        async with house.sse(token) as stream:
            old = stream.address
        async with house.sse(token) as stream:
            assert stream.address != old
            stale = await house.client.post(
                old, json=message("tools/list"), headers={"Authorization": f"Bearer {token}"}
            )
            assert stale.status_code == 404
            assert "reload this server" in stale.text
