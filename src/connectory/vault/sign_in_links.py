"""Links by which a person on this machine enters the pages: single use, of which only a hash is kept (design 5.6)."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import UserId, WorkspaceId
from connectory.vault.sealed_link import hash_link
from connectory.vault.tables import sign_in_links


class SignInLinkStore:
    """Makes and spends them."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def make(self, *, workspace_id: WorkspaceId, user_id: UserId, lasts: timedelta) -> str:
        """Return the secret part of a new link: 256 random bits, kept nowhere. Deletes those that are over."""
        secret, now = secrets.token_urlsafe(32), self._now()
        values = {
            "link_hash": hash_link(secret),
            "workspace_id": workspace_id,
            "user_id": user_id,
            "created_at": now,
            "expires_at": now + lasts,
        }

        def insert(connection: sa.Connection) -> None:
            connection.execute(sa.delete(sign_in_links).where(sign_in_links.c.expires_at <= now))
            connection.execute(sa.insert(sign_in_links), values)

        await self._database.write(insert)
        return secret

    async def spend(self, secret: str) -> tuple[WorkspaceId, UserId] | None:
        """Return whose link it was, once; None for one that is unknown, spent or over."""
        this = sign_in_links.c.link_hash == hash_link(secret)

        def take(connection: sa.Connection) -> tuple[WorkspaceId, UserId] | None:
            columns = (sign_in_links.c.workspace_id, sign_in_links.c.user_id)
            live = sa.select(*columns).where(this, sign_in_links.c.expires_at > self._now())
            row = connection.execute(live).one_or_none()
            is_first = connection.execute(sa.delete(sign_in_links).where(this)).rowcount == 1
            return (WorkspaceId(row.workspace_id), UserId(row.user_id)) if row is not None and is_first else None

        return await self._database.write(take)
