"""A whole application in memory: real rooms over a vault in memory and providers inside the process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx2
from pydantic import SecretStr

from connectory.auth.backend import Connected, Entry
from connectory.auth.members import hosts_of
from connectory.auth.sessions import ConnectSessions
from connectory.catalog.catalog import Catalog
from connectory.identity.principal import Principal
from connectory.settings import Settings, load_settings
from connectory.testing.connectors import make_catalog
from connectory.testing.provider import FakeProvider
from connectory.vault.clock import Clock, utc_now
from connectory.vault.credentials import OAuthTokens
from connectory.vault.entities import Connection, ConnectionId, FinishedSignIn, Role, StoredGrant, Use, UserId, new_id
from connectory.vault.vault import open_memory_vault
from connectory.wiring import Application, running

NOTES_ORIGIN = "https://api.notes.example"


def make_settings(**environment: str) -> Settings:
    """Settings from these variables alone; the data folder is one that nothing writes to."""
    return load_settings({"CONNECTORY_DATA_DIR": "/nonexistent/connectory", **environment})


@asynccontextmanager
async def make_application(
    provider: httpx2.AsyncBaseTransport | None = None,
    *,
    catalog: Catalog | None = None,
    settings: Settings | None = None,
    mounts: Mapping[str, httpx2.AsyncBaseTransport] | None = None,
    now: Clock = utc_now,
    **more: Any,
) -> AsyncIterator[Application]:
    """An application with the Notes connector, whose provider is `provider`; close it by leaving the block."""
    vault = await open_memory_vault(now=now)
    try:
        async with running(
            settings or make_settings(),
            vault=vault,
            catalog=catalog or make_catalog(),
            mounts=mounts or {NOTES_ORIGIN: provider or FakeProvider()},
            now=now,
            **more,
        ) as application:
            yield application
    finally:
        await vault.aclose()


async def make_principal(
    application: Application, workspace: str = "default", user: str = "ann", role: Role = Role.OWNER, **more: Any
) -> Principal:
    """A principal of its own user, in a workspace that is made when it is missing."""
    vault = application.vault
    made = await vault.workspaces.create_user(user)
    found = await vault.workspaces.by_slug(workspace)
    if found is None:
        found = await vault.workspaces.create(workspace, workspace.title(), owner=made.id)
    await vault.workspaces.set_member(found.id, made.id, role)
    return Principal(found.id, UserId(made.id), role, **more)


async def connect(
    application: Application,
    principal: Principal,
    connector: str = "notes",
    *,
    token: str = "s3cret-token",
    method: str = "token",
    values: Mapping[str, str] | None = None,
    **more: Any,
) -> Connection:
    """Make a connection the way a person does: link, form, verification."""
    session = await application.auth.connect(principal, connector, **more)
    entry = Entry(method, values if values is not None else {"token": token})
    step = await application.auth.sign_in.submit(session, "browser", entry)
    assert isinstance(step, Connected), step
    return step.connection


async def grant_oauth(
    application: Application,
    principal: Principal,
    connector: str,
    method: str = "oauth",
    *,
    token: str = "s3cret-access-token",
    facts: Mapping[str, str] | None = None,
    further: Mapping[str, str] | None = None,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    alias: str = "default",
    now: Clock = utc_now,
) -> Connection:
    """Store what a finished OAuth sign-in leaves: tokens, facts and frozen hosts. No provider is asked.

    `further` are the tokens beside the access token, by the manifest's names.
    """
    vault, known = application.vault, application.catalog.connector(connector)
    facts = facts or {}
    others = {name: SecretStr(one) for name, one in (further or {}).items()}
    tokens = OAuthTokens(access_token=SecretStr(token), further=others, expires_at=expires_at)
    hosts = hosts_of(known, method, facts, private_confirmed=False)
    sessions = ConnectSessions(vault, now)
    invited = await sessions.create(principal, str(principal.user_id), connector, alias, "direct", tuple(scopes), None)
    stored = StoredGrant(
        backend="direct",  # it gives out what is stored, of whatever kind
        connector=known.manifest.auth_family,
        method=method,
        family=known.manifest.auth_family,
        account_id=None,
        account_name=None,
        credentials=tokens,
        facts=facts,
        scopes=tuple(scopes),
        expires_at=expires_at,
    )
    signed_in = FinishedSignIn((Use(connector, ConnectionId(new_id("cn")), hosts),), stored)
    return (await vault.sessions.finish(await sessions.bind(invited, "browser"), signed_in)).connections[0]
