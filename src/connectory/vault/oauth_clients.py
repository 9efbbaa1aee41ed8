"""OAuth clients of a workspace, their secrets sealed (RFC 6749 section 2.2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import StoredClient, WorkspaceId, new_id
from connectory.vault.keys import KeyRing, place
from connectory.vault.tables import oauth_clients as clients


class OAuthClientStore:
    """Keeps one client for each family and authorization server."""

    def __init__(self, database: Database, keys: KeyRing, now: Clock) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    async def put(self, client: StoredClient) -> None:
        """Keep a client, in the place of the one that was there."""
        row_id = new_id("oc")
        secret = client.client_secret.get_secret_value() if client.client_secret else None
        body = json.dumps({"client_secret": secret, "redirect_uri": client.redirect_uri}).encode()
        values = {
            "id": row_id,
            "workspace_id": client.workspace_id,
            "family": client.family,
            "server": client.server,
            "source": client.source,
            "client_id": client.client_id,
            "body": self._keys.seal(body, bound_to=_place(row_id, client.workspace_id)),
            "created_at": self._now(),
        }

        def replace(connection: sa.Connection) -> None:
            connection.execute(sa.delete(clients).where(*_this(client)))
            connection.execute(sa.insert(clients), values)

        await self._database.write(replace)

    async def of_family(self, workspace_id: WorkspaceId, family: str) -> Sequence[StoredClient]:
        """Return a family's clients, that for any server last. Raises `CannotDecrypt`."""
        chosen = sa.select(clients).where(clients.c.workspace_id == workspace_id, clients.c.family == family)
        return [self._to_client(row) for row in await self._database.rows(chosen.order_by(clients.c.server.desc()))]

    async def list(self, workspace_id: WorkspaceId) -> Sequence[StoredClient]:
        """Return a workspace's clients by family. Raises `CannotDecrypt`."""
        chosen = sa.select(clients).where(clients.c.workspace_id == workspace_id)
        rows = await self._database.rows(chosen.order_by(clients.c.family, clients.c.server))
        return [self._to_client(row) for row in rows]

    async def families(self, workspace_id: WorkspaceId) -> frozenset[str]:
        """Return the families that have one; nothing is decrypted."""
        chosen = sa.select(clients.c.family).where(clients.c.workspace_id == workspace_id)
        return frozenset(row.family for row in await self._database.rows(chosen))

    async def count_entered(self, family: str) -> int:
        """Return how many apps people have entered for a family, in all workspaces."""
        chosen = sa.select(clients.c.id).where(clients.c.family == family, clients.c.source == "entered")
        return len(await self._database.rows(chosen))

    async def delete(self, client: StoredClient) -> bool:
        """Forget a client. False where there is none."""
        return await self._database.change(sa.delete(clients).where(*_this(client))) > 0

    def _to_client(self, row: sa.Row[Any]) -> StoredClient:
        body = json.loads(self._keys.open(row.body, bound_to=_place(row.id, row.workspace_id)))
        return StoredClient(
            workspace_id=WorkspaceId(row.workspace_id),
            family=row.family,
            server=row.server,
            source=row.source,
            client_id=row.client_id,
            client_secret=SecretStr(body["client_secret"]) if body["client_secret"] else None,
            redirect_uri=body["redirect_uri"],
        )


def _this(client: StoredClient) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        clients.c.workspace_id == client.workspace_id,
        clients.c.family == client.family,
        clients.c.server == client.server,
    )


def _place(row_id: str, workspace_id: str) -> str:
    return place(clients.name, "body", row_id, workspace_id)
