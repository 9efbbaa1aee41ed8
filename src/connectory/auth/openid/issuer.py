"""What the issuer says of itself (OpenID Connect Discovery), its keys, and what it says of a person (userinfo).

Of the document only what concerns the issuer is believed: it must name itself to the letter, and its addresses are
https or on its own origin. Every request passes the guarded way out and follows no redirect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from connectory.auth.oauth.endpoints import fetch_document, is_secure, not_believed
from connectory.auth.oauth.way import MAX_ANSWER_BYTES, TIMEOUT_S, Way
from connectory.catalog.manifest.oauth import ClientAuthentication
from connectory.errors import InvalidPath, SignInFailed, UnexpectedResponse
from connectory.net.client import OutboundRequest
from connectory.net.url import origin_of, parse_url
from connectory.vault.clock import Clock

KEPT_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Told:
    """The addresses of the issuer, and its habits."""

    authorize: str
    token: str
    keys: str
    userinfo: str | None
    algorithms: frozenset[str]  # of its ID tokens
    needs_iss: bool  # RFC 9207
    client_authentication: ClientAuthentication


class Issuer:
    """Asks one issuer, and remembers for an hour what it says of itself and its keys."""

    def __init__(self, issuer: str, way: Way, now: Clock) -> None:
        self.name = issuer
        self._way = way
        self._now = now
        self._told: tuple[Told, datetime] | None = None
        self._keys: tuple[Sequence[Mapping[str, Any]], datetime] | None = None

    async def told(self) -> Told:
        """Return what it says of itself. Raises `SignInFailed`, leaves of `ProviderError` and `Refused`."""
        if self._told is None or self._told[1] <= self._now():
            url = f"{self.name.rstrip('/')}/.well-known/openid-configuration"
            found = await fetch_document(url, self.name, self._way)
            if found is None:
                raise not_believed(self.name, "does not say where one signs in")
            if found.get("issuer") != self.name:  # Discovery section 4.3: exactly
                raise _another_name()
            self._told = read_document(self.name, found), self._now() + KEPT_FOR
        return self._told[0]

    async def keys(self, *, anew: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return its public keys as JWKs (RFC 7517 section 5). Raises as `told`."""
        if anew or self._keys is None or self._keys[1] <= self._now():
            found = await fetch_document((await self.told()).keys, self.name, self._way)
            listed = found.get("keys") if found is not None else None
            if not isinstance(listed, list):
                raise not_believed(self.name, "does not show its keys")
            self._keys = [one for one in listed if isinstance(one, dict)], self._now() + KEPT_FOR
        return self._keys[0]

    async def userinfo(self, access_token: SecretStr) -> Mapping[str, Any]:
        """Return what it says of whose token this is; nothing where it has no such page. Raises as `told`."""
        url = (await self.told()).userinfo
        if url is None:
            return {}
        headers = {"Authorization": f"Bearer {access_token.get_secret_value()}", "Accept": "application/json"}
        rule = self._way.rule(origin_of(url))
        asked = OutboundRequest("GET", url, headers, None, (rule,), TIMEOUT_S, False, MAX_ANSWER_BYTES)
        answer = await self._way.client.send(asked)
        try:
            found = json.loads(answer.body) if answer.status == 200 else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise UnexpectedResponse(
                f"{origin_of(url)} did not say who you are (status {answer.status}).", hint="Try again in a moment."
            )
        return found


def read_document(issuer: str, said: Mapping[str, Any]) -> Told:
    """Return what is believed of a discovery document. Raises `SignInFailed`."""
    own = parse_url(issuer).origin

    def found(name: str, *, is_needed: bool = True) -> str | None:
        url = said.get(name)
        if url is None and not is_needed:
            return None
        try:
            if isinstance(url, str) and is_secure(url, own):
                return str(parse_url(url))
        except InvalidPath:
            pass
        raise not_believed(issuer, f"names no usable {name}")

    methods = said.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" not in methods:  # where nothing is said, it is sent all the same
        raise not_believed(issuer, "does not offer PKCE with S256, without which a code can be stolen (RFC 7636)")
    return Told(
        found("authorization_endpoint") or "",
        found("token_endpoint") or "",
        found("jwks_uri") or "",
        found("userinfo_endpoint", is_needed=False),
        frozenset(_texts(said.get("id_token_signing_alg_values_supported")) or ("RS256",)),
        said.get("authorization_response_iss_parameter_supported") is True,
        _client_authentication(said),
    )


def _client_authentication(said: Mapping[str, Any]) -> ClientAuthentication:
    """How the client proves itself: `client_secret_basic` where nothing is said (Discovery section 3)."""
    offered = _texts(said.get("token_endpoint_auth_methods_supported"))
    if not offered or "client_secret_basic" in offered:
        return "client_secret_basic"
    return "client_secret_post"


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _another_name() -> SignInFailed:
    return SignInFailed(
        "The provider says that it is another issuer than the one that is set here, so nobody can sign in there.",
        hint="Whoever runs this server must set CONNECTORY_OIDC_ISSUER to the letter as the provider names itself,"
        " with or without a slash at its end.",
    )
