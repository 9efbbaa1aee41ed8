"""Withdrawing tokens at the provider (RFC 7009, or its own way)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from connectory.auth.backend import Revocation
from connectory.auth.oauth.filling import address, texts
from connectory.auth.oauth.token_answer import error_of, parse_answer
from connectory.auth.oauth.token_endpoint import ENCODED, open_session
from connectory.auth.oauth.way import Way
from connectory.catalog.manifest import OAuth2Method
from connectory.catalog.manifest import Revocation as RevocationSpec
from connectory.settings import OAuthClient
from connectory.vault.credentials import OAuthTokens


async def revoke(
    method: OAuth2Method,
    discovered: str | None,
    client: OAuthClient,
    tokens: OAuthTokens,
    facts: Mapping[str, str],
    way: Way,
) -> Revocation:
    """Withdraw the tokens. Raises leaves of `ProviderError`, `Refused` and `BadInput` where it cannot be asked."""
    if method.revoke is None and discovered is None:
        return Revocation.NOT_SUPPORTED
    spec = method.revoke or RevocationSpec(url=discovered or "", token_parameter="token")
    shown = {**facts, "client_id": client.client_id}
    if client.client_secret is not None:
        shown["client_secret"] = client.client_secret.get_secret_value()
    url = address(spec.url.replace("{client_id}", quote(client.client_id, safe="")), method, facts)
    token = tokens.refresh_token if spec.which == "refresh_token" and tokens.refresh_token else tokens.access_token
    form = {**texts(spec.parameters, shown), spec.token_parameter: token.get_secret_value()}
    headers = {"Accept": "application/json", **texts(spec.headers, shown)}
    encoded = method.model_copy(update={"token_encoding": spec.encoding})
    async with open_session(encoded, client, url, way, spec.client_authentication) as session:
        proof = session.client_auth(ENCODED)
        answer = await session.request(spec.method.upper(), url, data=form, headers=headers, auth=proof)
    said = parse_answer(answer.content, answer.headers.get("content-type", "").lower()) or {}
    is_done = 200 <= answer.status_code < 300 and error_of(method.token_answer, said) is None
    return Revocation.REVOKED if is_done else Revocation.FAILED
