"""The revision of a workspace: grows with every change of which other processes must hear (design 7.2)."""

from __future__ import annotations

import sqlalchemy as sa

from connectory.vault.tables import workspaces

_BUMP = (
    sa.update(workspaces)
    .where(workspaces.c.id == sa.bindparam("workspace"))
    .values(revision=workspaces.c.revision + sa.literal(1, literal_execute=True))
)


def bump_revision(connection: sa.Connection, workspace_id: str) -> None:
    """Count one change, in the transaction that makes it."""
    connection.execute(_BUMP, {"workspace": workspace_id})
