"""A connection as if somebody had signed in, so that requests can be shown: there is nothing to send by it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from connectory.auth.backend import Entry, Problem
from connectory.auth.connections import DEFAULT_ALIAS
from connectory.auth.entries import check_entry
from connectory.auth.members import hosts_of
from connectory.auth.sessions import ConnectSessions
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import TokenRequest
from connectory.errors import InvalidPath
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.vault.clock import Clock
from connectory.vault.credentials import NoCredentials
from connectory.vault.entities import ConnectionId, FinishedSignIn, StoredGrant, Use, new_id
from connectory.vault.vault import Vault

KEEP_IT = "Keep it and connect it, then try it there."
ONLY_THEN = f"Where its requests go is known only once one has signed in, so they cannot be shown before. {KEEP_IT}"


@dataclass(frozen=True, slots=True)
class Supposing:
    """Supposes sign-ins in a vault that is nobody's: `vault/passing.py`."""

    vault: Vault
    settings: Settings
    now: Clock

    async def suppose(self, principal: Principal, connector: Connector, entry: Entry) -> tuple[Problem, ...]:
        """Let a connection stand as if the entry were taken. Nobody is asked, and its secrets are not read.

        Returns what is wrong with the rest of the entry, or that the sign-in itself says where requests go. Raises
        `InvalidPath` on an address that cannot be made.
        """
        way = connector.auth[entry.method]
        plain = {name: one for name, one in way.fields.items() if not one.is_secret}
        values = {name: value for name, value in entry.values.items() if name in plain}
        checked = check_entry(plain, replace(entry, values=values), self.settings)
        if checked.problems:
            return checked.problems
        try:
            hosts = hosts_of(connector, entry.method, checked.facts, private_confirmed=False)
        except InvalidPath:
            if isinstance(way, TokenRequest) and way.facts.keys() - checked.facts.keys():
                return (Problem("", ONLY_THEN),)
            raise
        family = connector.manifest.auth_family
        nobody = StoredGrant(
            "direct", family, entry.method, family, None, None, NoCredentials(), checked.facts, (), None
        )
        await self._store(principal, FinishedSignIn((Use(connector.name, ConnectionId(new_id("cn")), hosts),), nobody))
        return ()

    async def _store(self, principal: Principal, signed_in: FinishedSignIn) -> None:
        sessions, owner = ConnectSessions(self.vault, self.now), str(principal.user_id)
        name = signed_in.uses[0].connector
        session = await sessions.create(principal, owner, name, DEFAULT_ALIAS, None, (), None)
        await self.vault.sessions.finish(await sessions.bind(session, secrets.token_urlsafe(32)), signed_in)
