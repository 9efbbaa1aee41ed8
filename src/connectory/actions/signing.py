"""OAuth 1.0a: each request is signed as it is sent (RFC 5849 section 3.4), with a nonce and a time of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from connectory.actions.request import PreparedRequest
from connectory.catalog.manifest import AuthMethod, OAuth1Method
from connectory.vault.credentials import Credentials, OAuth1Tokens


async def signed(request: PreparedRequest, method: AuthMethod | None, credentials: Credentials) -> PreparedRequest:
    """Return the request with its signature, where the sign-in asks for one; as it is, where not."""
    if not isinstance(method, OAuth1Method) or not isinstance(credentials, OAuth1Tokens):
        return request
    return await asyncio.to_thread(_sign, request, method, credentials)  # the library's import takes its time


def _sign(request: PreparedRequest, method: OAuth1Method, tokens: OAuth1Tokens) -> PreparedRequest:
    from authlib.oauth1 import ClientAuth

    from connectory.net.oauth1 import register_hmac_sha256

    register_hmac_sha256()
    signing = ClientAuth(
        tokens.client_id,
        tokens.client_secret.get_secret_value(),
        tokens.token.get_secret_value(),
        tokens.token_secret.get_secret_value(),
        signature_method=method.signature,
    )
    kinds = [value for name, value in request.headers.items() if name.lower() == "content-type"]
    is_form = bool(kinds) and kinds[0].startswith("application/x-www-form-urlencoded")
    seen = {"Content-Type": "application/x-www-form-urlencoded" if is_form else "application/octet-stream"}
    # Only a form's members are part of what is signed (section 3.4.1.3.1); the body itself is sent as it was.
    _, headers, _ = signing.prepare(request.method, request.url, seen, request.body if is_form else b"")
    return replace(request, headers={**request.headers, "Authorization": headers["Authorization"]})
