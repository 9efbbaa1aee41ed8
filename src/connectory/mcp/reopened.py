"""Heals an SSE connection that was reopened without `initialize`.

A browser's EventSource, and with it the TypeScript SDK, opens a lost stream again by itself. For us that is a new
connection, which takes no request before the handshake; the client believes that it had one, and all its calls fail
until somebody reloads it (AnythingLLM never does by itself). So the handshake is made in its stead.
"""

from __future__ import annotations

import contextvars
import secrets
from collections import deque
from types import TracebackType
from typing import Any, Self

import anyio
import mcp_types as t
from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.requests import Request

INITIALIZED = "notifications/initialized"
Incoming = SessionMessage | Exception


class ReopenedReads:
    """What the client sends, with a handshake before its first request if it sends none.

    Each message carries the query of the stream's address instead of its own: `max_tools` is said there, once.
    """

    def __init__(self, inner: ContextReceiveStream[Incoming], query: bytes) -> None:
        self._inner, self._query = inner, query
        self._waiting: deque[Incoming] = deque()
        self._has_opened = False
        self.handshake_id = f"reopened-{secrets.token_hex(8)}"

    @property
    def last_context(self) -> contextvars.Context | None:
        """The context of whoever sent the message; the SDK runs its handler in it, token included."""
        return self._inner.last_context

    async def receive(self) -> Incoming:
        """Return the next message."""
        if self._waiting:
            return self._waiting.popleft()
        item = self._asked_by_stream(await self._inner.receive())
        if self._has_opened or not isinstance(item, SessionMessage) or not isinstance(item.message, t.JSONRPCRequest):
            return item
        if item.message.method == "ping":  # allowed before the handshake, and says nothing about it
            return item
        self._has_opened = True
        if item.message.method == "initialize" or _is_modern(item.message):
            return item
        initialized = t.JSONRPCNotification(jsonrpc="2.0", method=INITIALIZED)
        self._waiting.extend((SessionMessage(initialized, metadata=item.metadata), item))
        return SessionMessage(_initialize(self.handshake_id, item), metadata=item.metadata)

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._inner.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Incoming:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _asked_by_stream(self, item: Incoming) -> Incoming:
        if isinstance(item, SessionMessage) and isinstance(item.metadata, ServerMessageMetadata):
            request = item.metadata.request_context
            if isinstance(request, Request):
                item.metadata.request_context = Request({**request.scope, "query_string": self._query})
        return item


class ReopenedWrites:
    """What the client is sent: all but the answer to the handshake that it did not ask for."""

    def __init__(self, inner: ContextSendStream[SessionMessage], handshake_id: str) -> None:
        self._inner, self._handshake_id = inner, handshake_id

    async def send(self, item: SessionMessage, /) -> None:
        """Send a message on."""
        message = item.message
        if not isinstance(message, t.JSONRPCResponse | t.JSONRPCError) or message.id != self._handshake_id:
            await self._inner.send(item)

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _is_modern(request: t.JSONRPCRequest) -> bool:
    """Whether the request carries its own envelope, and so needs no handshake."""
    meta = (request.params or {}).get("_meta")
    return isinstance(meta, dict) and t.PROTOCOL_VERSION_META_KEY in meta


def _initialize(handshake_id: str, opening: SessionMessage) -> t.JSONRPCRequest:
    """The handshake of a client of which no more is known than the version that it sends with each message."""
    metadata = opening.metadata
    request = metadata.request_context if isinstance(metadata, ServerMessageMetadata) else None
    named = request.headers.get("mcp-protocol-version", "") if isinstance(request, Request) else ""
    params: dict[str, Any] = {
        "protocolVersion": named if named in HANDSHAKE_PROTOCOL_VERSIONS else t.DEFAULT_NEGOTIATED_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "unknown", "version": "unknown"},
    }
    return t.JSONRPCRequest(jsonrpc="2.0", id=handshake_id, method="initialize", params=params)
