"""Connections: who may use which grant under which name (design 5.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from connectory.errors import AlreadyExists
from connectory.net.address import HostRule
from connectory.vault.database import Database
from connectory.vault.entities import Connection, ConnectionId, Grant, GrantId, SessionStatus, WorkspaceId
from connectory.vault.grants import to_grant
from connectory.vault.private_rows import mark_unused
from connectory.vault.revision import bump_revision
from connectory.vault.tables import connect_sessions, connections, grants

_CONNECTIONS = sa.select(connections).where(connections.c.workspace_id == sa.bindparam("workspace"))
_BY_ID = _CONNECTIONS.where(connections.c.id == sa.bindparam("id"))
_ALL = _CONNECTIONS.order_by(connections.c.connector, connections.c.alias, connections.c.id)
_CHOSEN = (
    connections.c.owner.in_(sa.bindparam("owners", expanding=True)),
    sa.or_(
        sa.bindparam("connector", type_=sa.String).is_(None),
        connections.c.connector == sa.bindparam("connector", type_=sa.String),
    ),
)
_OF_OWNERS = _ALL.where(*_CHOSEN)
_GRANTS_OF_OWNERS = sa.select(grants).where(
    grants.c.workspace_id == sa.bindparam("workspace"),
    grants.c.id.in_(
        sa.select(connections.c.grant_id).where(connections.c.workspace_id == sa.bindparam("workspace"), *_CHOSEN)
    ),
)


class ConnectionStore:
    """Keeps connections. They are made by `SessionStore.finish` alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, workspace_id: WorkspaceId, connection_id: ConnectionId) -> Connection | None:
        """Return a connection by id, whoever owns it: whether the principal may see it is for `auth` to say."""
        row = await self._database.row(_BY_ID, {"workspace": workspace_id, "id": connection_id})
        return to_connection(row) if row else None

    async def list(
        self, workspace_id: WorkspaceId, *, owners: Collection[str], connector: str | None = None
    ) -> Sequence[tuple[Connection, Grant]]:
        """Return the connections that one of `owners` has, to `connector` or to all, by connector and alias.

        Each with its grant, read at one go: every call of an agent passes here.
        """
        chosen = {"workspace": workspace_id, "owners": tuple(owners), "connector": connector}

        def find(connection: sa.Connection) -> Sequence[tuple[Connection, Grant]]:
            rows = connection.execute(_OF_OWNERS, chosen).all()
            on = {row.id: to_grant(row) for row in connection.execute(_GRANTS_OF_OWNERS, chosen)}
            # One deleted between the two statements is gone.
            return [(to_connection(row), on[row.grant_id]) for row in rows if row.grant_id in on]

        return await self._database.read(find)

    async def list_all(self, workspace_id: WorkspaceId) -> Sequence[Connection]:
        """Return every connection of the workspace, private ones too: for what runs on nobody's behalf."""
        return [to_connection(row) for row in await self._database.rows(_ALL, {"workspace": workspace_id})]

    async def rename(self, workspace_id: WorkspaceId, connection_id: ConnectionId, alias: str) -> Connection | None:
        """Give a connection another alias, and open links that renew it too; None if there is no such connection.

        Raises `AlreadyExists` where its owner has another one of this name.
        """
        this = connections.c.workspace_id == workspace_id, connections.c.id == connection_id
        live = connect_sessions.c.status.in_((SessionStatus.PENDING.value, SessionStatus.BOUND.value))
        links = connect_sessions.c.workspace_id == workspace_id, connect_sessions.c.connection_id == connection_id, live

        def rename(connection: sa.Connection) -> Connection | None:
            found = connection.execute(_BY_ID, {"workspace": workspace_id, "id": connection_id}).first()
            if found is None:
                return None
            if found.alias != alias:
                _require_free(connection, found, alias)
                connection.execute(sa.update(connections).where(*this).values(alias=alias))
                connection.execute(sa.update(connect_sessions).where(*links).values(alias=alias))
                bump_revision(connection, workspace_id)
            return replace(to_connection(found), alias=alias)

        return await self._database.write(rename)

    async def set_labels(
        self, workspace_id: WorkspaceId, connection_id: ConnectionId, labels: Mapping[str, str]
    ) -> Connection | None:
        """Put `labels` in the place of a connection's own, and return it so; None if there is no such connection."""
        this = connections.c.workspace_id == workspace_id, connections.c.id == connection_id

        def set_labels(connection: sa.Connection) -> Connection | None:
            connection.execute(sa.update(connections).where(*this).values(labels=dict(labels)))
            found = connection.execute(_BY_ID, {"workspace": workspace_id, "id": connection_id}).first()
            return to_connection(found) if found else None

        return await self._database.write(set_labels)

    async def delete(self, workspace_id: WorkspaceId, connection_id: ConnectionId) -> Sequence[Grant] | None:
        """Delete a connection with its kept results and open links; None if there was none.

        Returns its grant, marked `revoking`, if this was the last connection on it: to be withdrawn, then forgotten.
        """

        def delete(connection: sa.Connection) -> Sequence[Grant] | None:
            found = connection.execute(_BY_ID, {"workspace": workspace_id, "id": connection_id}).first()
            if found is None:
                return None
            this = connections.c.workspace_id == workspace_id, connections.c.id == connection_id
            connection.execute(sa.delete(connections).where(*this))
            bump_revision(connection, workspace_id)
            return mark_unused(connection, workspace_id, [found.grant_id])

        return await self._database.write(delete)


def _require_free(connection: sa.Connection, row: sa.Row[Any], alias: str) -> None:
    taken = sa.select(connections.c.id).where(
        connections.c.workspace_id == row.workspace_id,
        connections.c.owner == row.owner,
        connections.c.connector == row.connector,
        connections.c.alias == alias,
    )
    if connection.execute(taken).first() is not None:
        raise AlreadyExists(f"There is another connection called {row.connector}/{alias}.", hint="Use another alias.")


def host_rows(hosts: tuple[HostRule, ...]) -> list[Mapping[str, object]]:
    """The hosts as they stand in the JSON column."""
    return [{"origin": host.origin, "private_confirmed": host.private_confirmed} for host in hosts]


def to_connection(row: sa.Row[Any]) -> Connection:
    """The connection that a row of the table holds."""
    return Connection(
        id=ConnectionId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        owner=row.owner,
        connector=row.connector,
        alias=row.alias,
        grant_id=GrantId(row.grant_id),
        hosts=tuple(HostRule(host["origin"], host["private_confirmed"] is True) for host in row.hosts),
        created_at=row.created_at,
        labels=row.labels,
    )
