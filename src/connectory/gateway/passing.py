"""Calls by a sign-in that is kept nowhere: what is entered is used while a block runs, and gone with it.

For who writes a manifest: a draft stands in a catalog of its own, its sign-in in a vault of its own, which knows no
connection and no OAuth app. Rules, allowances and record are the workspace's, as of any call.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from connectory.actions.watching import Watch
from connectory.auth.backend import Connected, Entry, Form, MethodForm, Problem, Question
from connectory.auth.entries import check_entry
from connectory.auth.manager import AuthManager
from connectory.auth.members import hosts_of
from connectory.auth.sessions import ConnectSessions
from connectory.catalog.catalog import Catalog
from connectory.catalog.manifest import TokenRequest
from connectory.errors import InvalidPath, PageUnavailable
from connectory.gateway.accounts import Accounts
from connectory.gateway.audit import AuditTrail
from connectory.gateway.gateway import Gateway
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.vault.clock import Clock
from connectory.vault.credentials import NoCredentials
from connectory.vault.entities import ConnectionId, FinishedSignIn, StoredGrant, Use, new_id
from connectory.vault.vault import Vault

ALIAS = "default"
ONLY_THEN = "Where its requests go is known only once one has signed in, so they cannot be shown before."


@dataclass(frozen=True, slots=True)
class PassingCalls:
    """Signing in and calling in a vault in memory; built by the wiring."""

    settings: Settings
    vault: Vault
    catalog: Catalog
    auth: AuthManager
    gateway: Gateway
    audit: AuditTrail
    now: Clock

    async def ways(self, principal: Principal, connector: str) -> tuple[MethodForm, ...]:
        """Return the ways to sign in; those with `leaves` go on in a browser. Raises `BackendUnavailable`."""
        configs = await self.auth.provider_config(principal, connector)
        return tuple(form for config in configs for form in config.methods)

    async def sign_in(self, principal: Principal, connector: str, entry: Entry) -> tuple[Problem, ...]:
        """Take an entry of a way that is typed, and return what is wrong with it; nothing: it is signed in.

        Raises `PolicyDenied` where the principal may not connect, and as `AuthManager.submit`.
        """
        session = await Accounts(self.gateway, self.auth, self.audit).ask_connect(principal, connector)
        step = await self.auth.submit(session, secrets.token_urlsafe(32), entry)
        if isinstance(step, Connected):
            return ()
        found = step.problems if isinstance(step, Form | Question) else ()
        return found or (Problem("", "This way to sign in goes on elsewhere."),)

    async def suppose(self, principal: Principal, connector: str, entry: Entry) -> tuple[Problem, ...]:
        """Let a connection stand as if the entry were taken, so that requests can be shown; its secrets are not read.

        Nobody is asked, and there is nothing to send. Returns what is wrong with the rest of the entry, or that the
        sign-in itself says where requests go. Raises `InvalidPath` on an address that cannot be made.
        """
        known = self.catalog.connector(connector)
        way = known.auth[entry.method]
        plain = {name: one for name, one in way.fields.items() if not one.is_secret}
        values = {name: value for name, value in entry.values.items() if name in plain}
        checked = check_entry(plain, replace(entry, values=values), self.settings)
        if checked.problems:
            return checked.problems
        try:
            hosts = hosts_of(known, entry.method, checked.facts, private_confirmed=False)
        except InvalidPath:
            if isinstance(way, TokenRequest) and way.facts.keys() - checked.facts.keys():
                return (Problem("", ONLY_THEN),)
            raise
        sessions, owner = ConnectSessions(self.vault, self.now), str(principal.user_id)
        session = await sessions.create(principal, owner, connector, ALIAS, None, (), None)
        family = known.manifest.auth_family
        nobody = StoredGrant(
            "direct", family, entry.method, family, None, None, NoCredentials(), checked.facts, (), None
        )
        signed_in = FinishedSignIn((Use(connector, ConnectionId(new_id("cn")), hosts),), nobody)
        await self.vault.sessions.finish(await sessions.bind(session, secrets.token_urlsafe(32)), signed_in)
        return ()


OpenPassing = Callable[[Principal, Catalog, Watch], AbstractAsyncContextManager[PassingCalls]]
"""Makes a vault of the principal's workspace for a block; `Watch` is shown what its calls send and get."""


async def no_page() -> None:
    """A page serves what is stored, and this is not. Raises `PageUnavailable`, always."""
    raise PageUnavailable(
        "This sign-in is for one call, and no page knows it.",
        hint="Keep the manifest (or put it into a folder of the server), connect it, and try again.",
    )
