"""A vault in memory for what shall not be kept: the people and the rules of one workspace, and no connections.

Calls in it are judged as they would be in the real one, and go on the real one's record, by no connection that anybody
has; a sign-in is gone at the end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import sqlalchemy as sa

from connectory.vault.audit import AuditLog
from connectory.vault.clock import Clock, utc_now
from connectory.vault.entities import AuditLine, WorkspaceId
from connectory.vault.tables import api_tokens, memberships, policies, users, workspaces
from connectory.vault.vault import Vault, open_memory_vault


class PassingLog(AuditLog):
    """The record of a vault for what passes: its lines name no connection, which only they would know."""

    async def write(self, lines: Sequence[AuditLine]) -> None:
        """As `AuditLog.write`."""
        await super().write([replace(line, connection_id=None) for line in lines])


@asynccontextmanager
async def passing_vault(vault: Vault, workspace_id: WorkspaceId, *, now: Clock = utc_now) -> AsyncIterator[Vault]:
    """Give a vault in memory with one workspace of `vault`, its members, tokens and rules; its record is `vault`'s.

    What else is written there is gone with the block. Members who come or go meanwhile are not noticed.
    """
    memory = await open_memory_vault(keys=vault.keys, now=now)
    try:
        members = sa.select(memberships.c.user_id).where(memberships.c.workspace_id == workspace_id)
        chosen = {
            workspaces: workspaces.c.id == workspace_id,
            users: users.c.id.in_(members),
            memberships: memberships.c.workspace_id == workspace_id,
            api_tokens: api_tokens.c.workspace_id == workspace_id,
            policies: policies.c.workspace_id == workspace_id,
        }
        for table, condition in chosen.items():
            rows = [dict(row._mapping) for row in await vault.database.rows(sa.select(table).where(condition))]  # noqa: SLF001 # SQLAlchemy's public name
            if rows:
                await memory.database.change(sa.insert(table), rows)
        yield replace(memory, audit=PassingLog(vault.database, now, keep_days=0))
    finally:
        await memory.aclose()
