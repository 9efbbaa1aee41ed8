"""Who asks: an environment's API key with its scopes, or a connect session's token; and how often they may."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from tests.nango.refusal import Refusal, refuse
from tests.nango.state import RATE_WINDOW_S, Environment, NangoState, Session

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
TOKEN = re.compile(r"nango_connect_session_[a-f0-9]{64}")
WORDS = {
    "missing_auth_header": "The request is missing the Authorization header.",
    "malformed_auth_header": "The Authorization header is malformed.",
    "invalid_secret_key_format": "The provided secret key is not a UUID v4.",
    "unknown_account": "The provided authorization header does not match any account.",
    "invalid_connect_session_token_format": (
        "The provided connect session token is not following correct format: nango_connect_session_RANDOM)"
    ),
    "unknown_connect_session_token": "The provided connect session token does not match any account.",
}


@dataclass(frozen=True)
class Caller:
    """Whose request it is."""

    environment: Environment
    scopes: frozenset[str]
    session: Session | None = None

    def has(self, scope: str) -> bool:
        """Whether a scope is among the key's, or below one that ends in a star. A session has what its routes need."""
        if self.session is not None:
            return True
        wide = {scope.rsplit(":", count)[0] + ":*" for count in range(1, scope.count(":") + 1)}
        return bool(self.scopes & {scope, *wide})


def caller_of(state: NangoState, header: str | None, by: str) -> Caller:
    """Read the Authorization header. Refuses with one of the 401s."""
    if not header:
        raise unauthorized("missing_auth_header")
    secret = header.split("Bearer ")[-1]
    if not secret:
        raise unauthorized("malformed_auth_header")
    if by == "session" or (by == "either" and secret.startswith("nango_connect_session_")):
        return caller_by_token(state, secret)
    if not UUID4.fullmatch(secret):
        raise unauthorized("invalid_secret_key_format")
    for environment in state.environments:
        if secret in environment.keys:
            return Caller(environment, environment.keys[secret])
    raise unauthorized("unknown_account")


def caller_by_token(state: NangoState, token: str) -> Caller:
    """Whose session a token is of. Refuses with one of its two 401s."""
    if not TOKEN.fullmatch(token):
        raise unauthorized("invalid_connect_session_token_format")
    session = state.session_of(token)
    if session is None:
        raise unauthorized("unknown_connect_session_token")
    return Caller(session.environment, frozenset(), session)


def unauthorized(code: str) -> Refusal:
    """A 401."""
    return refuse(401, code, f"Authentication failed. {WORDS[code]}", payload={})


def require(caller: Caller, scopes: tuple[str, ...]) -> None:
    """Refuse with 403 a key that has none of `scopes`."""
    wanted = [f"environment:{scope}" for scope in scopes]
    if not wanted or any(caller.has(scope) for scope in wanted):
        return
    many = "Required one of" if len(wanted) > 1 else "Required"
    raise refuse(403, "forbidden", f"Insufficient scope. {many}: {' or '.join(wanted)}")


def call_limit(state: NangoState, caller: Caller, request: Request) -> tuple[int, int, int]:
    """Count a call in its fixed window; returns limit, what remains and when it ends. Refuses with 429.

    Keys of all environments share a bucket; session tokens have another.
    """
    bucket, now = "session" if caller.session else "keys", state.clock.now()
    ends, used = state.windows.get(bucket, (now, 0))
    if ends <= now:
        ends, used = now + timedelta(seconds=RATE_WINDOW_S), 0
    state.windows[bucket] = ends, used + 1
    limit = state.rate_limit, max(0, state.rate_limit - used - 1), int(ends.timestamp())
    if used >= state.rate_limit:
        wait = {"Retry-After": str(int((ends - now).total_seconds()))}
        error = {"code": "too_many_request", "method": request.method, "path": request.url.path}
        raise Refusal(429, {"error": error}, limit_headers(*limit) | wait)
    return limit


def limit_headers(limit: int, remaining: int, reset: int) -> dict[str, str]:
    """What every answer past authentication has."""
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(reset)}
