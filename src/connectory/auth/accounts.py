"""Accounts that are connected already and serve another connector of their family too, without a further sign-in.

Only the person's own for the same workspace and owner: a shared connection never lends its sign-in to a private one,
nor the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectory.auth.backend import ConnectedAccount, NewGrant
from connectory.auth.choice import BackendChoice
from connectory.auth.connections import Found, describe_account
from connectory.auth.members import members_of
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.errors import CannotDecrypt, NeedsReconnect
from connectory.vault.entities import ConnectSession, Grant, GrantId, GrantStatus
from connectory.vault.vault import Vault


class ConnectedAccounts:
    """Finds them for one connect session, and makes one of them its sign-in."""

    def __init__(self, vault: Vault, catalog: Catalog, choice: BackendChoice) -> None:
        self._vault = vault
        self._catalog = catalog
        self._choice = choice

    async def owned(self, session: ConnectSession) -> Sequence[Found]:
        """Return the connections of whoever the session's connection will belong to."""
        return await self._vault.connections.list(session.workspace_id, owners=(session.owner,))

    async def offered(self, session: ConnectSession) -> tuple[ConnectedAccount, ...]:
        """Return the accounts that can be used; none for a renewal, which is about its own one."""
        if session.connection_id is not None:
            return ()
        found = await self.owned(session)
        connector = self._catalog.connector(session.connector)
        grants = {grant.id: grant for _, grant in found}
        fitting = [grant for grant in grants.values() if await self._fits(grant, connector, found)]
        return tuple(
            ConnectedAccount(grant.id, describe_account(grant), self._titles(grant, found)) for grant in fitting
        )

    async def use(self, session: ConnectSession, grant_id: GrantId) -> tuple[NewGrant, str]:
        """Return an offered account's grant as the sign-in, and the backend that it belongs to.

        Raises `NeedsReconnect` where it is not offered any more, and what its backend raises.
        """
        if grant_id not in {account.grant_id for account in await self.offered(session)}:
            raise NeedsReconnect("That account cannot be used here any more.", hint="Choose another way to sign in.")
        found = await self.owned(session)
        grant = next(grant for _, grant in found if grant.id == grant_id)
        access = await self._choice.access(grant, valid_for_s=60)
        hosts = [host for row, on in found if on.id == grant_id for host in row.hosts]
        private = any(host.private_confirmed for host in hosts)
        kept = (grant.scopes, grant.expires_at, grant.client_id, private)
        return NewGrant(grant.method, access.credentials, grant.facts, (), *kept, access=access), grant.backend

    async def _fits(self, grant: Grant, connector: Connector, found: Sequence[Found]) -> bool:
        members = members_of(self._catalog, connector)
        served = {row.connector for row, on in found if on.id == grant.id}
        needed = {scope for member in members for scope in member.manifest.scopes}
        return (
            grant.family == connector.manifest.auth_family
            and grant.status is GrantStatus.ACTIVE
            and grant.method in connector.auth
            and not served >= {member.name for member in members}
            and (not grant.scopes or needed <= set(grant.scopes))
            and await self._opens(grant)
        )

    async def _opens(self, grant: Grant) -> bool:
        try:
            await self._vault.grants.open_credentials(grant)
        except CannotDecrypt:
            return False
        return True

    def _titles(self, grant: Grant, found: Sequence[Found]) -> tuple[str, ...]:
        names = sorted({row.connector for row, on in found if on.id == grant.id})
        known = self._catalog.connectors
        return tuple(known[name].title if name in known else name for name in names)
