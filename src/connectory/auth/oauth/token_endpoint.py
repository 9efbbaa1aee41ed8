"""Requests to a token endpoint, by Authlib: tokens for a code, a refresh token, a device code or an assertion.

Imported when the first is sent: Authlib costs the start of a process more than all the rest of this package.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr

from connectory.auth.oauth.token_answer import TokenSet, error_of, parse_answer, read_tokens
from connectory.auth.oauth.transport import GuardedTransport
from connectory.auth.oauth.way import Way
from connectory.auth.oauth.words import secrets_of, shown
from connectory.catalog.manifest import TokenRequest
from connectory.errors import BackendUnavailable, ProviderUnavailable, RateLimited, UnexpectedResponse
from connectory.net.url import origin_of
from connectory.settings import OAuthClient
from connectory.vault.clock import Clock
from connectory.vault.spellings import SHORTEST, without

Encode = Callable[[ClientAuth, str, str, Any, Any], tuple[str, Any, Any]]
ENCODED = "encoded"  # our name for a client's proof together with how the body is written
SECRET_PARAMETERS = frozenset({"code", "code_verifier", "device_code", "refresh_token", "assertion"})


class TokenRefused(Exception):
    """The endpoint said no: an error of RFC 6749 section 5.2, RFC 8628 section 3.5 or the provider's own.

    `said` are the provider's words, cut, and like the code without what was sent that is secret. The caller knows what
    was asked for, and so what the code means.
    """

    def __init__(self, code: str, said: str) -> None:
        super().__init__(code)
        self.code = code
        self.said = said


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """One client at one token endpoint. `hidden`: what is secret of the requests beside the client's own secret."""

    method: TokenRequest
    client: OAuthClient
    url: str
    way: Way
    now: Clock
    hidden: tuple[SecretStr, ...] = field(default=(), repr=False)

    async def ask(
        self,
        grant_type: str,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        old_refresh: SecretStr | None = None,
    ) -> TokenSet:
        """Ask for tokens. `old_refresh`: what is kept where no new refresh token comes.

        Raises `TokenRefused`, `RateLimited`, `ProviderUnavailable`, `ProviderTimeout`, `UnexpectedResponse`,
        `BackendUnavailable` where the client cannot prove itself, and what `OutboundClient.send` raises.
        """
        sent_at = self.now()
        heard: list[tuple[Mapping[str, Any], str | None]] = []

        def read(response: httpx2.Response) -> httpx2.Response:
            answer = self._answer(response)
            heard.append((answer, response.headers.get("date")))
            return _normal(response, answer, error_of(self.method.token_answer, answer))

        async with open_session(self.method, self.client, self.url, self.way) as session:
            session.register_compliance_hook("access_token_response", read)
            sent = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", **headers}
            try:
                await session.fetch_token(self.url, grant_type=grant_type, headers=sent, **parameters)
            except OAuthError as error:
                raise self._refusal(str(error.error), _words(heard[0][0] if heard else {}), parameters) from None
        answer, date = heard[0]
        return read_tokens(self.method.token_answer, answer, sent_at=sent_at, date=date, old_refresh=old_refresh)

    def _refusal(self, code: str, words: str, parameters: Mapping[str, str]) -> TokenRefused:
        sent = [value for name, value in parameters.items() if name in SECRET_PARAMETERS]
        hidden = [*secrets_of(self.client), *(one.get_secret_value() for one in self.hidden), *sent]
        long = [one for one in hidden if len(one) >= SHORTEST]  # a code that is known must stay what it is
        return TokenRefused(without(code, long)[:200], shown(words, hidden))

    def _answer(self, response: httpx2.Response) -> Mapping[str, Any]:
        """The answer's members. Raises for what is no answer of a token endpoint at all."""
        host = origin_of(self.url)
        if response.status_code == 429:
            wait = response.headers.get("retry-after", "")
            wait_s = float(wait) if wait.isdecimal() else None
            raise RateLimited(f"{host} gives no tokens for a moment (429).", hint="Try later.", retry_after_s=wait_s)
        if response.status_code >= 500:
            raise ProviderUnavailable(
                f"{host} could not give a token now (status {response.status_code}).", hint="Try again in a moment."
            )
        answer = parse_answer(response.content, response.headers.get("content-type", "").lower())
        if answer is None:
            raise UnexpectedResponse(
                f"{host} answered a request for a token with something else (status {response.status_code}).",
                hint="Check the address; if it is right, try again later.",
            )
        if response.status_code >= 300 and error_of(self.method.token_answer, answer) is None:
            return {**answer, "error": f"status_{response.status_code}"}
        return answer


def open_session(
    method: TokenRequest, client: OAuthClient, url: str, way: Way, how: str | None = None
) -> AsyncOAuth2Client:
    """Return an Authlib client for requests to one address, proving itself as the manifest says, or by `how`."""
    secret = client.client_secret.get_secret_value() if client.client_secret else None
    how = (how or method.client_authentication) if secret is not None else "none"
    key = _private_key(secret or "") if how == "private_key_jwt" else secret
    session = AsyncOAuth2Client(
        client_id=client.client_id,
        client_secret=key,
        token_endpoint_auth_method=ENCODED,
        transport=GuardedTransport(way.client, way.rule(origin_of(url))),
        trust_env=False,
    )
    if how == "private_key_jwt":
        prove: Encode = PrivateKeyJWT(url, alg="ES256" if isinstance(key, ECKey) else "RS256")
    elif client.client_id:
        prove = ClientAuth.DEFAULT_AUTH_METHODS[how]
    else:
        prove = _no_client
    session.register_client_auth_method((ENCODED, _encoding(prove, method.token_encoding)))
    return session


def _no_client(_: ClientAuth, __: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """Who asserts itself, as a service account does, need not be a client (RFC 7521 section 4.1)."""
    return uri, headers, body


def _encoding(prove: Encode, encoding: str) -> Encode:
    """How the client proves itself, and then how the body is written."""

    def encode(auth: ClientAuth, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
        uri, headers, form = prove(auth, method, uri, headers, body.decode() if isinstance(body, bytes) else body)
        if encoding == "json":
            headers["Content-Type"] = "application/json"
            return uri, headers, json.dumps(dict(parse_qsl(form, keep_blank_values=True))).encode()
        return uri, headers, form.encode()

    return encode


def _normal(response: httpx2.Response, answer: Mapping[str, Any], error: str | None) -> httpx2.Response:
    """The answer as RFC 6749 has it, for Authlib to judge."""
    error = error or answer.get("error") or None
    plain = {"access_token": "kept apart", "token_type": "Bearer"} if error is None else {"error": str(error)}
    return httpx2.Response(200 if error is None else 400, json=plain, request=response.request)


def _words(answer: Mapping[str, Any]) -> str:
    """The provider's own explanation, and never another member: those may hold tokens."""
    for name in ("error_description", "message", "error_message"):
        if isinstance(found := answer.get(name), str):
            return found
    return ""


def _private_key(pem: str) -> RSAKey | ECKey:
    """The key of `private_key_jwt`, which stands in the place of the client's secret."""
    for kind in (RSAKey, ECKey):
        try:
            return kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
    raise BackendUnavailable(
        "The OAuth client proves itself by a private key, and its secret is none.",
        hint="Enter the key in PEM as the client secret.",
    )
