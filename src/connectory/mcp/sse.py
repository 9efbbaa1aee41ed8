"""The old SSE transport: `GET` opens a stream, whose first event says where messages are posted to.

Clients that take a bare `url` for SSE (AnythingLLM) still need it. The SDK binds each connection to issuer, subject and
client of the token that opened it: anybody else's message is answered as if there were no such connection (attack 26).
"""

from __future__ import annotations

from typing import Any

from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.sse import SseServerTransport
from starlette.types import Receive, Scope, Send

from connectory.mcp.reopened import ReopenedReads, ReopenedWrites

MESSAGES_PATH = "/sse/messages"


class SseFace:
    """Both ends of the transport, for whoever routes and lets in."""

    def __init__(self, server: Server[Any]) -> None:
        self._server = server
        self._transport = SseServerTransport(MESSAGES_PATH)  # the guard of the whole application checks Host and Origin
        self.take_message = self._transport.handle_post_message

    async def open_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it leaves, or until `receive` says that it has."""
        options = self._server.create_initialization_options(NotificationOptions(tools_changed=True))
        async with self._transport.connect_sse(scope, receive, send) as (read, write):
            reads = ReopenedReads(read, scope["query_string"])
            await self._server.run(reads, ReopenedWrites(write, reads.handshake_id), options)
