"""26. A session's id lends nothing to a token that did not open it: it is answered as an unknown one is."""

from __future__ import annotations

import asyncio
import secrets
import uuid

import httpx2
import pytest
from tests.attacks.sessions import House, make_house, message, two_users

from connectory.testing.application import make_principal

LIST = message("tools/list")
BODIES = {"POST": LIST, "GET": None, "DELETE": None}


async def tokens_of(house: House, whose: str) -> tuple[str, str]:
    """The owner's token, and one of somebody who must not use the owner's sessions."""
    if whose == "another user":
        return await two_users(house)
    owner = await make_principal(house.application)
    other = (
        owner if whose == "another token of the same user" else await make_principal(house.application, "beta", "eve")
    )
    return await house.token_of(owner), await house.token_of(other)


def without_date(answer: httpx2.Response) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.content, {name: text for name, text in answer.headers.items() if name != "date"}


@pytest.mark.parametrize("whose", ["another user", "another token of the same user", "another workspace"])
async def test_attack_26_a_foreign_session_is_like_none(whose: str) -> None:
    async with make_house() as house:
        owner, thief = await tokens_of(house, whose)
        session = await house.open_session(owner)
        for path in ("/mcp", "/sse"):
            for method, body in BODIES.items():
                foreign = await house.send(method, thief, session, body, path)
                unknown = await house.send(method, thief, secrets.token_hex(16), body, path)
                assert foreign.status_code == 404
                assert without_date(foreign) == without_date(unknown)
        mine = await house.send("POST", owner, session, LIST)
        assert "list_connectors" in mine.text  # nor was it ended
        ended = await house.send("DELETE", owner, session)
        assert ended.status_code == 200
        assert (await house.send("POST", owner, session, LIST)).status_code == 404


@pytest.mark.parametrize("whose", ["another user", "another token of the same user", "another workspace"])
async def test_attack_26_a_message_to_a_foreign_sse_connection_is_like_one_to_none(whose: str) -> None:
    async with make_house() as house:
        owner, thief = await tokens_of(house, whose)
        async with asyncio.timeout(10), house.sse(owner) as stream:
            foreign = await stream.post(LIST, thief)
            unknown = await house.client.post(
                f"/sse/messages?session_id={uuid.uuid4().hex}", json=LIST, headers={"Authorization": f"Bearer {thief}"}
            )
            assert foreign.status_code == 404
            assert without_date(foreign) == without_date(unknown)
            bare = await house.client.post(stream.address, json=LIST)
            assert bare.status_code == 401
            assert (await stream.post(message("tools/list", 7))).status_code == 202
            assert (await stream.answer())["id"] == 7  # the thief's never got in


async def test_attack_26_a_stream_of_a_session_is_its_owner_s_too() -> None:
    async with make_house() as house:
        owner, thief = await two_users(house)
        session = await house.open_session(owner)
        headers = {"Accept": "text/event-stream", "Mcp-Session-Id": session}
        async with house.client.stream(
            "GET", "/mcp", headers={**headers, "Authorization": f"Bearer {owner}"}
        ) as stream:
            assert stream.status_code == 200
            taken = await house.client.get("/mcp", headers={**headers, "Authorization": f"Bearer {thief}"})
            assert taken.status_code == 404


async def test_attack_26_without_sessions_an_id_opens_and_ends_nothing() -> None:
    async with make_house(CONNECTORY_HTTP_SESSIONS="stateless") as house:
        owner, _ = await two_users(house)
        for method in ("GET", "DELETE"):
            answer = await house.send(method, owner, secrets.token_hex(16))
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
        assert "list_connectors" in (await house.send("POST", owner, secrets.token_hex(16), LIST)).text
