"""OAuth 1.0a (RFC 5849): temporary credentials, the owner's authorization, token credentials."""

from __future__ import annotations

from collections.abc import Mapping

from authlib.integrations.httpx_client import AsyncOAuth1Client, OAuthError
from pydantic import SecretStr

from connectory.auth.backend import Callback, NewGrant
from connectory.auth.oauth.callback import TRY_AGAIN
from connectory.auth.oauth.filling import address, texts
from connectory.auth.oauth.flow_state import Leaving
from connectory.auth.oauth.transport import GuardedTransport
from connectory.auth.oauth.way import Way
from connectory.catalog.manifest import OAuth1Method
from connectory.errors import SignInFailed
from connectory.net.oauth1 import register_hmac_sha256
from connectory.net.url import origin_of
from connectory.settings import OAuthClient
from connectory.vault.credentials import OAuth1Tokens


async def start(
    method: OAuth1Method, client: OAuthClient, redirect_uri: str, facts: Mapping[str, str], way: Way, title: str
) -> tuple[str, str, str]:
    """Get temporary credentials (section 2.1); return the address that the person opens, the token and its secret."""
    url = address(method.request_token_url, method, facts)
    async with _session(method, client, url, way, redirect_uri=redirect_uri) as session:
        try:
            got = await session.fetch_request_token(url)
        except (OAuthError, ValueError):
            raise _refused(title, "its OAuth app's key or redirect address is not accepted there") from None
        token, secret = _pair(got, title)
        session.redirect_uri = None  # it is known to the provider by now
        further = texts(method.authorize_parameters, facts)
        page = session.create_authorization_url(address(method.authorize_url, method, facts), token, **further)
    return str(page), token, secret


async def finish(
    method: OAuth1Method, client: OAuthClient, leaving: Leaving, callback: Callback, title: str, way: Way
) -> NewGrant:
    """Turn the callback into token credentials (section 2.3). Raises `SignInFailed`, leaves of `ProviderError`."""
    verifier = callback.one("oauth_verifier")
    if verifier is None or callback.one("oauth_token") != leaving.code:
        raise SignInFailed(f"You did not allow it at {title}, so nothing was connected.", hint=TRY_AGAIN)
    url = address(method.access_token_url, method, leaving.facts)
    async with _session(method, client, url, way, token=leaving.code, token_secret=leaving.secret) as session:
        try:
            got = await session.fetch_access_token(url, verifier)
        except (OAuthError, ValueError):
            raise _refused(title, "it takes this sign-in no more") from None
    token, secret = _pair(got, title)
    tokens = OAuth1Tokens(
        client_id=client.client_id,
        client_secret=client.client_secret or SecretStr(""),
        token=SecretStr(token),
        token_secret=SecretStr(secret),
    )
    private = leaving.private_confirmed
    return NewGrant(leaving.method, tokens, leaving.facts, (), client_id=client.client_id, private_confirmed=private)


def _session(method: OAuth1Method, client: OAuthClient, url: str, way: Way, **further: str) -> AsyncOAuth1Client:
    register_hmac_sha256()
    return AsyncOAuth1Client(
        client.client_id,
        client.client_secret.get_secret_value() if client.client_secret else "",
        signature_method=method.signature,
        transport=GuardedTransport(way.client, way.rule(origin_of(url))),
        trust_env=False,
        **further,
    )


def _pair(got: Mapping[str, object], title: str) -> tuple[str, str]:
    token, secret = got.get("oauth_token"), got.get("oauth_token_secret")
    if not isinstance(token, str) or not isinstance(secret, str) or not token:
        raise _refused(title, "it gave no token")
    return token, secret


def _refused(title: str, why: str) -> SignInFailed:
    return SignInFailed(f"{title} ended the sign-in: {why}.", hint=TRY_AGAIN)
