"""Where a sign-in goes: the manifest's addresses, or those that an issuer tells of itself (RFC 8414, RFC 9728).

An issuer's metadata is believed only about the issuer itself, and only https addresses are taken from it, or such on
the issuer's own origin (attacks 9, 11, 35-37). The manifest decides over PKCE, not the answer (attack 8).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectory.auth.hosts import fill_address
from connectory.auth.oauth.filling import address, origins_of
from connectory.auth.oauth.way import MAX_ANSWER_BYTES, TIMEOUT_S, Way
from connectory.catalog.manifest import OAuth2Method, TokenRequest
from connectory.catalog.template import parse_template
from connectory.errors import InvalidPath, SignInFailed
from connectory.net.client import OutboundRequest, OutboundResponse
from connectory.net.url import origin_of, parse_url
from connectory.vault.clock import Clock

KEPT_FOR = timedelta(hours=1)
MOST_KEPT = 256


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one authorization server. `issuer` is None where the manifest names the addresses itself.

    `token` and `refresh` are empty as long as the sign-in has not told what they are made of.
    """

    token: str
    refresh: str
    authorize: str | None = None
    device: str | None = None
    revoke: str | None = None
    registration: str | None = None
    issuer: str | None = None
    needs_iss: bool = False  # RFC 9207
    takes_document: bool = False  # a client id may be the address of a document (client ID metadata documents)
    resource: str | None = None  # RFC 8707

    @property
    def server(self) -> str:
        """The origin of the authorization server."""
        return origin_of(self.issuer or self.token or self.authorize or "")


def endpoints_of(method: TokenRequest, facts: Mapping[str, str]) -> Endpoints:
    """Return the addresses that the manifest names. Raises `InvalidPath` on a fact that is missing."""
    assert method.token_url is not None, "such a method has one, or an issuer"
    token = _once_told(method.token_url, method, facts)
    if not isinstance(method, OAuth2Method):
        return Endpoints(token, token)
    return Endpoints(
        token,
        _once_told(method.refresh_url, method, facts) if method.refresh_url else token,
        address(method.authorize_url, method, facts) if method.authorize_url else None,
        address(method.device_url, method, facts) if method.device_url else None,
    )


def _once_told(template: str, method: TokenRequest, facts: Mapping[str, str]) -> str:
    """An address; empty before the sign-in has told a fact of it, as Zoho's callback does the data centre."""
    used = {item.name for item in parse_template(template).placeholders}
    return "" if used & (method.facts.keys() - facts.keys()) else address(template, method, facts)


