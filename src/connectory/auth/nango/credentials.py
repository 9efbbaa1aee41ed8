"""From what Nango gives out to our credentials and facts, as the manifest's way to sign in wants them. Pure.

Nothing of it is believed that the manifest would not believe of a person or a provider: a fact may become part of an
address (attacks 14, 15). No problem's text repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from connectory.auth.backend import Entry, Problem
from connectory.auth.entries import check_entry
from connectory.auth.nango import kinds
from connectory.auth.nango.models import NangoApp, NangoConnection
from connectory.auth.oauth.facts import as_text, from_choice, from_token, search
from connectory.auth.oauth.token_answer import further_tokens, granted_scopes
from connectory.catalog.manifest import AuthMethod, CredentialField, NangoSignIn, OAuth1Method, TokenRequest
from connectory.errors import SignInFailed
from connectory.settings import Settings
from connectory.vault.credentials import Credentials, NoCredentials, OAuth1Tokens, OAuthTokens, SecretFields

OF_BASIC = frozenset({"username", "password"})
_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def asked_here(method: AuthMethod) -> dict[str, CredentialField]:
    """Return the fields that our own page asks for, so that Nango's page need not. Secrets are typed there alone."""
    paths = method.nango.facts if method.nango is not None else {}
    return {
        name: spec
        for name, spec in method.fields.items()
        if not spec.is_secret and _SIMPLE.fullmatch(paths.get(name, ""))
    }


def told_there(method: AuthMethod, facts: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed on our page under the names of Nango's connection configuration."""
    paths = method.nango.facts if method.nango is not None else {}
    return {paths[name]: facts[name] for name in asked_here(method) if name in facts}


def facts_from(method: AuthMethod, connection: NangoConnection, typed: Entry, settings: Settings) -> dict[str, str]:
    """Return the facts that a connection gives; `typed`: what the person entered on our own page.

    Raises `SignInFailed` on one that is missing or not allowed.
    """
    found = _found(method, connection, secret=False)
    entered = {name: value or typed.values.get(name) for name, value in found.items()}
    values = {name: value for name, value in entered.items() if value is not None}
    fields = {name: method.fields[name] for name in found}
    origins = [name for name, spec in fields.items() if spec.is_origin]
    is_meant = typed.private_confirmed and all(typed.values.get(name) == values.get(name) for name in origins)
    checked = check_entry(fields, replace(typed, values=values, private_confirmed=is_meant), settings)
    _refuse(method, checked.problems)
    return {**checked.facts, **_sign_in_facts(method, connection)}


def credentials_from(method: AuthMethod, connection: NangoConnection, settings: Settings) -> Credentials | None:
    """Return what requests carry; None where Nango keeps it to itself, or its kind has no place in them.

    Those of OAuth 1.0a come by `sign_by`. Raises `SignInFailed` where a secret that is needed is missing.
    """
    found = connection.credentials
    if isinstance(found, kinds.Nothing) or isinstance(method, OAuth1Method):
        return None
    if isinstance(method, TokenRequest):
        token = _token(found)
        if token is None:
            return None
        further = further_tokens(method.token_answer, found.raw)
        return OAuthTokens(access_token=token, expires_at=found.lasts_until, further=further)
    secrets = {name: value for name, value in _found(method, connection, secret=True).items() if value is not None}
    fields = {name: spec for name, spec in method.fields.items() if spec.is_secret}
    checked = check_entry(fields, Entry("", secrets), settings)
    _refuse(method, checked.problems)
    return SecretFields(values=dict(checked.secrets)) if checked.secrets else NoCredentials()


def scopes_from(method: AuthMethod, connection: NangoConnection) -> tuple[str, ...]:
    """Return the scopes that the provider's token answer names; none where it names none."""
    if not isinstance(method, TokenRequest):
        return ()
    return granted_scopes(method.token_answer, connection.credentials.raw) or ()


def sign_by(credentials: kinds.OAuth1, app: NangoApp | None) -> Credentials | None:
    """Return what signs requests of OAuth 1.0a: the client's secret stands in the integration."""
    if app is None or app.client_id is None or app.client_secret is None:
        return None
    return OAuth1Tokens(
        client_id=app.client_id,
        client_secret=app.client_secret,
        token=credentials.oauth_token,
        token_secret=credentials.oauth_token_secret,
    )


def plain(credentials: kinds.NangoCredentials) -> dict[str, Any]:
    """Return credentials under Nango's own names, open, for the manifest's expressions."""
    fields = type(credentials).model_fields
    found = {spec.alias or name: _open(getattr(credentials, name)) for name, spec in fields.items() if name != "raw"}
    further = found.pop("further", None)
    return {**(further if isinstance(further, Mapping) else {}), **found, "raw": dict(credentials.raw)}


def _open(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {name: _open(one) for name, one in value.items()}
    if isinstance(value, kinds.OAuth2 | kinds.GitHubApp):
        return plain(value)
    return value


def _found(method: AuthMethod, connection: NangoConnection, *, secret: bool) -> dict[str, str | None]:
    """The fields that come from Nango, secret ones or plain; what is typed to get tokens stays there."""
    nango = method.nango or NangoSignIn(provider="none")
    config: Mapping[str, Any] = connection.connection_config
    credentials: Mapping[str, Any] = plain(connection.credentials)
    paths = {name: (credentials, name) for name in method.fields if _is_of_basic(method, name)}
    secrets = [name for name, spec in method.fields.items() if spec.is_secret]
    if len(secrets) == 1 and secrets[0] not in paths:
        paths[secrets[0]] = (credentials, "apiKey")
    paths |= {name: (config, path) for name, path in nango.facts.items()}
    paths |= {name: (credentials, path) for name, path in nango.credentials.items()}
    if isinstance(method, TokenRequest | OAuth1Method) or isinstance(connection.credentials, kinds.Nothing):
        paths = {name: place for name, place in paths.items() if place[0] is config}
    wanted = {name: place for name, place in paths.items() if name in method.fields}
    return {
        name: as_text(search(path, found))
        for name, (found, path) in wanted.items()
        if method.fields[name].is_secret is secret
    }


def _refuse(method: AuthMethod, problems: Sequence[Problem]) -> None:
    if problems:
        first = problems[0]
        label = method.fields[first.field].title if first.field in method.fields else "the sign-in"
        raise SignInFailed(
            f"What Nango has of this sign-in cannot be used ({label}): {first.message}",
            hint="Sign in again; if it happens again, tell whoever runs this server.",
        )


def _sign_in_facts(method: AuthMethod, connection: NangoConnection) -> dict[str, str]:
    """The facts that the sign-in itself gives: by the token answer, or by what Nango kept of the callback."""
    if not isinstance(method, TokenRequest):
        return {}
    paths = method.nango.facts if method.nango is not None else {}
    kept = {name: as_text(search(path, connection.connection_config)) for name, path in paths.items()}
    own = {name: value for name, value in kept.items() if name in method.facts and value is not None}
    return {**from_token(method, connection.credentials.raw), **from_choice(method, own)}


def _token(found: kinds.NangoCredentials) -> SecretStr | None:
    if isinstance(found, kinds.GitHubAppOAuth):
        inner = found.user or found.app
        return inner.access_token if inner is not None else None
    if isinstance(found, kinds.OAuth2 | kinds.GitHubApp):
        return found.access_token
    if isinstance(found, kinds.OAuth2ClientCredentials | kinds.Jwt | kinds.Signature | kinds.TwoStep):
        return found.token
    return None


def _is_of_basic(method: AuthMethod, name: str) -> bool:
    return method.method in ("basic", "fields") and name in OF_BASIC
