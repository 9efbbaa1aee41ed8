"""Withdrawing tokens at the provider (RFC 7009, or its own way)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx2

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
    """Withdraw the tokens, further ones too (Slack's of a user lives on without the bot's), each by a request.

    Raises leaves of `ProviderError`, `Refused` and `BadInput` where it cannot be asked.
    """
    if method.revoke is None and discovered is None:
        return Revocation.NOT_SUPPORTED
    spec = method.revoke or RevocationSpec(url=discovered or "", token_parameter="token")
    shown = {**facts, "client_id": client.client_id}
    if client.client_secret is not None:
        shown["client_secret"] = client.client_secret.get_secret_value()
    url = address(spec.url.replace("{client_id}", quote(client.client_id, safe="")), method, facts)
    form, headers = texts(spec.parameters, shown), {"Accept": "application/json", **texts(spec.headers, shown)}
    if spec.token_parameter is None:
        forms = [form]
    else:
        first = tokens.refresh_token if spec.which == "refresh_token" and tokens.refresh_token else tokens.access_token
        withdrawn = [first, *tokens.further.values()]
        forms = [{**form, spec.token_parameter: token.get_secret_value()} for token in withdrawn]
    encoded = method.model_copy(update={"token_encoding": spec.encoding})
    async with open_session(encoded, client, url, way, spec.client_authentication) as session:
        proof = session.client_auth(ENCODED)
        done = [
            _is_done(method, await session.request(spec.method.upper(), url, data=one, headers=headers, auth=proof))
            for one in forms
        ]
    return Revocation.REVOKED if all(done) else Revocation.FAILED


def _is_done(method: OAuth2Method, answer: httpx2.Response) -> bool:
    said = parse_answer(answer.content, answer.headers.get("content-type", "").lower()) or {}
    return 200 <= answer.status_code < 300 and error_of(method.token_answer, said) is None
