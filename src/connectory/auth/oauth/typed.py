"""Sign-ins without a browser: a client's own rights (RFC 6749 section 4.4), a service account (RFC 7523)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from authlib.oauth2.rfc7523 import JWTBearerGrant
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr

from connectory.auth.oauth.endpoints import endpoints_of
from connectory.auth.oauth.filling import text, texts
from connectory.auth.oauth.token_answer import TokenSet
from connectory.auth.oauth.token_endpoint import TokenEndpoint
from connectory.auth.oauth.way import Way
from connectory.catalog.manifest import ClientCredentialsMethod, JwtBearerMethod
from connectory.errors import SignInFailed
from connectory.settings import OAuthClient
from connectory.vault.clock import Clock

ASSERTION_LASTS_S = 600
KEYS: dict[str, type[RSAKey | ECKey]] = {"RS256": RSAKey, "ES256": ECKey}
TypedMethod = ClientCredentialsMethod | JwtBearerMethod


async def ask(
    method: TypedMethod,
    facts: Mapping[str, str],
    secrets: Mapping[str, SecretStr],
    scopes: tuple[str, ...],
    way: Way,
    now: Clock,
) -> TokenSet:
    """Ask for tokens with what the person typed. Raises `SignInFailed`, and what `TokenEndpoint.ask` raises."""
    url = endpoints_of(method, facts).token
    scope = {"scope": method.scope_separator.join(scopes)} if scopes else {}
    parameters = {**texts(method.token_parameters, facts, secrets), **scope}
    headers = texts(method.token_headers, facts, secrets)
    hidden = tuple(secrets.values())
    if isinstance(method, ClientCredentialsMethod):
        endpoint = TokenEndpoint(method, _client(facts, secrets), url, way, now, hidden)
        return await endpoint.ask("client_credentials", parameters, headers)
    assertion = _assertion(method, facts, secrets, url, scopes, int(now().timestamp()))
    endpoint = TokenEndpoint(method, OAuthClient(client_id=""), url, way, now, hidden)
    return await endpoint.ask(JWTBearerGrant.GRANT_TYPE, {**parameters, "assertion": assertion}, headers)


def _client(facts: Mapping[str, str], secrets: Mapping[str, SecretStr]) -> OAuthClient:
    client_id = secrets["client_id"].get_secret_value() if "client_id" in secrets else facts["client_id"]
    return OAuthClient(client_id=client_id, client_secret=secrets["client_secret"])


def _assertion(
    method: JwtBearerMethod,
    facts: Mapping[str, str],
    secrets: Mapping[str, SecretStr],
    url: str,
    scopes: tuple[str, ...],
    issued_at: int,
) -> str:
    """Sign an assertion (RFC 7523 section 3). Raises `SignInFailed` where the key is none, not repeating it."""
    key, key_id = _from_file(text(method.key, facts, secrets) or "", "private_key")
    issuer, _ = _from_file(text(method.issuer, facts, secrets) or "", "client_email")
    subject = text(method.subject, facts, secrets) if method.subject is not None else None
    header = {"alg": method.algorithm, "typ": "JWT", **({"kid": key_id} if key_id else {})}
    claims = {"scope": " ".join(scopes)} if scopes else {}  # where Google reads it
    try:
        return str(
            JWTBearerGrant.sign(
                KEYS[method.algorithm].import_key(key),
                issuer,
                text(method.audience, facts, secrets) if method.audience is not None else url,
                subject,
                issued_at,
                issued_at + ASSERTION_LASTS_S,
                claims,
                header=header,
            )
        )
    except (JoseError, ValueError, TypeError):
        raise SignInFailed(
            "The key cannot sign: it is no private key of the kind that is needed.",
            hint="Take the key file as the provider gave it.",
        ) from None


def _from_file(given: str, member: str) -> tuple[str, str | None]:
    """A value by itself, or the member of a key file in JSON, and that file's key id."""
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        return given, None
    if not isinstance(found, dict):
        return given, None
    value, key_id = found.get(member), found.get("private_key_id")
    return value if isinstance(value, str) else "", key_id if isinstance(key_id, str) else None
