"""Confirmations: calls that wait for a person's yes, their arguments sealed (design 2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import (
    Confirmation,
    ConfirmationStatus,
    ConnectionId,
    TokenId,
    UserId,
    WorkspaceId,
    new_id,
)
from connectory.vault.keys import KeyRing, place
from connectory.vault.sealed_link import hash_link, open_sealed_link, seal_link
from connectory.vault.tables import confirmations

FORGET_AFTER = timedelta(days=1)
_CONFIRMATIONS = sa.select(confirmations)


class ConfirmationStore:
    """Keeps confirmations; each is decided once, and spent once."""

    def __init__(self, database: Database, keys: KeyRing, now: Clock) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    async def create(
        self,
        *,
        workspace_id: WorkspaceId,
        user_id: UserId,
        token_id: TokenId | None,
        connection_id: ConnectionId,
        action: str,
        digest: str,
        arguments: Mapping[str, Any],
        expires_at: datetime,
        link: str,
    ) -> Confirmation:
        """Keep a new question; the same user's long finished ones are forgotten."""
        asked = Confirmation(
            id=new_id("cf"),
            workspace_id=workspace_id,
            user_id=user_id,
            token_id=token_id,
            connection_id=connection_id,
            action=action,
            digest=digest,
            arguments=arguments,
            status=ConfirmationStatus.ASKED,
            expires_at=expires_at,
            link=link,
        )
        values = await asyncio.to_thread(self._to_values, asked)  # arguments may be large
        old = (
            confirmations.c.workspace_id == workspace_id,
            confirmations.c.user_id == user_id,
            confirmations.c.expires_at < self._now() - FORGET_AFTER,
        )

        def insert(connection: sa.Connection) -> None:
            connection.execute(sa.delete(confirmations).where(*old))
            connection.execute(sa.insert(confirmations), values)

        await self._database.write(insert)
        return asked

    async def by_link(self, link: str) -> Confirmation | None:
        """Return the question behind a link, whatever became of it. Raises `CannotDecrypt`."""
        return await self._first(_CONFIRMATIONS.where(confirmations.c.link_hash == hash_link(link)))

    async def find(
        self, workspace_id: WorkspaceId, user_id: UserId, token_id: TokenId | None, digest: str
    ) -> Confirmation | None:
        """Return the principal's newest question about exactly this call that is neither spent nor over.

        It may be asked, confirmed or denied. Raises `CannotDecrypt`.
        """
        chosen = _CONFIRMATIONS.where(
            confirmations.c.workspace_id == workspace_id,
            confirmations.c.user_id == user_id,
            confirmations.c.token_id.is_not_distinct_from(token_id),
            confirmations.c.digest == digest,
            confirmations.c.status != ConfirmationStatus.SPENT.value,
            confirmations.c.expires_at > self._now(),
        )
        return await self._first(chosen.order_by(confirmations.c.created_at.desc(), confirmations.c.id))

    async def decide(self, confirmation_id: str, *, confirmed: bool, until: datetime | None = None) -> bool:
        """Record the person's answer; it holds `until`, or as long as the question was open. False if not open."""
        status = ConfirmationStatus.CONFIRMED if confirmed else ConfirmationStatus.DENIED
        answer = {"status": status.value} | ({} if until is None else {"expires_at": until})
        return await self._change(confirmation_id, ConfirmationStatus.ASKED, answer)

    async def spend(self, confirmation_id: str) -> bool:
        """Use a yes up. True exactly once."""
        return await self._change(
            confirmation_id, ConfirmationStatus.CONFIRMED, {"status": ConfirmationStatus.SPENT.value}
        )

    async def _change(self, confirmation_id: str, before: ConfirmationStatus, values: Mapping[str, object]) -> bool:
        chosen = (
            confirmations.c.id == confirmation_id,
            confirmations.c.status == before.value,
            confirmations.c.expires_at > self._now(),
        )
        return await self._database.change(sa.update(confirmations).where(*chosen).values(**values)) > 0

    async def _first(self, chosen: sa.Select[Any]) -> Confirmation | None:
        """Select and decrypt in the reader's thread."""

        def find(connection: sa.Connection) -> Confirmation | None:
            row = connection.execute(chosen).first()
            return self._to_confirmation(row) if row else None

        return await self._database.read(find)

    def _to_values(self, asked: Confirmation) -> dict[str, object]:
        arguments = json.dumps(dict(asked.arguments)).encode()
        where = place(confirmations.name, "arguments", asked.id, asked.workspace_id)
        return {
            "id": asked.id,
            "link_hash": hash_link(asked.link),
            "link": seal_link(self._keys, asked.link, confirmations.name, asked.id, asked.workspace_id),
            "workspace_id": asked.workspace_id,
            "user_id": asked.user_id,
            "token_id": asked.token_id,
            "connection_id": asked.connection_id,
            "action": asked.action,
            "digest": asked.digest,
            "arguments": self._keys.seal(arguments, bound_to=where),
            "status": asked.status.value,
            "expires_at": asked.expires_at,
            "created_at": self._now(),
        }

    def _to_confirmation(self, row: sa.Row[Any]) -> Confirmation:
        where = place(confirmations.name, "arguments", row.id, row.workspace_id)
        return Confirmation(
            id=row.id,
            workspace_id=WorkspaceId(row.workspace_id),
            user_id=UserId(row.user_id),
            token_id=TokenId(row.token_id) if row.token_id else None,
            connection_id=ConnectionId(row.connection_id),
            action=row.action,
            digest=row.digest,
            arguments=json.loads(self._keys.open(row.arguments, bound_to=where)),
            status=ConfirmationStatus(row.status),
            expires_at=row.expires_at,
            link=open_sealed_link(self._keys, row.link, confirmations.name, row.id, row.workspace_id),
        )
