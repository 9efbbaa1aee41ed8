"""Requests to a provider's token endpoint, and the credentials that come of its answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
from tests.nango.providers import Provider
from tests.nango.state import Integration, NangoState, iso
from tests.nango.templates import fill


class TokenError(Exception):
    """The provider gave no token; what it said is in the server's log alone."""


async def ask(
    state: NangoState,
    integration: Integration,
    config: Mapping[str, Any],
    parameters: Mapping[str, str],
    *,
    client: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the token answer. Raises `TokenError` for whatever is none."""
    entry, owner = state.provider_of(integration), client or integration.credentials or {}
    address = fill(_address(entry), config, {})
    place = None if address is None else state.place_of(httpx2.URL(address))
    if place is None:
        raise TokenError("the token endpoint cannot be reached")
    form, headers = {**parameters}, {"Accept": "application/json"}
    if "header" in (entry.get("authorization_method"), entry.get("token_request_auth_method")) or (
        entry.get("token_request_auth_method") == "basic"
    ):
        pair = f"{owner.get('client_id', '')}:{owner.get('client_secret', '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    else:
        form |= {"client_id": owner.get("client_id", ""), "client_secret": owner.get("client_secret", "")}
    try:
        answer = await state.http.post(place, data=form, headers=headers)
        found = answer.json()
    except (httpx2.HTTPError, ValueError):
        raise TokenError("no token answer") from None
    if answer.is_error or not isinstance(found, dict) or not found.get("access_token"):
        raise TokenError("the provider refused")
    return found


def read(state: NangoState, kind: str, answer: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The credentials that a token answer gives; of those before, what came not again stays."""
    name = "token" if kind == "OAUTH2_CC" else "access_token"
    found = {key: value for key, value in before.items() if key not in ("raw", "expires_at", "type", name)}
    found = {"type": kind, name: answer["access_token"], **found, "raw": dict(answer)}
    if kind == "OAUTH2" and answer.get("refresh_token"):
        found["refresh_token"] = answer["refresh_token"]
    if answer.get("expires_in"):
        found["expires_at"] = iso(state.clock.now() + timedelta(seconds=float(answer["expires_in"])))
        if kind == "OAUTH2":  # as the library that Nango uses for it has it
            found["raw"]["expires_at"] = found["expires_at"]
    return found


def _address(entry: Provider) -> str:
    found = entry.get("token_url", "")
    return str(next(iter(found.values())) if isinstance(found, dict) else found)
