"""What a person or their program may change about a connection that stands: its alias, and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectory.auth.asking import require_connecting
from connectory.auth.connections import Connections, check_alias
from connectory.catalog.manifest import Effect
from connectory.errors import UnknownConnection
from connectory.identity.principal import Principal
from connectory.identity.record import OpenRecord, Record
from connectory.vault.connections import ConnectionStore
from connectory.vault.entities import Connection, ConnectionId


@dataclass(frozen=True, slots=True)
class ConnectionChanges:
    """Changes a connection, on record; its id, sign-in and history stay."""

    store: ConnectionStore
    connections: Connections
    record: Record

    async def rename(self, principal: Principal, connection_id: ConnectionId, alias: str) -> Connection:
        """Give a connection another alias, and return it so.

        Raises `UnknownConnection`, `InvalidArguments`, `AlreadyExists`, `RoleDenied` for a shared one, `PolicyDenied`.
        """
        asked = {"connection": connection_id, "alias": alias}
        async with self.record(principal, "rename", Effect.WRITE, asked) as line:
            row = await self._to_change(principal, connection_id, line)
            name = check_alias(alias)
            await line.start()
            return _there(await self.store.rename(principal.workspace_id, row.id, name), connection_id)

    async def label(self, principal: Principal, connection_id: ConnectionId, labels: Mapping[str, str]) -> Connection:
        """Put labels, which the face has checked, in the place of a connection's own, and return it so.

        Raises `UnknownConnection`, `RoleDenied` for a shared one, `PolicyDenied`.
        """
        asked = {"connection": connection_id, "labels": dict(labels)}
        async with self.record(principal, "label", Effect.WRITE, asked) as line:
            row = await self._to_change(principal, connection_id, line)
            await line.start()
            labelled = await self.store.set_labels(principal.workspace_id, row.id, labels)
            return _there(labelled, connection_id)

    async def _to_change(self, principal: Principal, connection_id: ConnectionId, line: OpenRecord) -> Connection:
        row, _ = await self.connections.by_id(principal, connection_id)
        line.learn(connection_id=row.id, connector=row.connector)
        require_connecting(principal, shared=row.is_shared, hint="Ask an owner of the workspace.")
        return row


def _there(changed: Connection | None, connection_id: ConnectionId) -> Connection:
    if changed is None:  # somebody has disconnected it meanwhile
        raise UnknownConnection(connection_id)
    return changed
