"""Kept results: the whole of an answer that was cut, or a file; sealed, for one principal (design 6.3; attack 44)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import (
    ConnectionId,
    KeptEntry,
    KeptResult,
    ResultId,
    TokenId,
    UserId,
    WorkspaceId,
    new_id,
)
from connectory.vault.keys import KeyRing, place
from connectory.vault.tables import kept_results

MAX_USER_BYTES = 50_000_000  # of all that is kept for one user of a workspace


class KeptResults:
    """Keeps results for a while, and at most so many and so much for one user of a workspace."""

    def __init__(self, database: Database, keys: KeyRing, now: Clock, max_user_bytes: int = MAX_USER_BYTES) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._max_user_bytes = max_user_bytes

    async def keep(
        self,
        *,
        workspace_id: WorkspaceId,
        user_id: UserId,
        token_id: TokenId | None,
        connection_id: ConnectionId,
        body: bytes,
        expires_at: datetime,
        most: int,
        media_type: str | None = None,
        file_name: str | None = None,
    ) -> KeptResult:
        """Keep `body`. What is over leaves, and of the user's others the oldest: at most `most` and so many bytes stay.

        The new one stays in any case.
        """
        whose = (workspace_id, user_id, token_id)
        kept = KeptResult(ResultId(new_id("rs")), *whose, connection_id, body, expires_at, media_type, file_name)
        sealed = await asyncio.to_thread(self._keys.seal, body, bound_to=_place(kept.id, workspace_id))
        values = {**asdict(kept), "body": sealed, "size": len(body), "created_at": self._now()}

        def insert(connection: sa.Connection) -> None:
            connection.execute(self._over())
            connection.execute(sa.insert(kept_results), values)
            connection.execute(self._surplus(kept, most))

        await self._database.write(insert)
        return kept

    async def get(
        self, workspace_id: WorkspaceId, user_id: UserId, token_id: TokenId | None, result_id: ResultId
    ) -> KeptResult | None:
        """Return a result to the principal for whom it was kept, until its time is over. Raises `CannotDecrypt`."""
        chosen = sa.select(kept_results).where(
            kept_results.c.workspace_id == workspace_id,
            kept_results.c.user_id == user_id,
            kept_results.c.token_id.is_not_distinct_from(token_id),
            kept_results.c.id == result_id,
            kept_results.c.expires_at > self._now(),
        )

        def find(connection: sa.Connection) -> KeptResult | None:
            row = connection.execute(chosen).first()
            if row is None:
                return None
            body = self._keys.open(row.body, bound_to=_place(row.id, row.workspace_id))
            used = ConnectionId(row.connection_id)
            whose = (workspace_id, user_id, token_id)
            return KeptResult(result_id, *whose, used, body, row.expires_at, row.media_type, row.file_name)

        return await self._database.read(find)

    async def list(self, workspace_id: WorkspaceId, user_id: UserId, token_id: TokenId | None) -> list[KeptEntry]:
        """Return what is kept for a principal and not over, the newest first."""
        table = kept_results.c
        chosen = (
            sa.select(table.id, table.size, table.media_type, table.file_name)
            .where(
                table.workspace_id == workspace_id,
                table.user_id == user_id,
                table.token_id.is_not_distinct_from(token_id),
                table.expires_at > self._now(),
            )
            .order_by(table.created_at.desc(), table.id)
        )
        rows = await self._database.rows(chosen)
        return [KeptEntry(ResultId(row.id), row.size, row.media_type, row.file_name) for row in rows]

    async def expire(self) -> int:
        """Delete what is over, in all workspaces; return how many."""
        return await self._database.change(self._over())

    def _surplus(self, new: KeptResult, most: int) -> sa.Delete:
        """What of the user's results goes for the new one."""
        of_user = kept_results.c.workspace_id == new.workspace_id, kept_results.c.user_id == new.user_id
        newest_first = (kept_results.c.id == new.id).desc(), kept_results.c.created_at.desc(), kept_results.c.id
        so_far = sa.func.sum(sa.func.length(kept_results.c.body)).over(order_by=newest_first)
        number = sa.func.row_number().over(order_by=newest_first)
        row = sa.select(kept_results.c.id, so_far.label("so_far"), number.label("number")).where(*of_user).subquery()
        is_surplus = (row.c.number > max(most, 1)) | ((row.c.number > 1) & (row.c.so_far > self._max_user_bytes))
        return sa.delete(kept_results).where(*of_user, kept_results.c.id.in_(sa.select(row.c.id).where(is_surplus)))

    def _over(self) -> sa.Delete:
        return sa.delete(kept_results).where(kept_results.c.expires_at <= self._now())


def _place(result_id: str, workspace_id: str) -> str:
    return place(kept_results.name, "body", result_id, workspace_id)
