"""The fixed tools about accounts: connect one, list them, disconnect one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from connectory.auth.backend import DeviceCode
from connectory.auth.connections import describe_account
from connectory.auth.sessions import link_is_spent
from connectory.auth.withdrawing import what_became
from connectory.catalog.connector import Connector
from connectory.gateway.accounts import Accounts
from connectory.gateway.audit import AuditTrail
from connectory.gateway.mending import Presence
from connectory.gateway.shaping import fit_text
from connectory.identity.principal import Principal
from connectory.mcp.codes import SignInCodes
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


@dataclass(frozen=True, slots=True)
class _Way:
    """How the person gets to the sign-in: by the session's link, or by a code. `reach`: what else to tell them."""

    session: ConnectSession
    code: DeviceCode | None
    reach: str


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
        by_code: bool = False,
    ) -> None:
        """`by_code`: a code to type at the service goes before the link to the page, where the service has such."""
        self._offers, self._accounts = offers, Accounts(offers.gateway, offers.auth, audit)
        self._catalog, self._auth, self._gateway = offers.catalog, offers.auth, offers.gateway
        self._presence, self._connect_wait_s, self._result_tokens = presence, connect_wait_s, result_tokens
        self._reach, self._codes = reach, SignInCodes(self._auth, is_wanted=by_code)
        self._given: dict[SessionId, None] = {}

    async def connect(self, principal: Principal, asking: Asking, connector: str, **asked: Any) -> str | Unanswered:
        """Show the person the link, wait for them as far as the client's way allows, and give the connection."""
        async with self._accounts.connecting(principal, {"connector": connector, **asked}):
            answer_by = asyncio.get_running_loop().time() + ANSWER_BY_S
            way = await self._way(principal, asking.link, connector, asked)
            has_waited = False

            async def wait() -> ConnectSession:
                nonlocal has_waited
                has_waited = True
                left_s = max(0.0, answer_by - asyncio.get_running_loop().time())
                waiting = self._codes if way.code is not None else self._auth
                return await waiting.wait(principal, way.session, min(self._connect_wait_s, left_s))

            shown = way.session if is_over(way.session) else await asking.show(self._invite(way), wait)
            if shown == "decline" or shown == "cancel":
                return await self._not_opened(principal, way, shown)
            if not isinstance(shown, ConnectSession):
                return shown
            if shown.status is SessionStatus.CONNECTED:
                return await self._connected(principal, shown)
            if shown.status is SessionStatus.EXPIRED:
                return _expired(shown, "code" if self._codes.is_wanted else "link")
            still = "Still waiting for the person. " if has_waited and not shown.problem else ""
            return await self._in_words(principal, replace(way, session=shown), still)

    async def list_connections(self, principal: Principal, connector: str | None = None) -> str:
        """What is connected, as rows."""
        if connector is not None:
            await self._catalog.settled(connector)
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
        """Delete a connection."""
        row, revocation = await self._accounts.disconnect(principal, connection)
        then = what_became(revocation, self._catalog.title_of(row.connector))
        return f"Disconnected {row.name}; its stored credentials are deleted. {then}"

    async def _way(self, principal: Principal, shown: str | None, connector: str, asked: dict[str, Any]) -> _Way:
        """By the link that an earlier round has shown, else the open one, else a new one; or by a code."""
        if shown is not None:
            found = await self._auth.sign_in.find(shown)
            if found is None:  # forgotten, a day after its end
                raise link_is_spent()
            session, code = await self._codes.resume(await self._auth.wait(principal, found, 0))  # only their own
        else:
            if not self._codes.is_wanted:
                await self._presence()

            async def find() -> ConnectSession:
                open_one = await self._auth.open_session(principal, connector, **asked)
                return open_one or await self._auth.connect(principal, connector, **asked)

            session, code = await self._codes.begin(find)
            if self._codes.is_wanted and code is None and not is_over(session):
                await self._presence()
        reach = await asyncio.to_thread(self._reach, connector) if code is None else ""
        return _Way(session, code, reach)

    def _invite(self, way: _Way) -> Invitation:
        connector, session = self._catalog.connector(way.session.connector), way.session
        words = f"Sign in to {connector.title}{self._all_of(connector)}.{f' {way.reach}' if way.reach else ''}"
        if way.code is not None:
            words = f"{words} Type this code there: {way.code.user_code}"
        url = self._auth.link_url(session) if way.code is None else way.code.verification_uri
        return Invitation(session, url, words, self._is_news(session))

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

    async def _in_words(self, principal: Principal, way: _Way, before: str) -> str:
        connector, session = self._catalog.connector(way.session.connector), way.session
        to = f"{connector.title}{self._all_of(connector)}"
        if way.code is not None:
            minutes = max(1, round(way.code.expires_in_s / 60))
            return (
                f"{before}Ask the person to open {way.code.verification_uri} in any browser, type the code"
                f" {way.code.user_code} there, and sign in to {to}.\n"
                f"It works once and for {'a minute' if minutes == 1 else f'{minutes} minutes'}. Then call connect with"
                " the same arguments again: it waits for them."
            )
        ways = await self._auth.ways(principal, connector.name)
        only = f"{ways.can} " if ways.missing or ways.after_setup else ""
        before += f"The last try failed: {session.problem}\n" if session.problem else ""
        return (
            f"{before}{only}Ask the person to open this link and sign in to {to}:"
            f" {self._auth.link_url(session)}\n{f'{way.reach}{chr(10)}' if way.reach else ''}"
            f"It works once and for ten minutes. Then call connect with the same arguments again: it waits for them."
        )

    async def _not_opened(self, principal: Principal, way: _Way, answer: NotNow) -> str:
        title = self._catalog.connector(way.session.connector).title
        if answer == "decline":
            return (
                f"The person would rather not sign in to {title} now, so nothing was connected. Go on without it, or"
                " ask what they prefer; call connect again only if they want to."
            )
        return await self._in_words(
            principal, way, "The person closed the question without an answer; nothing was connected. "
        )

    def _all_of(self, connector: Connector) -> str:
        includes = ", ".join(self._catalog.connector(name).title for name in connector.manifest.includes)
        return f", which connects {includes} at once" if includes else ""


def _expired(session: ConnectSession, what: str) -> str:
    """What became of a sign-in that nobody can go on with."""
    if session.problem is None:
        return f"The {what} for {session.connector} has expired. Call connect again for a new one."
    return f"{session.connector} was not connected: {session.problem}\nCall connect again for a new {what}."
