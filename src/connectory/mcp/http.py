"""Streamable HTTP at `/mcp`, with bearer tokens, stateless: it survives restarts (design 7.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware, get_access_token
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Route

from connectory.errors import Unauthenticated
from connectory.identity.principal import Principal

Verify = Callable[[str], Awaitable[Principal | None]]


class PrincipalToken(AccessToken):
    """A verified bearer token that knows its principal.

    Issuer, subject and client are all filled: the SDK binds what it keeps between requests to the three (attack 26).
    """

    principal: Principal


class Verifier:
    """The SDK's token verifier over our own tokens; asked at each request, so a revoked token stops at once."""

    def __init__(self, verify: Verify, origin: str) -> None:
        self._verify, self._origin = verify, origin

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return who the token is, or None."""
        principal = await self._verify(token)
        if principal is None:
            return None
        return PrincipalToken(
            token=token,
            client_id=principal.token_id or "",
            scopes=[],
            subject=f"{principal.workspace_id}/{principal.user_id}",
            claims={"iss": self._origin},
            principal=principal,
        )


async def principal_of_request(_: ServerRequestContext[Any]) -> Principal:
    """The principal of this HTTP request."""
    token = get_access_token()
    if not isinstance(token, PrincipalToken):
        raise Unauthenticated(
            "This needs an API token.", hint="Send `Authorization: Bearer TOKEN`; `connectory token create` makes one."
        )
    return token.principal


class HttpEndpoint:
    """The `/mcp` route. Enter `running()` for as long as the application serves.

    The guard of the whole web application checks Host and Origin; the SDK's own check, which needs fixed lists,
    is therefore off.
    """

    def __init__(self, server: Server[Any], verify: Verify, origin: str) -> None:
        self._manager = StreamableHTTPSessionManager(
            app=server,
            stateless=True,
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        app = AuthContextMiddleware(RequireAuthMiddleware(StreamableHTTPASGIApp(self._manager), []))
        backend = BearerAuthBackend(Verifier(verify, origin))
        # POST alone: without sessions a GET stream would stay silent for ever, and a client waits on it (clients.md).
        self.route = Route(
            "/mcp", app, methods=["POST"], middleware=[Middleware(AuthenticationMiddleware, backend=backend)]
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Accept requests until the block ends."""
        async with self._manager.run():
            yield
