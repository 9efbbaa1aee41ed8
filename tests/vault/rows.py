"""Rows with good defaults, made through the stores."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from connectory.net.address import HostRule
from connectory.vault.credentials import Credentials, SecretFields
from connectory.vault.entities import (
    ApiToken,
    AuditLine,
    Confirmation,
    Connection,
    ConnectionId,
    ConnectSession,
    FinishedSignIn,
    GrantId,
    KeptResult,
    OAuthFlow,
    PolicyEffect,
    PolicyRule,
    Role,
    SessionId,
    SessionStatus,
    StoredClient,
    StoredGrant,
    Use,
    User,
    UserId,
    Workspace,
    WorkspaceId,
    new_id,
)
from connectory.vault.vault import Vault

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BROWSER = "b" * 64


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **parts: float) -> None:
        self.time += timedelta(**parts)


@dataclass(frozen=True)
class Place:
    """A workspace and one of its users."""

    workspace: Workspace
    user: User

    @property
    def workspace_id(self) -> WorkspaceId:
        return self.workspace.id

    @property
    def user_id(self) -> UserId:
        return self.user.id


def key(value: str = "s3cret-token") -> SecretFields:
    return SecretFields(values={"token": SecretStr(value)})


async def make_place(vault: Vault, slug: str = "w1", user: str = "ada") -> Place:
    owner = await vault.workspaces.create_user(user, f"{user}@example.org")
    return Place(await vault.workspaces.create(slug, slug.upper(), owner=owner.id), owner)


async def make_member(vault: Vault, place: Place, name: str = "bob", role: Role = Role.MEMBER) -> Place:
    user = await vault.workspaces.create_user(name)
    await vault.workspaces.set_member(place.workspace_id, user.id, role)
    return replace(place, user=user)


def new_session(place: Place, *, alias: str = "default", expires_at: datetime | None = None) -> ConnectSession:
    return ConnectSession(
        id=SessionId(new_id("cs")),
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        owner=place.user_id,
        connector="github",
        alias=alias,
        backend="direct",
        scopes=("repo",),
        status=SessionStatus.PENDING,
        expires_at=expires_at or NOW + timedelta(minutes=10),
        link=secrets.token_urlsafe(32),
    )


def new_grant(value: str = "s3cret-token", **changes: object) -> StoredGrant:
    grant = StoredGrant(
        backend="direct",
        connector="github",
        method="token",
        family="github",
        account_id="1",
        account_name="octocat",
        credentials=key(value),
        facts={"shop": "acme"},
        scopes=("repo",),
        expires_at=None,
    )
    return replace(grant, **changes)  # type: ignore[arg-type]  # the tests name real fields


def new_use(
    connector: str = "github",
    *,
    connection_id: ConnectionId | None = None,
    hosts: tuple[HostRule, ...] = (HostRule("https://api.github.com"),),
) -> Use:
    return Use(connector, connection_id or ConnectionId(new_id("cn")), hosts)


def signed_in(
    value: str = "s3cret-token", *uses: Use, grant_id: GrantId | None = None, **changes: object
) -> FinishedSignIn:
    """A sign-in to be stored, for a new connection unless `uses` say which."""
    return FinishedSignIn(uses or (new_use(),), new_grant(value, **changes), grant_id)


async def bound_session(vault: Vault, session: ConnectSession) -> ConnectSession:
    """The session as the browser has it after its first post."""
    await vault.sessions.create(session)
    assert await vault.sessions.bind(session.id, BROWSER, until=session.expires_at)
    found = await vault.sessions.by_link(session.link)
    assert found is not None
    return found


async def make_flow(
    vault: Vault,
    session: ConnectSession,
    *,
    state: str | None = None,
    body: bytes = b"verifier",
    expires_at: datetime | None = None,
    poll_at: datetime | None = None,
) -> OAuthFlow:
    """A sign-in that has left for the provider, for ten minutes."""
    state, expires_at = state or secrets.token_urlsafe(32), expires_at or NOW + timedelta(minutes=10)
    await vault.oauth_flows.leave(session, "github", state, body, expires_at=expires_at, poll_at=poll_at)
    flow = await vault.oauth_flows.of_session(session)
    assert flow is not None
    return flow


def new_client(place: Place, **changes: object) -> StoredClient:
    client = StoredClient(
        workspace_id=place.workspace_id,
        family="github",
        server="",
        source="entered",
        client_id="Iv1.client",
        client_secret=SecretStr("client-s3cret"),
        redirect_uri="https://connect.example.org/oauth/callback",
    )
    return replace(client, **changes)  # type: ignore[arg-type]  # the tests name real fields


async def make_connection(
    vault: Vault, place: Place, *, alias: str = "default", shared: bool = False, value: str = "s3cret-token"
) -> Connection:
    session = new_session(place, alias=alias)
    if shared:
        session = replace(session, owner=place.workspace_id)
    return (await vault.sessions.finish(await bound_session(vault, session), signed_in(value))).connections[0]


async def make_token(vault: Vault, place: Place, *, hash: str | None = None) -> ApiToken:  # noqa: A002
    return await vault.tokens.create(
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        name="laptop",
        prefix="cny_abcd1234",
        hash=hash or secrets.token_hex(32),
        read_only=True,
        expires_at=NOW + timedelta(days=1),
    )


async def make_confirmation(
    vault: Vault, place: Place, connection: Connection, *, digest: str = "d1", token: ApiToken | None = None
) -> Confirmation:
    return await vault.confirmations.create(
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        token_id=token.id if token else None,
        connection_id=connection.id,
        action="github_create_issue",
        digest=digest,
        arguments={"title": "plain words", "labels": [1, 2]},
        expires_at=NOW + timedelta(minutes=10),
        link=secrets.token_urlsafe(32),
    )


async def make_result(
    vault: Vault,
    place: Place,
    connection: Connection,
    *,
    body: bytes = b"[1]",
    token: ApiToken | None = None,
    most: int = 9,
) -> KeptResult:
    return await vault.results.keep(
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        token_id=token.id if token else None,
        connection_id=connection.id,
        body=body,
        expires_at=NOW + timedelta(hours=1),
        most=most,
    )


async def make_policy(vault: Vault, place: Place, *, pattern: str = "github_*", user: bool = False) -> PolicyRule:
    return await vault.policies.add(
        workspace_id=place.workspace_id,
        user_id=place.user_id if user else None,
        token_id=None,
        effect=PolicyEffect.DENY,
        pattern=pattern,
    )


def audit_line(place: Place, **changes: object) -> AuditLine:
    line = AuditLine(
        id=new_id("au"),
        at=NOW,
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        token_id=None,
        connection_id=None,
        action="github_list_issues",
        effect="read",
        outcome="started",
        code=None,
        argument_names=("owner", "repo"),
        digest="d1",
        duration_ms=None,
    )
    return replace(line, **changes)  # type: ignore[arg-type]  # the tests name real fields


async def credentials_of(vault: Vault, connection: Connection) -> Credentials:
    grant = await vault.grants.get(connection.workspace_id, connection.grant_id)
    assert grant is not None
    return await vault.grants.open_credentials(grant)
