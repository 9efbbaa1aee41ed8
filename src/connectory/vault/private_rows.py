"""What only one user of a workspace can use, and what becomes useless when it goes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connectory.vault.tables import connections, grants


def delete_private_rows(connection: sa.Connection, workspace_id: str, user_id: str) -> None:
    """Delete a user's private connections and the grants that served nothing else.

    Tokens, sessions and the like hang on the membership and go with it.
    """
    private = connections.c.workspace_id == workspace_id, connections.c.owner == user_id
    used = connection.execute(sa.select(connections.c.grant_id).where(*private)).scalars().all()
    connection.execute(sa.delete(connections).where(*private))
    delete_unused_grants(connection, workspace_id, used)


def delete_unused_grants(connection: sa.Connection, workspace_id: str, grant_ids: Sequence[str]) -> None:
    """Delete those of the grants on which no connection is left: nobody can use their credentials any more."""
    in_use = sa.exists().where(connections.c.workspace_id == workspace_id, connections.c.grant_id == grants.c.id)
    connection.execute(
        sa.delete(grants).where(grants.c.workspace_id == workspace_id, grants.c.id.in_(grant_ids), ~in_use)
    )
