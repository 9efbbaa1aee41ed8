"""Device authorization (RFC 8628): for machines whose person cannot reach the connect page by a browser."""

from __future__ import annotations

from typing import Any

from connectory.auth.backend import DeviceCode, NewGrant
from connectory.auth.oauth.callback import refused
from connectory.auth.oauth.code_flow import ask_tokens, new_grant
from connectory.auth.oauth.endpoints import Endpoints
from connectory.auth.oauth.flow_state import Leaving
from connectory.auth.oauth.token_answer import parse_answer
from connectory.auth.oauth.token_endpoint import ENCODED, TokenEndpoint, TokenRefused, open_session
from connectory.auth.oauth.way import Way
from connectory.auth.oauth.words import secrets_of
from connectory.catalog.manifest import OAuth2Method
from connectory.errors import InvalidPath, ProviderUnavailable, SignInFailed
from connectory.net.url import parse_url
from connectory.settings import OAuthClient
from connectory.vault.clock import Clock

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER_S = 5.0  # RFC 8628 section 3.5
LONGEST_INTERVAL_S = 60.0
LONGEST_LIFE_S = 3600.0


async def start(
    method: OAuth2Method, client: OAuthClient, endpoints: Endpoints, scopes: tuple[str, ...], way: Way, title: str
) -> tuple[DeviceCode, str]:
    """Ask for a code that the person types at the provider; return what to show, and the device code (section 3.2)."""
    assert endpoints.device is not None, "the caller has looked"
    form = {"scope": method.scope_separator.join(scopes)} if scopes else {}
    form |= {"resource": endpoints.resource} if endpoints.resource else {}
    async with open_session(method, client, endpoints.device, way) as session:
        headers = {"Accept": "application/json"}
        answer = await session.post(endpoints.device, data=form, headers=headers, auth=session.client_auth(ENCODED))
    said = parse_answer(answer.content, answer.headers.get("content-type", "").lower()) or {}
    if answer.status_code >= 500:
        raise ProviderUnavailable(f"{title} could not give a code now.", hint="Try again in a moment.")
    if answer.status_code >= 300 or "error" in said:
        code, words = str(said.get("error", answer.status_code)), str(said.get("error_description", ""))
        raise refused(title, code, words, secrets_of(client))
    return _code(said, title), _text(said, "device_code", title)


async def ask(
    method: OAuth2Method, client: OAuthClient, leaving: Leaving, title: str, way: Way, now: Clock
) -> NewGrant | float | None:
    """Ask whether the person has typed the code: the grant, None for not yet, or the new interval in seconds.

    Raises `SignInFailed` where they declined or the code has expired, leaves of `ProviderError`.
    """
    endpoint = TokenEndpoint(method, client, leaving.token_url, way, now)
    try:
        got = await ask_tokens(endpoint, GRANT_TYPE, {"device_code": leaving.code}, leaving.facts, leaving.resource)
    except TokenRefused as error:
        if error.code == "authorization_pending":
            return None
        if error.code == "slow_down":
            return min(leaving.interval_s + SLOWER_S, LONGEST_INTERVAL_S)
        if error.code == "expired_token":
            raise SignInFailed(f"The code for {title} has expired.", hint="Call connect again for a new one.") from None
        raise refused(title, error.code, error.said) from None
    return new_grant(leaving, method, got, leaving.facts)


def _code(said: dict[str, Any], title: str) -> DeviceCode:
    uri = said.get("verification_uri") or said.get("verification_url")  # Google's name
    try:
        shown = str(parse_url(uri)) if isinstance(uri, str) else None
    except InvalidPath:
        shown = None
    if shown is None:
        raise SignInFailed(f"{title} gave a code, but no address to type it at.", hint="Use another way to sign in.")
    return DeviceCode(
        user_code=_text(said, "user_code", title)[:40],
        verification_uri=shown,
        expires_in_s=min(_number(said, "expires_in", 900.0), LONGEST_LIFE_S),
        interval_s=min(max(_number(said, "interval", SLOWER_S), 1.0), LONGEST_INTERVAL_S),
    )


def _text(said: dict[str, Any], name: str, title: str) -> str:
    found = said.get(name)
    if not isinstance(found, str) or not found.isprintable() or not found:
        raise SignInFailed(f"{title} gave no {name.replace('_', ' ')}.", hint="Use another way to sign in.")
    return found


def _number(said: dict[str, Any], name: str, default: float) -> float:
    found = said.get(name)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) and found > 0 else default
