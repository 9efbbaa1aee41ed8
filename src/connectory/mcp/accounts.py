"""The fixed tools about accounts: connect one, list them, disconnect one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from connectory.auth.backend import Revocation
from connectory.auth.connections import describe_account
from connectory.auth.sessions import link_is_spent
from connectory.catalog.connector import Connector
from connectory.gateway.audit import AuditTrail
from connectory.gateway.mending import Presence
from connectory.gateway.policy import CONNECT, DISCONNECT
from connectory.gateway.shaping import fit_text
from connectory.identity.principal import Principal
from connectory.mcp.describing import MOST_NAMED
from connectory.mcp.elicitation import Asking, Invitation, NotNow, Unanswered, is_over
from connectory.mcp.offers import Offers
from connectory.vault.entities import ConnectSession, SessionId, SessionStatus

MOST_REMEMBERED = 10_000
ANSWER_BY_S = 52.0  # of the tool's 55: "still waiting" is an answer, a call that was stopped is none

Reach = Callable[[str], str]
"""What to do where a browser may not reach the link to connect this service; empty where it does. Blocks a moment."""


def within_reach(_: str) -> str:
    """Nothing stands between the page and the person's browser."""
    return ""


class AccountTools:
    """`connect`, `list_connections` and `disconnect`, in words for a model."""

    def __init__(
        self,
        offers: Offers,
        audit: AuditTrail,
        *,
        presence: Presence,
        connect_wait_s: float,
        result_tokens: int,
        reach: Reach = within_reach,
    ) -> None:
        self._offers, self._audit = offers, audit
        self._catalog, self._auth, self._gateway = offers.catalog, offers.auth, offers.gateway
        self._presence, self._connect_wait_s, self._result_tokens = presence, connect_wait_s, result_tokens
        self._reach = reach
        self._given: dict[SessionId, None] = {}

    async def connect(self, principal: Principal, asking: Asking, connector: str, **asked: Any) -> str | Unanswered:
        """Show the person the link, wait for them as far as the client's way allows, and give the connection."""
        async with self._audit.enclose(principal, CONNECT.tool, CONNECT.effect, {"connector": connector, **asked}):
            answer_by = asyncio.get_running_loop().time() + ANSWER_BY_S
            await self._gateway.permit(principal, CONNECT, asked)
            session = await self._session(principal, asking.link, connector, asked)
            has_waited = False

            async def wait() -> ConnectSession:
                nonlocal has_waited
                has_waited = True
                left_s = max(0.0, answer_by - asyncio.get_running_loop().time())
                return await self._auth.wait(principal, session, min(self._connect_wait_s, left_s))

            reach = await asyncio.to_thread(self._reach, connector)
            shown = session if is_over(session) else await asking.show(self._invite(session, reach), wait)
            if shown == "decline" or shown == "cancel":
                return await self._not_opened(principal, session, shown, reach)
            if not isinstance(shown, ConnectSession):
                return shown
            if shown.status is SessionStatus.CONNECTED:
                return await self._connected(principal, shown)
            if shown.status is SessionStatus.EXPIRED:
                return f"The link for {shown.connector} has expired. Call connect again for a new one."
            still = "Still waiting for the person. " if has_waited and not shown.problem else ""
            return await self._in_words(principal, shown, still, reach)

    async def list_connections(self, principal: Principal, connector: str | None = None) -> str:
        """What is connected, as rows."""
        if connector is not None:
            self._catalog.connector(connector)
        found = await self._auth.list_connections(principal, connector)
        if not found:
            may = await self._offers.may_connect(principal)
            way = "connect connects it" if may else "though you may not connect it: tell the person"
            return f"Nothing is connected yet. list_connectors shows what can be, {way}."
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

    async def _session(
        self, principal: Principal, shown: str | None, connector: str, asked: dict[str, Any]
    ) -> ConnectSession:
        """The session of the link that an earlier round has shown, else the open one, else a new one."""
        if shown is not None:
            found = await self._auth.find_session(shown)
            if found is None:  # forgotten, a day after its end
                raise link_is_spent()
            return await self._auth.wait(principal, found, 0)  # raises for somebody else's
        await self._presence()
        session = await self._auth.open_session(principal, connector, **asked)
        return session or await self._auth.connect(principal, connector, **asked)

    def _invite(self, session: ConnectSession, reach: str) -> Invitation:
        connector = self._catalog.connector(session.connector)
        words = f"Sign in to {connector.title}{self._all_of(connector)}.{f' {reach}' if reach else ''}"
        return Invitation(session, self._auth.link_url(session), words, self._is_news(session))

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

    async def _in_words(self, principal: Principal, session: ConnectSession, before: str, reach: str) -> str:
        connector = self._catalog.connector(session.connector)
        ways = await self._auth.ways(principal, connector.name)
        only = f"{ways.can} " if ways.missing or ways.after_setup else ""
        before += f"The last try failed: {session.problem}\n" if session.problem else ""
        return (
            f"{before}{only}Ask the person to open this link and sign in to {connector.title}{self._all_of(connector)}:"
            f" {self._auth.link_url(session)}\n{f'{reach}{chr(10)}' if reach else ''}"
            f"It works once and for ten minutes. Then call connect with the same arguments again: it waits for them."
        )

    async def _not_opened(self, principal: Principal, session: ConnectSession, answer: NotNow, reach: str) -> str:
        title = self._catalog.connector(session.connector).title
        if answer == "decline":
            return (
                f"The person would rather not sign in to {title} now, so nothing was connected. Go on without it, or"
                " ask what they prefer; call connect again only if they want to."
            )
        return await self._in_words(
            principal, session, "The person closed the question without an answer; nothing was connected. ", reach
        )

    def _all_of(self, connector: Connector) -> str:
        includes = ", ".join(self._catalog.connector(name).title for name in connector.manifest.includes)
        return f", which connects {includes} at once" if includes else ""


_REVOCATIONS = {
    Revocation.KEPT: "Another connection still uses the same sign-in.",
    Revocation.REVOKED: "{title} was told to forget the sign-in too.",
    Revocation.NOT_SUPPORTED: "If it was a key, the person may delete it at {title} too.",
    Revocation.FAILED: "{title} could not be told; the person should remove the access there.",
}
