"""Answers that stay open for as long as their client listens: bounded in number, and ended from our side.

uvicorn waits at its end for every open answer, and a client never leaves by itself. An answer is ended by telling its
handler that the client has gone: each transport knows what to do then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectory.identity.principal import Principal

MOST_STREAMS = 400  # of all kinds, below what the web server takes at once: calls must still come in
MOST_OF_ONE = 50  # of one user: each client of theirs has one
SESSION_HEADER = "mcp-session-id"
DISCONNECTED: Message = {"type": "http.disconnect"}


@dataclass(eq=False, slots=True)
class Stream:
    """One open answer; `session`: of which session of streamable HTTP, where it is of one."""

    principal: Principal
    session: str | None = None
    has_begun: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class OpenStreams:
    """The event streams that this process has open."""

    def __init__(self, *, most: int = MOST_STREAMS, most_of_one: int = MOST_OF_ONE) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._open: set[Stream] = set()

    async def serve(self, app: ASGIApp, principal: Principal, scope: Scope, receive: Receive, send: Send) -> None:
        """Let `app` answer with a stream until one of us ends it; over the limits it is 503 at once."""
        stream = self.join(principal, Headers(scope=scope).get(SESSION_HEADER))
        if stream is None:
            error = {
                "code": "too_many_streams",
                "message": "Too many event streams are open here.",
                "hint": "Close clients that are not in use, or use streamable HTTP, which needs none.",
            }
            await JSONResponse({"error": error}, 503)(scope, receive, send)
            return
        answer = _Answer(stream, send)
        try:
            await app(scope, _until(stream.ended, receive), answer.send)
            await answer.complete()
        finally:
            self.leave(stream)

    def join(self, principal: Principal, session: str | None = None) -> Stream | None:
        """Count one more open answer, whatever it is made of; None over the limits. Whoever joins leaves."""
        of_one = sum(person(stream.principal) == person(principal) for stream in self._open)
        if len(self._open) >= self._most or of_one >= self._most_of_one:
            return None
        stream = Stream(principal, session)
        self._open.add(stream)
        return stream

    def leave(self, stream: Stream) -> None:
        """Count it no longer."""
        self._open.discard(stream)

    def sessions(self) -> frozenset[str]:
        """The sessions of streamable HTTP whose clients listen now."""
        return frozenset(one.session for one in self._open if one.session is not None and one.has_begun)

    def end_of(self, principal: Principal) -> None:
        """End the streams of one principal: its token was revoked, or its user has left."""
        meant = person(principal), principal.token_id
        self._end(lambda stream: (person(stream.principal), stream.principal.token_id) == meant)

    def end_all(self) -> None:
        """End every stream; those that open later are nobody's business any more: the server is ending."""
        self._end(lambda _: True)

    def _end(self, is_meant: Callable[[Stream], bool]) -> None:
        for stream in self._open:
            if is_meant(stream):
                stream.ended.set()


class _Answer:
    """Completes what the handler began: an answer cut short would be logged as the handler's failure."""

    def __init__(self, stream: Stream, send: Send) -> None:
        self._stream, self._send = stream, send
        self._is_complete = False

    async def send(self, message: Message) -> None:
        await self._send(message)
        self._stream.has_begun = True
        self._is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)

    async def complete(self) -> None:
        if self._stream.has_begun and not self._is_complete:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _until(ended: asyncio.Event, receive: Receive) -> Receive:
    async def receive_or_end() -> Message:
        if ended.is_set():
            return DISCONNECTED
        receiving, ending = asyncio.ensure_future(receive()), asyncio.create_task(ended.wait())
        try:
            await asyncio.wait({receiving, ending}, return_when=asyncio.FIRST_COMPLETED)
            return DISCONNECTED if ended.is_set() else receiving.result()
        finally:
            receiving.cancel()
            ending.cancel()

    return receive_or_end


def person(principal: Principal) -> tuple[str, str]:
    """A user in a workspace, whatever the token: whom limits are about."""
    return principal.workspace_id, principal.user_id
