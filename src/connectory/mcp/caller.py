"""Who calls over HTTP: the holder of the bearer token, or under `--no-auth` whoever is on this machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.requests import HTTPConnection
from starlette.types import Scope

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
        return None if principal is None else _as_token(token, principal, self._origin)


def bearer_only(verify: Verify, origin: str) -> AuthenticationBackend:
    """Let in who holds a token."""
    return BearerAuthBackend(Verifier(verify, origin))


class LocalOrBearer(AuthenticationBackend):
    """Let in whoever reaches us, as the local principal; one that sends a token all the same is held to it."""

    def __init__(self, local: Callable[[], Awaitable[Principal]], verify: Verify, origin: str) -> None:
        self._local, self._origin = local, origin
        self._bearer = bearer_only(verify, origin)

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return who calls, None for a token that is not valid."""
        if "authorization" in conn.headers:
            return await self._bearer.authenticate(conn)
        return AuthCredentials([]), AuthenticatedUser(_as_token("", await self._local(), self._origin))


async def principal_of_request(_: ServerRequestContext[Any]) -> Principal:
    """The principal of this HTTP request."""
    return _principal(get_access_token())


def principal_of_scope(scope: Scope) -> Principal:
    """The same, for what stands before the SDK."""
    user = scope.get("user")
    return _principal(user.access_token if isinstance(user, AuthenticatedUser) else None)


def _principal(token: AccessToken | None) -> Principal:
    if not isinstance(token, PrincipalToken):
        raise Unauthenticated(
            "This needs an API token.", hint="Send `Authorization: Bearer TOKEN`; `connectory token create` makes one."
        )
    return token.principal


def _as_token(token: str, principal: Principal, origin: str) -> PrincipalToken:
    return PrincipalToken(
        token=token,
        client_id=principal.token_id or "local",
        scopes=[],
        subject=f"{principal.workspace_id}/{principal.user_id}",
        claims={"iss": origin},
        principal=principal,
    )
