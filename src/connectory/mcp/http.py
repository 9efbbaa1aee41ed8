"""MCP over HTTP at `/mcp` and `/sse`: streamable HTTP and the old SSE transport, each at both addresses.

Clients pair addresses and transports wrongly, and a wrong pair that is answered 200 would hang (clients.md). So by
method alone: a POST is streamable HTTP, a GET opens the stream of the SSE transport, wherever they come. A client of
streamable HTTP that opens a stream beside its calls ignores the event by which SSE begins.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthorizationContext, RequireAuthMiddleware
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.authentication import AuthenticationBackend
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectory.mcp.caller import principal_of_scope
from connectory.mcp.malformed import in_plain_words
from connectory.mcp.sse import MESSAGES_PATH, SseFace
from connectory.mcp.streams import SESSION_HEADER, OpenStreams

MOST_SESSIONS = 2_000
MOST_SESSIONS_OF_ONE = 100  # of one user: who opens more must let old ones end
SESSION_IDLE_S = 30 * 60.0
NO_TOKEN = "No API token was sent, or it is unknown, expired or revoked: `connectory token create NAME` makes one."


class HttpEndpoint:
    """The routes. Enter `running()` for as long as the application serves.

    The guard of the whole web application checks Host and Origin; the SDK's own check, which needs fixed lists,
    is therefore off.
    """

    def __init__(
        self, server: Server[Any], backend: AuthenticationBackend, streams: OpenStreams, *, is_stateless: bool = True
    ) -> None:
        self._streams, self._is_stateless = streams, is_stateless
        self._manager = _BoundedSessions(
            app=server,
            stateless=is_stateless,
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            max_sessions=MOST_SESSIONS,
            session_idle_timeout=SESSION_IDLE_S,
        )
        self._sse = SseFace(server)
        middleware = [Middleware(AuthenticationMiddleware, backend=backend)]
        self.routes = [
            Route(path, AuthContextMiddleware(_RequireToken(app, [])), middleware=middleware)
            for path, app in (("/mcp", self._serve), ("/sse", self._serve), (MESSAGES_PATH, self._sse.take_message))
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Accept requests until the block ends."""
        async with self._manager.run():
            try:
                yield
            finally:
                await self._manager.end_sessions()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        version = headers.get("mcp-protocol-version")
        is_modern = version is not None and version not in HANDSHAKE_PROTOCOL_VERSIONS
        of_session = SESSION_HEADER in headers
        if scope["method"] == "POST" or is_modern:
            await self._manager.handle_request(scope, receive, in_plain_words(scope, receive, send))
        elif of_session and self._is_stateless:  # a session of another time or place; none can be had here
            await self._refuse(405, "There are no sessions here.", scope, receive, send)
        elif scope["method"] == "GET":
            await self._stream(self._manager.handle_request if of_session else self._open_sse, scope, receive, send)
        elif scope["method"] == "DELETE" and of_session:
            await self._manager.handle_request(scope, receive, send)
        else:
            await self._refuse(405, "MCP takes POST, and GET for a stream.", scope, receive, send)

    async def _stream(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await self._streams.serve(app, principal_of_scope(scope), scope, receive, send)

    async def _open_sse(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = Headers(scope=scope).get("accept", "*/*")
        if "text/event-stream" not in accepted and "*/*" not in accepted:
            await self._refuse(406, "A GET opens an event stream: accept text/event-stream.", scope, receive, send)
            return
        await self._sse.open_stream(scope, receive, send)

    async def _refuse(self, status: int, message: str, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = "GET, POST" if self._is_stateless else "GET, POST, DELETE"
        error = {"code": f"http_{status}", "message": message, "hint": f"Allowed are {allowed}."}
        await JSONResponse({"error": error}, status, {"Allow": allowed})(scope, receive, send)


class _RequireToken(RequireAuthMiddleware):
    """Says what to do: clients hand these words to the person, or to the model."""

    async def _send_auth_error(self, send: Send, status_code: int, error: str, description: str) -> None:
        words = NO_TOKEN if status_code == 401 else description
        await super()._send_auth_error(send, status_code, error, words)


class _BoundedSessions(StreamableHTTPSessionManager):
    """Holds one user's sessions within limits, so that none is left without because of another (attack 110).

    The SDK bounds them all together, and ends those that nobody uses.
    """

    async def end_sessions(self) -> None:
        """Close every session. A call under way would otherwise wait a second for an answer that nobody can send."""
        for transport in list(self._server_instances.values()):
            await transport.terminate()

    def _admit_session(self, requestor: AuthorizationContext | None) -> StreamableHTTPServerTransport | None:
        subject = requestor["subject"] if requestor else None
        if sum(owner["subject"] == subject for owner in self._session_owners.values()) >= MOST_SESSIONS_OF_ONE:
            return None
        return super()._admit_session(requestor)
