"""Where the proxy puts a credential: by its kind, then as the provider's entry says."""

from __future__ import annotations

import base64
from typing import Any

from authlib.oauth1 import ClientAuth
from tests.nango.providers import Provider
from tests.nango.refusal import refuse
from tests.nango.state import Connection, Integration
from tests.nango.templates import fill


def authorize(
    entry: Provider, integration: Integration, connection: Connection, method: str, url: str
) -> dict[str, str]:
    """The headers that Nango adds, names in lower case."""
    held = connection.credentials
    headers: dict[str, str] = {}
    kind = held.get("type")
    if kind == "BASIC":
        pair = f"{held['username']}:{held.get('password', '')}".encode()
        headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    elif kind in ("OAUTH2", "APP"):
        headers["authorization"] = f"Bearer {held['access_token']}"
    elif kind in ("OAUTH2_CC", "SIGNATURE", "JWT", "TWO_STEP"):
        headers["authorization"] = f"Bearer {held['token']}"
    elif kind == "OAUTH1":
        app = integration.credentials
        if not app:
            raise refuse(400, "unsupported_auth", "OAuth1 requires oauth_client_id and oauth_client_secret")
        token = held["oauth_token"], held["oauth_token_secret"]
        headers["authorization"] = _signed(app, token, entry.get("signature_method", "HMAC-SHA1"), method, url)
    elif kind == "TBA":
        app = held.get("config_override") or integration.credentials or {}
        signed = _signed(app, (held["token_id"], held["token_secret"]), "HMAC-SHA1", method, url)
        realm = str(connection.connection_config["accountId"]).replace("-", "_").upper()
        headers["authorization"] = signed.replace("OAuth ", f'OAuth realm="{realm}", ', 1)
    for name, text in (entry.get("proxy", {}).get("headers") or {}).items():
        value = fill(str(text), connection.connection_config, held)
        if value is not None:
            headers[name.lower()] = value
    return headers


def _signed(app: dict[str, Any], token: tuple[str, str], signature: str, method: str, url: str) -> str:
    """The header of OAuth 1.0a (RFC 5849 section 3.5.1)."""
    owner = ClientAuth(app.get("client_id", ""), app.get("client_secret", ""), *token, signature_method=signature)
    _, headers, _ = owner.prepare(method, url, {}, "")
    return str(headers["Authorization"])