class Discovery:
    """Finds the addresses of a sign-in, and remembers what issuers said for an hour."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._kept: dict[str, tuple[Mapping[str, Any], datetime]] = {}

    async def find(self, method: TokenRequest, facts: Mapping[str, str], way: Way) -> Endpoints:
        """Return the addresses. Raises `InvalidPath`, `SignInFailed`, leaves of `ProviderError` and `Refused`."""
        if not isinstance(method, OAuth2Method) or (method.issuer is None and method.resource is None):
            return endpoints_of(method, facts)
        resource = fill_address(method.resource, origins_of(method), facts) if method.resource else None
        if method.issuer is not None:
            named = issuer = fill_address(method.issuer, origins_of(method), facts)
        else:
            assert resource is not None, "one of both is there"
            named, issuer = resource, await self._issuer_of(resource, way)
        return _told(method, issuer, named, await self._metadata(issuer, named, way), resource)

    async def _issuer_of(self, resource: str, way: Way) -> str:
        """The issuer that a protected resource names (RFC 9728); its metadata must be about this very one."""
        from authlib.oauth2.rfc8414 import get_well_known_url

        url = get_well_known_url(resource, external=True, suffix="oauth-protected-resource")
        found = await fetch_document(url, resource, way)
        if found is None or found.get("resource") != resource:
            raise not_believed(resource, "describes another resource" if found else "does not describe itself")
        servers = found.get("authorization_servers")
        if not isinstance(servers, list) or not servers or not isinstance(servers[0], str):
            raise not_believed(resource, "names no authorization server")
        try:
            parse_url(servers[0])
        except InvalidPath:
            raise not_believed(resource, "names no usable authorization server") from None
        return servers[0]

    async def _metadata(self, issuer: str, named: str, way: Way) -> Mapping[str, Any]:
        """What the issuer says of itself. Errors speak of `named`: what the person or the manifest has named."""
        kept = self._kept.get(issuer)
        if kept is not None and kept[1] > self._now():
            return kept[0]
        for url in _well_known(issuer):
            found = await fetch_document(url, named, way)
            if found is None:
                continue
            if found.get("issuer") != issuer:  # RFC 8414 section 3.3: identical
                raise not_believed(named, "says that it is another issuer")
            if len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[issuer] = found, self._now() + KEPT_FOR
            return found
        raise not_believed(named, "does not say where one signs in")


def _well_known(issuer: str) -> list[str]:
    from authlib.oauth2.rfc8414 import get_well_known_url

    first = get_well_known_url(issuer, external=True)
    return [first, f"{issuer.rstrip('/')}/.well-known/openid-configuration"]


async def fetch_document(url: str, named: str, way: Way) -> Mapping[str, Any] | None:
    """Return a metadata document, None where there is none. Its text is in no error (attack 35)."""
    rule = way.rule(_secure(url, named, way))
    headers = {"Accept": "application/json"}
    asked = OutboundRequest("GET", url, headers, None, (rule,), TIMEOUT_S, False, MAX_ANSWER_BYTES)
    return _json(await way.client.send(asked))


def _json(answer: OutboundResponse) -> Mapping[str, Any] | None:
    if answer.status != 200:
        return None
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _told(method: OAuth2Method, issuer: str, named: str, said: Mapping[str, Any], resource: str | None) -> Endpoints:
    """The addresses that the metadata tells. Raises `SignInFailed` on one that is not believed."""
    own = parse_url(issuer).origin

    def found(name: str) -> str | None:
        url = said.get(name)
        if url is None:
            return None
        try:
            return str(parse_url(url)) if isinstance(url, str) and is_secure(url, own) else _refuse(named, name)
        except InvalidPath:
            return _refuse(named, name)

    token = found("token_endpoint") or _refuse(named, "token_endpoint")
    offered = said.get("code_challenge_methods_supported")
    if method.pkce == "S256" and not (isinstance(offered, list) and "S256" in offered):
        raise not_believed(named, "does not offer PKCE with S256, without which a code can be stolen (RFC 7636)")
    return Endpoints(
        token,
        token,
        found("authorization_endpoint"),
        found("device_authorization_endpoint"),
        found("revocation_endpoint"),
        found("registration_endpoint"),
        issuer,
        said.get("authorization_response_iss_parameter_supported") is True,
        said.get("client_id_metadata_document_supported") is True,
        resource,
    )


def is_secure(url: str, own: str) -> bool:
    """https, or on the origin that the person, or the manifest, has named."""
    parsed = parse_url(url)
    return parsed.scheme == "https" or parsed.origin == own


def _secure(url: str, named: str, way: Way) -> str:
    """Return the origin of an address that is asked for metadata."""
    typed = way.typed.origin if way.typed is not None else ""
    if not is_secure(url, typed):
        raise not_believed(named, "is no https address")
    return origin_of(url)


def _refuse(named: str, name: str) -> str:
    raise not_believed(named, f"names no usable {name}")


def not_believed(who: str, why: str) -> SignInFailed:
    """The error for a server that tells something else of itself than it should."""
    return SignInFailed(
        f"{origin_of(who)} {why}, so nobody can sign in there from here.",
        hint="Check the address; if it is right, whoever runs that server must mend it.",
    )
