"""Connecting and disconnecting on somebody's wish, for every face alike: by the policies, and on record.

What is refused is on record too. Of what is done the AuthManager keeps the record for `disconnect`; for `connect`,
which only begins a sign-in, it is kept here. Testing a sign-in and renewing it go to the
provider, and count as calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from connectory.auth.backend import Account, Revocation
from connectory.auth.manager import AuthManager
from connectory.auth.sessions import Usable, any_session
from connectory.catalog.manifest import Effect
from connectory.gateway.audit import AuditTrail, OpenLine
from connectory.gateway.gateway import Gateway
from connectory.gateway.policy import CONNECT, DISCONNECT
from connectory.identity.principal import Principal
from connectory.identity.record import given
from connectory.vault.entities import Connection, ConnectionId, ConnectSession


@dataclass(frozen=True, slots=True)
class Accounts:
    """What tools, pages and programs ask for about accounts; two of it are tools of ours that rules judge."""

    gateway: Gateway
    auth: AuthManager
    audit: AuditTrail

    @asynccontextmanager
    async def connecting(self, principal: Principal, asked: Mapping[str, Any]) -> AsyncIterator[OpenLine]:
        """Enclose what is done to connect, in a block that is not entered against a policy. Raises `PolicyDenied`."""
        async with self.audit.enclose(principal, CONNECT.tool, CONNECT.effect, asked) as line:
            await self.gateway.permit(principal, CONNECT, asked)
            yield line

    async def ask_connect(
        self,
        principal: Principal,
        connector: str,
        *,
        alias: str | None = None,
        backend: str | None = None,
        scopes: Sequence[str] = (),
        shared: bool = False,
        labels: Mapping[str, str] | None = None,
        usable: Usable = any_session,
    ) -> ConnectSession:
        """Return a session whose link connects: an open one for the same that is usable, else one of its own.

        `labels` are for what it makes. Raises `PolicyDenied` and as `AuthManager.connect`.
        """
        wishes: dict[str, Any] = {"alias": alias, "backend": backend, "scopes": scopes, "shared": shared}
        asked = {"connector": connector, **{name: value for name, value in wishes.items() if value}}
        asked |= given(labels=labels)
        async with self.connecting(principal, asked):
            return await self.auth.connect(principal, connector, **wishes, labels=labels, usable=usable)

    async def ask_reconnect(
        self, principal: Principal, connection: str, *, usable: Usable = any_session
    ) -> ConnectSession:
        """Return a session whose link renews a connection, which is named as for `AuthManager.resolve`.

        An open one comes back as of `ask_connect`.
        Raises `UnknownConnection`, `PolicyDenied` and as `AuthManager.connect`.
        """
        async with self.connecting(principal, {"connection": connection}) as line:
            row, _ = await self.auth.resolve(principal, connection)
            line.learn(connection_id=row.id, connector=row.connector)
            wishes: dict[str, Any] = {"alias": row.alias, "shared": row.is_shared}
            return await self.auth.connect(principal, row.connector, **wishes, usable=usable)

    async def disconnect(self, principal: Principal, connection: str) -> tuple[Connection, Revocation]:
        """Delete a connection, which is named as for `AuthManager.resolve`; return it, and what became of its sign-in.

        Raises `UnknownConnection`, `AmbiguousConnection`, `PolicyDenied`, `ConfirmationNeeded`, `RoleDenied`.
        """
        asked = {"connection": connection}
        async with self.audit.enclose_refusal(principal, DISCONNECT.tool, DISCONNECT.effect, asked):
            row, _ = await self.auth.resolve(principal, connection)
            await self.gateway.permit(principal, DISCONNECT, asked, row)
        return row, await self.auth.disconnect(principal, row.id)

    async def verify(self, principal: Principal, connection_id: ConnectionId) -> Account:
        """Ask the provider whether it still takes a sign-in; one that it refuses for good is marked so.

        Raises `QuotaExceeded` and as `AuthManager.verify`.
        """
        await self._count(principal, "verify", Effect.READ, connection_id)
        return await self.auth.verify(principal, connection_id)

    async def renew(self, principal: Principal, connection_id: ConnectionId) -> None:
        """Renew a sign-in's tokens. Raises `QuotaExceeded` and as `AuthManager.renew_connection`."""
        await self._count(principal, "refresh", Effect.WRITE, connection_id)
        await self.auth.renew_connection(principal, connection_id)

    async def _count(self, principal: Principal, action: str, effect: Effect, connection_id: ConnectionId) -> None:
        async with self.audit.enclose_refusal(principal, action, effect, {"connection": connection_id}):
            await self.gateway.count_call(principal)
