"""The old SSE transport: `GET` opens a stream, whose first event says where messages are posted to.

Clients that take a bare `url` for SSE (AnythingLLM) still need it. The SDK binds each connection to issuer, subject and
client of the token that opened it: anybody else's message is answered as if there were no such connection (attack 26).
"""

from __future__ import annotations

from typing import Any

from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.sse import SseServerTransport
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from connectory.mcp.reopened import ReopenedReads, ReopenedWrites

MESSAGES_PATH = "/sse/messages"
GONE = "This connection is over. Connect again; a client that does not do so by itself: reload this server in it."


class SseFace:
    """Both ends of the transport, for whoever routes and lets in."""

    def __init__(self, server: Server[Any]) -> None:
        self._server = server
        self._transport = SseServerTransport(MESSAGES_PATH)  # the guard of the whole application checks Host and Origin

    async def take_message(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one message of a client's. Where its stream is gone, say what to do: some clients never open another."""
        is_gone = False

        async def send_unless_gone(message: Message) -> None:
            nonlocal is_gone
            is_gone = is_gone or (message["type"] == "http.response.start" and message["status"] == 404)
            if not is_gone:
                await send(message)

        await self._transport.handle_post_message(scope, receive, send_unless_gone)
        if is_gone:
            await PlainTextResponse(GONE, status_code=404)(scope, receive, send)

    async def open_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it leaves, or until `receive` says that it has."""
        options = self._server.create_initialization_options(NotificationOptions(tools_changed=True))
        async with self._transport.connect_sse(scope, receive, send) as (read, write):
            reads = ReopenedReads(read, scope["query_string"])
            await self._server.run(reads, ReopenedWrites(write, reads.handshake_id), options)
