"""A vault in memory for what shall not be kept: the people and the rules of one workspace, and no connections.

Calls in it are judged as they would be in the real one, and go on the real one's record; a sign-in is gone at the end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import sqlalchemy as sa

from connectory.vault.clock import Clock, utc_now
from connectory.vault.entities import WorkspaceId
from connectory.vault.tables import api_tokens, memberships, policies, users, workspaces
from connectory.vault.vault import Vault, open_memory_vault


@asynccontextmanager
async def passing_vault(vault: Vault, workspace_id: WorkspaceId, *, now: Clock = utc_now) -> AsyncIterator[Vault]:
    """Give a vault in memory with one workspace of `vault`, its members, tokens and rules; the audit is `vault`'s own.

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
        yield replace(memory, audit=vault.audit)
    finally:
        await memory.aclose()
