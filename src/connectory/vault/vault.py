"""The vault: the stores over one database and one key ring."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from connectory.errors import DatabaseUnusable, KeyInvalid
from connectory.settings import Settings
from connectory.vault.audit import AuditLog
from connectory.vault.clock import Clock, utc_now
from connectory.vault.confirmations import ConfirmationStore
from connectory.vault.connections import ConnectionStore
from connectory.vault.data_folder import prepare_folder
from connectory.vault.database import Database
from connectory.vault.grants import GrantStore
from connectory.vault.identities import IdentityStore
from connectory.vault.inspection import count_sealed, inspecting
from connectory.vault.key_file import how_to_put_back
from connectory.vault.keys import KEY_FILE, KeyRing, find_keys, load_key_ring
from connectory.vault.nango_integrations import NangoIntegrationStore
from connectory.vault.oauth_clients import OAuthClientStore
from connectory.vault.oauth_flows import OAuthFlowStore
from connectory.vault.policies import PolicyStore
from connectory.vault.results import KeptResults
from connectory.vault.schema import bring_up_to_date, make_tables
from connectory.vault.sessions import SessionStore
from connectory.vault.sign_in_links import SignInLinkStore
from connectory.vault.tokens import TokenStore
from connectory.vault.web_sessions import WebSessionStore
from connectory.vault.workspaces import WorkspaceStore

DATABASE_FILE = "connectory.db"


@dataclass(frozen=True, slots=True)
class Vault:
    """One store per subject. Every method of theirs that meets a workspace's rows is given the workspace, and
    selects by it, unless it is given an unguessable secret or an object that was found that way."""

    database: Database
    keys: KeyRing
    workspaces: WorkspaceStore
    tokens: TokenStore
    web_sessions: WebSessionStore
    sign_in_links: SignInLinkStore
    identities: IdentityStore
    grants: GrantStore
    connections: ConnectionStore
    sessions: SessionStore
    oauth_flows: OAuthFlowStore
    oauth_clients: OAuthClientStore
    nango_integrations: NangoIntegrationStore
    confirmations: ConfirmationStore
    results: KeptResults
    policies: PolicyStore
    audit: AuditLog

    async def aclose(self) -> None:
        """Let what is under way end, then close the database."""
        await self.database.aclose()


async def open_vault(settings: Settings, *, now: Clock = utc_now) -> Vault:
    """Open the database, brought up to date, with the keys of this installation.

    Raises `KeyInvalid`, `DatabaseUnusable`, `DatabaseLocked`, `DatabaseFull`. A wrong key is no error here:
    `grants.unreadable()` tells which credentials do not open with it.
    """
    keys = await asyncio.to_thread(_load_keys, settings)
    database = await asyncio.to_thread(Database.open_file, database_path(settings), wait_s=settings.database_wait_s)
    try:
        await bring_up_to_date(database)
    except BaseException:
        await database.aclose()
        raise
    return _vault(database, keys, now, settings.audit_days)


def _load_keys(settings: Settings) -> KeyRing:
    """The first key is made only while nothing is encrypted: beside a restored database it would open nothing."""
    path, key_file = database_path(settings), settings.data_dir / KEY_FILE
    if settings.encryption_key is None:
        prepare_folder(settings.data_dir)
    if (found := find_keys(settings)) is not None:
        return found.parse()
    # `Path.is_file` raises where the folder may not be entered; opening the database says so in better words
    if os.path.isfile(path):  # noqa: PTH113
        with inspecting(path) as connection:
            sealed = count_sealed(connection, None).total
        if sealed and find_keys(settings) is None:  # another process may just have made the key and used it
            raise KeyInvalid(
                f"There is no key file {key_file}, and {sealed} stored values need it.", hint=how_to_put_back(key_file)
            )
    return load_key_ring(settings)


async def open_memory_vault(*, keys: KeyRing | None = None, now: Clock = utc_now, audit_days: int = 0) -> Vault:
    """Open an empty vault in memory, for tests: the same stores on the same tables, gone with `aclose`."""
    import secrets

    database = Database.open_memory()
    await make_tables(database)
    return _vault(database, keys or KeyRing([secrets.token_bytes(32)]), now, audit_days)


def _vault(database: Database, keys: KeyRing, now: Clock, audit_days: int) -> Vault:
    return Vault(
        database=database,
        keys=keys,
        workspaces=WorkspaceStore(database, now),
        tokens=TokenStore(database, now),
        web_sessions=WebSessionStore(database, now),
        sign_in_links=SignInLinkStore(database, now),
        identities=IdentityStore(database, now),
        grants=GrantStore(database, keys, now),
        connections=ConnectionStore(database),
        sessions=SessionStore(database, keys, now),
        oauth_flows=OAuthFlowStore(database, keys, now),
        oauth_clients=OAuthClientStore(database, keys, now),
        nango_integrations=NangoIntegrationStore(database, now),
        confirmations=ConfirmationStore(database, keys, now),
        results=KeptResults(database, keys, now),
        policies=PolicyStore(database, now),
        audit=AuditLog(database, now, audit_days),
    )


def database_path(settings: Settings) -> Path:
    """Return where the SQLite file stands. Raises `DatabaseUnusable`.

    The URL of another database may hold a password: it is not shown.
    """
    if settings.database_url is None:
        return settings.data_dir / DATABASE_FILE
    try:
        url = sa.make_url(settings.database_url)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise DatabaseUnusable(
            "CONNECTORY_DATABASE_URL names no database that this version can use.",
            hint="Write it as sqlite:////path/to/connectory.db, or leave it out for the file in the data folder.",
        )
    return Path(url.database)
