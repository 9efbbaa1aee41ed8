"""The audit log: what was done, by whom, with which outcome; names and digests, no values (design 7.6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import AuditLine, ConnectionId, Outcome, TokenId, UserId, WorkspaceId
from connectory.vault.tables import audit, workspaces

CLEAN_EVERY = timedelta(hours=1)

_INSERT = sa.insert(audit)
_FINISH = (
    sa.update(audit)
    .where(audit.c.id == sa.bindparam("line"), audit.c.outcome == "started")
    .values(
        outcome=sa.bindparam("new_outcome"), code=sa.bindparam("new_code"), duration_ms=sa.bindparam("new_duration_ms")
    )
)
_LAST_USED = (
    sa.select(audit.c.connection_id, sa.func.max(audit.c.at).label("last"))
    .where(
        audit.c.workspace_id == sa.bindparam("workspace"),
        audit.c.connection_id.is_not(None),
        audit.c.outcome.in_(("ok", "error")),  # what was refused or only shown went nowhere
        audit.c.action.not_in(sa.bindparam("without", expanding=True)),
    )
    .group_by(audit.c.connection_id)
)
_NEWEST = (
    sa.select(audit.c.id, audit.c.outcome)
    .where(audit.c.workspace_id == sa.bindparam("workspace"))
    .order_by(audit.c.at.desc(), audit.c.id.desc())
    .limit(1)
)


class AuditLog:
    """Writes and lists audit lines, and deletes those older than `keep_days` (0: none)."""

    def __init__(self, database: Database, now: Clock, keep_days: int) -> None:
        self._database = database
        self._now = now
        self._keep = timedelta(days=keep_days) if keep_days else None
        self._deleted_at: datetime | None = None

    async def write(self, lines: Sequence[AuditLine]) -> None:
        """Commit `lines` in one transaction; at most once an hour, what is too old leaves in it."""
        if not lines:
            return
        values, cleaning = [_to_values(line) for line in lines], self._cleaning()

        def insert(connection: sa.Connection) -> None:
            connection.execute(_INSERT, values)
            if cleaning is not None:
                connection.execute(cleaning)

        await self._database.write(insert)

    async def finish(self, line_id: str, outcome: Outcome, code: str | None, duration_ms: int | None) -> bool:
        """Complete a line that was committed as "started". False if there is none such."""
        values = {"line": line_id, "new_outcome": outcome, "new_code": code, "new_duration_ms": duration_ms}
        return await self._database.change(_FINISH, values) > 0

    async def list(
        self,
        workspace_id: WorkspaceId,
        *,
        user_id: UserId | None = None,
        action: str | None = None,
        outcome: Outcome | None = None,
        connection_ids: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int = 100,
    ) -> Sequence[AuditLine]:
        """Return the newest lines of a workspace first, at most `limit` of those that fit.

        An `action` that ends with * stands for all that begin so. `before` is time and id of the line after which the
        list goes on: lines that are written meanwhile move nothing.
        """
        fitting = [audit.c.workspace_id == workspace_id]
        if user_id is not None:
            fitting.append(audit.c.user_id == user_id)
        if action is not None:
            fitting.append(_fits_action(action))
        if outcome is not None:
            fitting.append(audit.c.outcome == outcome)
        if connection_ids is not None:
            fitting.append(audit.c.connection_id.in_(list(connection_ids)))
        if since is not None:
            fitting.append(audit.c.at >= since)
        if until is not None:
            fitting.append(audit.c.at < until)
        if before is not None:
            at, line_id = before
            fitting += [audit.c.at <= at, sa.or_(audit.c.at < at, audit.c.id < line_id)]
        chosen = sa.select(audit).where(*fitting).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)
        return [_to_line(row) for row in await self._database.rows(chosen)]

    async def newest(self, workspace_id: WorkspaceId) -> tuple[str, Outcome] | None:
        """Return id and outcome of the newest line: another one, once something was done."""
        row = await self._database.row(_NEWEST, {"workspace": workspace_id})
        return None if row is None else (row.id, row.outcome)

    async def last_used(
        self, workspace_id: WorkspaceId, *, without: Collection[str] = ()
    ) -> Mapping[ConnectionId, datetime]:
        """Return when each connection of a workspace was used last, by another action than those `without`.

        Calls count that have come to an end at the service, well or not; what was never used so is left out.
        """
        rows = await self._database.rows(_LAST_USED, {"workspace": workspace_id, "without": tuple(without)})
        return {ConnectionId(row.connection_id): row.last for row in rows}

    def _cleaning(self) -> sa.Delete | None:
        """What deletes the old lines, if it is time to; by workspace, since that is how they are indexed."""
        now = self._now()
        if self._keep is None or (self._deleted_at is not None and now - self._deleted_at < CLEAN_EVERY):
            return None
        self._deleted_at = now
        everywhere = audit.c.workspace_id.in_(sa.select(workspaces.c.id))
        return sa.delete(audit).where(everywhere, audit.c.at < now - self._keep)


def _fits_action(action: str) -> sa.ColumnElement[bool]:
    if action.endswith("*"):
        return audit.c.action.startswith(action[:-1], autoescape=True)
    return audit.c.action == action


def _to_values(line: AuditLine) -> dict[str, object]:
    return {
        "id": line.id,
        "at": line.at,
        "workspace_id": line.workspace_id,
        "user_id": line.user_id,
        "token_id": line.token_id,
        "connection_id": _storable(line.connection_id),
        "connector": line.connector,
        "action": _storable(line.action),
        "effect": line.effect,
        "outcome": line.outcome,
        "code": line.code,
        "argument_names": list(line.argument_names),
        "digest": line.digest,
        "duration_ms": line.duration_ms,
    }


def _storable(text: str | None) -> str | None:
    """Text of a caller: a lone surrogate in it must not keep the line, nor its neighbours, out of the log."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _to_line(row: sa.Row[Any]) -> AuditLine:
    return AuditLine(
        id=row.id,
        at=row.at,
        workspace_id=WorkspaceId(row.workspace_id),
        user_id=UserId(row.user_id),
        token_id=TokenId(row.token_id) if row.token_id else None,
        connection_id=row.connection_id,
        connector=row.connector,
        action=row.action,
        effect=row.effect,
        outcome=row.outcome,
        code=row.code,
        argument_names=tuple(row.argument_names),
        digest=row.digest,
        duration_ms=row.duration_ms,
    )
