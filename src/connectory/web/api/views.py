"""Our values as the API shows them; no credential is among them."""

from __future__ import annotations

from datetime import datetime

from connectory.auth.connections import Found, describe_account
from connectory.errors import BackendUnavailable
from connectory.vault.entities import ApiToken, GrantStatus, PolicyRule, StoredClient
from connectory.vault.keys import PUT_BACK
from connectory.web.api.shapes import (
    BackendName,
    ConnectedService,
    ConnectionMetadata,
    OAuthAppInfo,
    PolicyInfo,
    TokenInfo,
)

UNREADABLE = f"The stored sign-in does not open with the keys at hand. {PUT_BACK} If it is lost, connect it again."
BACKENDS: dict[str, BackendName] = {"nango": "nango", "builtin": "builtin", "direct": "direct"}


def backend_name(name: str) -> BackendName:
    """Return a backend's name as one of those that there are."""
    if name not in BACKENDS:
        raise BackendUnavailable(f"There is no auth backend '{name}'.")
    return BACKENDS[name]


def view_connection(found: Found, *, is_unreadable: bool, last_used: datetime | None) -> ConnectedService:
    """One account of a service."""
    row, grant = found
    problem = grant.problem if grant.status is not GrantStatus.ACTIVE else None
    return ConnectedService(
        id=row.id,
        provider=row.connector,
        auth_method=backend_name(grant.backend),
        status="unreadable" if is_unreadable else grant.status.value,
        account=describe_account(grant) if grant.account_name or grant.account_id else None,
        metadata=ConnectionMetadata(
            name=row.name,
            alias=row.alias,
            shared=row.is_shared,
            scopes=list(grant.scopes),
            expires_at=grant.expires_at,
            problem=UNREADABLE if is_unreadable else problem,
            labels=dict(row.labels),
        ),
        created_at=row.created_at,
        last_used=last_used,
    )


def view_policy(rule: PolicyRule) -> PolicyInfo:
    """A rule."""
    whom = {"user_id": rule.user_id, "token_id": rule.token_id}
    return PolicyInfo(id=rule.id, effect=rule.effect.value, pattern=rule.pattern, **whom)


def view_token(token: ApiToken) -> TokenInfo:
    """A token, without what would open anything."""
    return TokenInfo(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        user_id=token.user_id,
        read_only=token.read_only,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoked_at=token.revoked_at,
    )


def view_app(app: StoredClient) -> OAuthAppInfo:
    """An OAuth app, without its secret."""
    return OAuthAppInfo(
        family=app.family,
        server=app.server,
        source=app.source,
        client_id=app.client_id,
        has_secret=app.client_secret is not None,
        redirect_uri=app.redirect_uri,
    )
