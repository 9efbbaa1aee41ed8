"""The fixed tools about accounts: connect one, list them, disconnect one."""

from __future__ import annotations

import asyncio
from typing import Any

from connectory.auth.backend import Revocation
from connectory.auth.connections import describe_account
from connectory.auth.manager import AuthManager
from connectory.catalog.catalog import Catalog
from connectory.gateway.audit import AuditTrail
from connectory.gateway.gateway import Gateway
from connectory.gateway.mending import Presence
from connectory.gateway.policy import CONNECT, DISCONNECT
from connectory.gateway.shaping import fit_text
from connectory.identity.principal import Principal
from connectory.vault.entities import ConnectSession, SessionId, SessionStatus

MOST_REMEMBERED = 10_000
MOST_NAMED = 50  # actions in the answer to `connect`
ANSWER_BY_S = 52.0  # of the tool's 55: "still waiting" is an answer, a call that was stopped is none


class AccountTools:
    """`connect`, `list_connections` and `disconnect`, in words for a model."""

    def __init__(
        self,
        catalog: Catalog,
        auth: AuthManager,
        gateway: Gateway,
        audit: AuditTrail,
        *,
        presence: Presence,
        connect_wait_s: float,
        result_tokens: int,
    ) -> None:
        self._catalog, self._auth, self._gateway, self._audit = catalog, auth, gateway, audit
        self._presence, self._connect_wait_s, self._result_tokens = presence, connect_wait_s, result_tokens
        self._given: dict[SessionId, None] = {}

    async def connect(self, principal: Principal, connector: str, **asked: Any) -> str:
        """Give the link; asked the same again, wait for the person and give the connection."""
        async with self._audit.enclose(principal, CONNECT.tool, CONNECT.effect, {"connector": connector, **asked}):
            answer_by = asyncio.get_running_loop().time() + ANSWER_BY_S
            await self._gateway.permit(principal, CONNECT, asked)
            await self._presence()
            session = await self._auth.open_session(principal, connector, **asked)
            session = session or await self._auth.connect(principal, connector, **asked)
            if self._is_news(session):
                return self._invitation(session, "")
            left_s = max(0.0, answer_by - asyncio.get_running_loop().time())
            session = await self._auth.wait(principal, session, min(self._connect_wait_s, left_s))
            if session.status is SessionStatus.CONNECTED:
                return await self._connected(principal, session)
            if session.status is SessionStatus.EXPIRED:
                return f"The link for {session.connector} has expired. Call connect again for a new one."
            return self._invitation(session, "Still waiting for the person. ")

    async def list_connections(self, principal: Principal, connector: str | None = None) -> str:
        """What is connected, as rows."""
        if connector is not None:
            self._catalog.connector(connector)
        found = await self._auth.list_connections(principal, connector)
        if not found:
            return "Nothing is connected yet. list_connectors shows what can be, connect connects it."
        rows = [
            {
                "connection": connection.name,
                "id": connection.id,
                "account": describe_account(grant),
                "status": grant.status.value,
                "shared": connection.is_shared,
            }
            for connection, grant in found
        ]
        return fit_text(rows, self._result_tokens)

    async def disconnect(self, principal: Principal, connection: str) -> str:
        """Delete a connection; the AuthManager puts that on record, so here only what does not get so far."""
        asked = {"connection": connection}
        async with self._audit.enclose_refusal(principal, DISCONNECT.tool, DISCONNECT.effect, asked):
            found, _ = await self._auth.resolve(principal, connection)
            await self._gateway.permit(principal, DISCONNECT, asked, found)
        revocation = await self._auth.disconnect(principal, found.id)
        known = self._catalog.connectors.get(found.connector)
        then = _REVOCATIONS[revocation].format(title=known.title if known else found.connector)
        return f"Disconnected {found.name}; its stored credentials are deleted. {then}"

    def _is_news(self, session: ConnectSession) -> bool:
        """Whether `connect` has not given this link yet: then it must not wait, the person may not have seen it.

        An error may have made the session. Forgetting, or another replica, only gives the link once more.
        """
        if session.status is SessionStatus.CONNECTED or session.id in self._given:
            return False
        if len(self._given) >= MOST_REMEMBERED:
            self._given.pop(next(iter(self._given)))
        self._given[session.id] = None
        return True

    async def _connected(self, principal: Principal, session: ConnectSession) -> str:
        """Name what was connected, for a bundle each of its connectors, and what the agent may do there now."""
        made = await self._auth.made_by(principal, session)
        each = ", ".join(f"{self._catalog.connector(row.connector).title} as {row.name}" for row in made)
        permitted = await self._gateway.callable_actions(principal)
        connectors = {row.connector for row in made}
        names = [action.tool for action in permitted if action.connector in connectors]
        done = f"Connected: {each}.\n{f'Not all of it: {session.problem}' + chr(10) if session.problem else ''}"
        if not names:
            return f"{done}{'Its' if len(made) == 1 else 'Their'} actions are not allowed by policy."
        more = f", and {len(names) - MOST_NAMED} more: search_actions finds them" if len(names) > MOST_NAMED else ""
        return (
            f"{done}Actions, callable now by call_action and as tools once your list reloads:"
            f" {', '.join(names[:MOST_NAMED])}{more}."
        )

    def _invitation(self, session: ConnectSession, before: str) -> str:
        connector = self._catalog.connector(session.connector)
        ways = self._auth.ways(connector.name)
        only = f"{ways.can} " if ways.missing else ""
        includes = ", ".join(self._catalog.connector(name).title for name in connector.manifest.includes)
        all_of = f", which connects {includes} at once" if includes else ""
        return (
            f"{before}{only}Ask the person to open this link and sign in to {connector.title}{all_of}:"
            f" {self._auth.link_url(session)}\n"
            f"It works once and for ten minutes. Then call connect with the same arguments again: it waits for them."
        )


_REVOCATIONS = {
    Revocation.KEPT: "Another connection still uses the same sign-in.",
    Revocation.REVOKED: "{title} was told to forget the sign-in too.",
    Revocation.NOT_SUPPORTED: "If it was a key, the person may delete it at {title} too.",
    Revocation.FAILED: "{title} could not be told; the person should remove the access there.",
}
