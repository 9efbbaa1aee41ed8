"""What becomes useless when a connection, a user or a workspace goes: private connections, and grants nobody uses.

Such a grant is not deleted here: it is marked, with its last connection and in the same transaction, and its row stays
until the provider was told. So of two disconnects at once one withdraws it, and after a crash it is still known.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from connectory.vault.entities import Grant, GrantStatus
from connectory.vault.grants import to_grant
from connectory.vault.tables import connections, grants


def delete_private_connections(connection: sa.Connection, workspace_id: str, user_id: str) -> list[Grant]:
    """Delete a user's private connections; return the grants that served nothing else, marked `revoking`.

    Tokens, sessions and the like hang on the membership and go with it.
    """
    private = connections.c.workspace_id == workspace_id, connections.c.owner == user_id
    used = connection.execute(sa.select(connections.c.grant_id).where(*private)).scalars().all()
    connection.execute(sa.delete(connections).where(*private))
    return mark_unused(connection, workspace_id, used)


def delete_all_connections(connection: sa.Connection, workspace_id: str) -> list[Grant]:
    """Delete the workspace's connections; return its grants, marked `revoking`."""
    used = connection.execute(sa.select(grants.c.id).where(grants.c.workspace_id == workspace_id)).scalars().all()
    connection.execute(sa.delete(connections).where(connections.c.workspace_id == workspace_id))
    return mark_unused(connection, workspace_id, used)


def mark_unused(connection: sa.Connection, workspace_id: str, grant_ids: Collection[str]) -> list[Grant]:
    """Mark those of the grants on which no connection is left as `revoking`, and return them as they stand then."""
    in_use = sa.exists().where(connections.c.workspace_id == workspace_id, connections.c.grant_id == grants.c.id)
    left = []
    for grant_id in grant_ids:
        unused = grants.c.workspace_id == workspace_id, grants.c.id == grant_id, ~in_use
        marks = {"status": GrantStatus.REVOKING.value, "version": grants.c.version + 1}
        if connection.execute(sa.update(grants).where(*unused).values(**marks)).rowcount:
            left.append(to_grant(connection.execute(sa.select(grants).where(*unused)).one()))
    return left
