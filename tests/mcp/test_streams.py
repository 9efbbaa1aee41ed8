"""Open event streams: ended from our side, whole, and bounded for each user."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive, Scope, Send

from connectory.identity.principal import Principal
from connectory.mcp.streams import OpenStreams
from connectory.vault.entities import Role, TokenId, UserId, WorkspaceId

SCOPE: Scope = {"type": "http", "method": "GET", "path": "/sse", "headers": []}


def principal(user: str = "us_1", token: str = "tk_1") -> Principal:
    return Principal(WorkspaceId("ws_1"), UserId(user), Role.OWNER, TokenId(token))


class Browser:
    """The client's end of one answer: what it was sent, and whether it has left."""

    def __init__(self, streams: OpenStreams, who: Principal) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.task = asyncio.create_task(streams.serve(endless, who, SCOPE, self.receive, self.send))

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def is_whole(self) -> bool:
        return self.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def endless(_: Scope, receive: Receive, send: Send) -> None:
    """An answer that goes on until its client has left, as the SDK's do."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"event: endpoint\n", "more_body": True})
    assert (await receive())["type"] == "http.disconnect"


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_every_stream_ends_whole_when_the_server_does() -> None:
    streams = OpenStreams()
    browsers = [Browser(streams, principal(user)) for user in ("us_1", "us_2")]
    await settle()
    assert not any(browser.task.done() for browser in browsers)

    streams.end_all()
    await settle()

    assert all(browser.task.done() and browser.is_whole for browser in browsers)


async def test_a_revoked_token_ends_its_own_streams_alone() -> None:
    streams = OpenStreams()
    mine = Browser(streams, principal())
    others = [Browser(streams, principal(token="tk_2")), Browser(streams, principal("us_2"))]
    await settle()

    streams.end_of(principal())
    await settle()

    assert mine.task.done()
    assert not any(browser.task.done() for browser in others)
    streams.end_all()


async def test_over_its_limit_one_user_is_refused_at_once_and_nobody_else() -> None:
    streams = OpenStreams(most=10, most_of_one=2)
    first, second = Browser(streams, principal()), Browser(streams, principal(token="tk_2"))
    await settle()
    over, other = Browser(streams, principal()), Browser(streams, principal("us_2"))
    await settle()
    assert (over.status, over.task.done()) == (503, True)
    assert (other.status, other.task.done()) == (200, False)

    first.left.set()
    await settle()
    again = Browser(streams, principal())
    await settle()

    assert again.status == 200
    assert not second.task.done()
    streams.end_all()


async def test_all_streams_together_are_bounded() -> None:
    streams = OpenStreams(most=2)
    browsers = [Browser(streams, principal(f"us_{number}")) for number in range(3)]
    await settle()
    assert [browser.status for browser in browsers] == [200, 200, 503]
    streams.end_all()
