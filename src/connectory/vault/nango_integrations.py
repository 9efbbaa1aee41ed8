"""Which of Nango's integrations serves a way to sign in, where a workspace has said so. Nothing of it is secret."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import WorkspaceId
from connectory.vault.tables import nango_integrations as chosen


class NangoIntegrationStore:
    """Keeps one integration's key for each connector and method."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def put(self, workspace_id: WorkspaceId, connector: str, method: str, integration: str) -> None:
        """Choose an integration, in the place of the one that was chosen before."""
        this = {"workspace_id": workspace_id, "connector": connector, "method": method}

        def replace(connection: sa.Connection) -> None:
            connection.execute(sa.delete(chosen).where(*_is(workspace_id, connector, method)))
            connection.execute(sa.insert(chosen), {**this, "integration": integration, "created_at": self._now()})

        await self._database.write(replace)

    async def of(self, workspace_id: WorkspaceId) -> Mapping[tuple[str, str], str]:
        """Return what a workspace has chosen, by connector and method."""
        rows = await self._database.rows(sa.select(chosen).where(chosen.c.workspace_id == workspace_id))
        return {(row.connector, row.method): row.integration for row in rows}

    async def delete(self, workspace_id: WorkspaceId, connector: str, method: str) -> bool:
        """Forget a choice. False where there is none."""
        return await self._database.change(sa.delete(chosen).where(*_is(workspace_id, connector, method))) > 0


def _is(workspace_id: WorkspaceId, connector: str, method: str) -> tuple[sa.ColumnElement[bool], ...]:
    return chosen.c.workspace_id == workspace_id, chosen.c.connector == connector, chosen.c.method == method
