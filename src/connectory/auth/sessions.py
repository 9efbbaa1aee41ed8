"""Connect sessions: the single-use invitations behind the links (design 5.6).

pending --first POST--> bound to one browser --sign-in stored--> connected; either of the first two ends as expired.
Opening the link changes nothing: previews and mail scanners follow links too (attack 6).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from connectory.errors import SessionExpired
from connectory.identity.principal import Principal
from connectory.vault.clock import Clock
from connectory.vault.entities import Connection, ConnectSession, SessionId, SessionStatus, new_id
from connectory.vault.vault import Vault

LINK_BYTES = 32
OPEN_FOR = timedelta(minutes=10)
BOUND_FOR = timedelta(minutes=60)
JUST_NOW = timedelta(minutes=2)  # a connect repeated so soon asks how it went; later it is meant as a renewal
POLL_S = 0.25
_LIVE = frozenset({SessionStatus.PENDING, SessionStatus.BOUND})
Look = Callable[[ConnectSession], Awaitable[None]]
Usable = Callable[[ConnectSession], bool]
"""Whether an open session is of use to whoever asks; where it is not, they get one of their own."""


async def no_look(_: ConnectSession) -> None:
    """Somebody else brings the session on: a browser."""


def any_session(_: ConnectSession) -> bool:
    """The link goes to a person, who opens it where they like."""
    return True


def no_session(_: ConnectSession) -> bool:
    """Whoever asks signs in at once, and takes no link from a person who may have it open."""
    return False


class ConnectSessions:
    """Makes, finds, binds and awaits connect sessions; every step is one row in the database, none is memory only."""

    def __init__(self, vault: Vault, now: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._store = vault.sessions
        self._now = now
        self._sleep = sleep

    async def open_one(
        self, principal: Principal, owner: str, connector: str, alias: str, existing: Connection | None
    ) -> ConnectSession | None:
        """Return the principal's session for the same purpose, if one is open: asking twice gives the same link.

        Also when a browser has it: a person who makes a key at the provider first may need most of the hour.
        """
        session = await self._store.open_for(principal.workspace_id, principal.user_id, connector, alias, owner=owner)
        wanted = existing.id if existing else None
        return session if session is not None and session.connection_id == wanted else None

    async def just_connected(
        self, principal: Principal, owner: str, connector: str, alias: str, existing: Sequence[Connection]
    ) -> ConnectSession | None:
        """Return the session that made or renewed one of `existing` within the last two minutes."""
        session = await self._store.connected_for(
            principal.workspace_id, principal.user_id, connector, alias, owner=owner, since=self._now() - JUST_NOW
        )
        ids = {connection.id for connection in existing}
        return session if session is not None and session.connection_id in ids else None

    async def create(
        self, principal: Principal, owner: str, connector: str, alias: str, backend: str | None,
        scopes: tuple[str, ...], existing: Connection | None, labels: Mapping[str, str] | None = None,
    ) -> ConnectSession:  # fmt: skip
        """Store a new invitation with a fresh link. `labels` are for what it makes; None: no wish."""
        session = ConnectSession(
            id=SessionId(new_id("cs")),
            workspace_id=principal.workspace_id,
            user_id=principal.user_id,
            owner=owner,
            connector=connector,
            alias=alias,
            backend=backend,
            scopes=scopes,
            status=SessionStatus.PENDING,
            expires_at=self._now() + OPEN_FOR,
            link=secrets.token_urlsafe(LINK_BYTES),
            connection_id=existing.id if existing else None,
            labels=labels,
        )
        return await self._store.create(session)

    async def labelled(self, session: ConnectSession, labels: Mapping[str, str] | None) -> ConnectSession | None:
        """Return an open session so that what it makes gets these labels; None where its person was faster.

        Those that were asked for last count, and asking without any leaves them.
        """
        if labels is None or labels == session.labels:
            return session
        return replace(session, labels=labels) if await self._store.set_labels(session, labels) else None

    async def open_link(self, link: str) -> ConnectSession:
        """Return the live session behind a link; nothing changes. Raises `SessionExpired`, whatever the reason."""
        session = await self._store.by_link(link)
        if session is None or not self._is_live(session):
            raise link_is_spent()
        return session

    async def bind(self, session: ConnectSession, browser: str) -> ConnectSession:
        """Give the session to the browser that holds the cookie value `browser`; the first one wins.

        Returns the session as it stands now. Raises `SessionExpired` when another browser has it or its time is over.
        """
        if not browser:
            raise link_is_spent()
        browser_hash = hashlib.sha256(browser.encode()).hexdigest()
        current = await self.open_link(session.link)
        if current.status is SessionStatus.PENDING and await self._store.bind(
            current.id, browser_hash, until=self._now() + BOUND_FOR
        ):
            return await self.open_link(session.link)
        current = await self.open_link(session.link)  # somebody may have been faster: then this one tells who
        if not hmac.compare_digest(current.browser_hash or "", browser_hash):
            raise link_is_spent()
        return current

    async def require_bound(self, session: ConnectSession, browser: str) -> ConnectSession:
        """Return the session as it stands now, if this browser has bound it. Raises `SessionExpired`."""
        current = await self.open_link(session.link)
        browser_hash = hashlib.sha256(browser.encode()).hexdigest()
        if current.status is not SessionStatus.BOUND or not hmac.compare_digest(
            current.browser_hash or "", browser_hash
        ):
            raise link_is_spent()
        return current

    async def wait(
        self, principal: Principal, session: ConnectSession, timeout_s: float, look: Look = no_look
    ) -> ConnectSession:
        """Return the session once it is connected or expired, or a try has failed, else after `timeout_s` seconds.

        `look` is given the live session each time, at least once where there is time, and may bring it on. Raises
        `SessionExpired` for a session that is not this principal's.
        """
        deadline, has_looked = asyncio.get_running_loop().time() + timeout_s, timeout_s <= 0
        while True:
            current = await self._store.get(principal.workspace_id, session.id)
            if current is None or current.user_id != principal.user_id:
                raise link_is_spent()
            if current.status in _LIVE and not self._is_live(current):
                return replace(current, status=SessionStatus.EXPIRED)
            left_s = deadline - asyncio.get_running_loop().time()
            has_failed = current.problem is not None and current.problem != session.problem
            if current.status not in _LIVE or has_failed or (left_s <= 0 and has_looked):
                return current
            await look(current)
            has_looked = True
            if left_s > 0:
                await self._sleep(min(POLL_S, left_s))

    def _is_live(self, session: ConnectSession) -> bool:
        return session.status in _LIVE and session.expires_at > self._now()


def link_is_spent() -> SessionExpired:
    """One text for unknown, used, timed out and another browser's: the page must not tell which (attack 42)."""
    return SessionExpired(
        "This connect link is not valid any more: it was used, its time is over, or another browser has opened it.",
        hint="Ask the assistant to connect again; it gives a new link.",
    )
