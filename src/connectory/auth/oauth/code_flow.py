"""Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636): leaving for the provider, and coming back."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping

from authlib.integrations.httpx_client import AsyncOAuth2Client
from pydantic import SecretStr

from connectory.auth.backend import Callback, NewGrant
from connectory.auth.oauth.callback import check_hmac, check_issuer, code_of, refused
from connectory.auth.oauth.endpoints import Endpoints
from connectory.auth.oauth.facts import from_callback, from_token
from connectory.auth.oauth.filling import address, texts
from connectory.auth.oauth.flow_state import Leaving
from connectory.auth.oauth.token_answer import TokenSet
from connectory.auth.oauth.token_endpoint import TokenEndpoint, TokenRefused
from connectory.auth.oauth.way import Way
from connectory.auth.oauth.words import secrets_of
from connectory.catalog.manifest import OAuth2Method, TokenRequest
from connectory.errors import SignInFailed
from connectory.settings import OAuthClient
from connectory.vault.clock import Clock

VERIFIER_BYTES = 48  # 64 characters; RFC 7636 section 4.1 allows 43 to 128


def new_verifier(method: OAuth2Method) -> str:
    """Return a fresh code verifier; empty where the provider refuses PKCE."""
    return secrets.token_urlsafe(VERIFIER_BYTES) if method.pkce == "S256" else ""


def authorize_url(method: OAuth2Method, endpoints: Endpoints, leaving: Leaving, state: str) -> str:
    """Return the provider's address that the person opens. Raises `InvalidPath` on a fact that is missing."""
    if endpoints.authorize is None:
        raise SignInFailed("The provider tells no page to sign in at.", hint="Whoever runs this server must mend it.")
    session = AsyncOAuth2Client(
        client_id=leaving.client_id, redirect_uri=leaving.redirect_uri, code_challenge_method="S256", trust_env=False
    )
    further = texts(method.authorize_parameters, leaving.facts)
    resource = {"resource": endpoints.resource} if endpoints.resource else {}
    url, _ = session.create_authorization_url(
        endpoints.authorize,
        state=state,
        code_verifier=leaving.verifier or None,
        scope=method.scope_separator.join(leaving.scopes) or None,
        **{**resource, **further},
    )
    return str(url)


async def exchange(
    method: OAuth2Method,
    find_client: Callable[[str], Awaitable[OAuthClient]],
    leaving: Leaving,
    callback: Callback,
    title: str,
    way: Way,
    now: Clock,
) -> NewGrant:
    """Turn a callback into a grant; `find_client` is given the address of the token endpoint, empty if not known yet.

    Raises `SignInFailed`, leaves of `ProviderError`, `Refused`, `SetupError`.
    """
    check_issuer(leaving, callback)
    client = await find_client(leaving.token_url)
    if method.callback_hmac is not None:
        check_hmac(method.callback_hmac, client.client_secret, callback)
    code = code_of(callback, title, secrets_of(client))
    facts = {**leaving.facts, **from_callback(method, callback)}
    parameters = {"code": code, "redirect_uri": leaving.redirect_uri}
    parameters |= {"code_verifier": leaving.verifier} if leaving.verifier else {}
    url = leaving.token_url or address(method.token_url or "", method, facts)
    client = client if url == leaving.token_url else await find_client(url)
    endpoint = TokenEndpoint(method, client, url, way, now)
    try:
        got = await ask_tokens(endpoint, "authorization_code", parameters, facts, leaving.resource)
    except TokenRefused as error:
        raise refused(title, error.code, error.said) from None
    return new_grant(leaving, method, got, facts)


async def ask_tokens(
    endpoint: TokenEndpoint,
    grant_type: str,
    parameters: Mapping[str, str],
    facts: Mapping[str, str],
    resource: str | None,
    *,
    old_refresh: SecretStr | None = None,
) -> TokenSet:
    """Ask for tokens with what the manifest adds to each such request. Raises what `TokenEndpoint.ask` raises."""
    method = endpoint.method
    own = {**texts(method.token_parameters, facts), **({"resource": resource} if resource else {})}
    headers = texts(method.token_headers, facts)
    return await endpoint.ask(grant_type, {**own, **parameters}, headers, old_refresh=old_refresh)


def new_grant(leaving: Leaving, method: TokenRequest, got: TokenSet, facts: Mapping[str, str]) -> NewGrant:
    """Return the grant that a token answer makes of a sign-in."""
    private = leaving.typed_origin if leaving.private_confirmed else None
    tokens = got.tokens.model_copy(update={"private_origin": private})
    return NewGrant(
        leaving.method,
        tokens,
        {**facts, **from_token(method, got.answer)},
        (),
        leaving.scopes if got.scopes is None else got.scopes,
        tokens.expires_at,
        leaving.client_id,
        leaving.private_confirmed,
    )
