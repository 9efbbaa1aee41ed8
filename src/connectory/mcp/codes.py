"""Codes in the place of links, for a machine whose page nobody can open (`CONNECTORY_SIGN_IN=device`, RFC 8628).

Where a service has none, the link is all there is. A code's sign-in is bound to no browser: what it still had to ask
could be answered nowhere, so it ends there, and the reason is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from connectory.auth.backend import DeviceCode, Question
from connectory.auth.manager import AuthManager
from connectory.auth.oauth.callback import TRY_AGAIN
from connectory.errors import ConnectoryError, SessionExpired
from connectory.identity.principal import Principal
from connectory.mcp.elicitation import is_over
from connectory.vault.entities import ConnectSession, SessionStatus

STEP_S = 1.0  # how soon it is noticed that something is left to ask
FindSession = Callable[[], Awaitable[ConnectSession]]


@dataclass(frozen=True, slots=True)
class SignInCodes:
    """Gives sessions their codes, where those are wanted, and waits for whoever types them."""

    auth: AuthManager
    is_wanted: bool

    async def begin(self, find: FindSession) -> tuple[ConnectSession, DeviceCode | None]:
        """Return the session that `find` gives, with its code; one whose code is spent ends, and `find` is asked again.

        Raises what the service says where it has codes and gives none now.
        """
        session = await find()
        try:
            return session, await self._code(session)
        except SessionExpired:
            await self.auth.sign_in.end(session)
        session = await find()
        return session, await self._code(session)

    async def resume(self, session: ConnectSession) -> tuple[ConnectSession, DeviceCode | None]:
        """Return a session that was shown before, with its code; as expired where that is spent."""
        try:
            return session, await self._code(session)
        except SessionExpired:
            return await self._end(session, None), None

    async def wait(self, principal: Principal, session: ConnectSession, timeout_s: float) -> ConnectSession:
        """Return the session once it is over, else after `timeout_s` seconds.

        A try that failed, or has something left to ask, is over as well: expired, and its `problem` says why.
        """
        clock = asyncio.get_running_loop()
        until = clock.time() + timeout_s
        while True:
            left_s = max(0.0, until - clock.time())
            current = await self.auth.wait(principal, session, min(left_s, STEP_S))
            if is_over(current):
                return current
            failed = (current.problem or "").removesuffix(TRY_AGAIN).rstrip()  # that speaks of the link
            if problem := failed or await self._left_to_ask(current):
                return await self._end(current, problem)
            if left_s <= STEP_S:
                return current

    async def _code(self, session: ConnectSession) -> DeviceCode | None:
        """Raises `SessionExpired` for a session that went on by a code which is spent, or in a browser."""
        if not self.is_wanted or is_over(session):
            return None
        try:
            return await self.auth.sign_in.by_code(session)
        except SessionExpired:
            raise
        except ConnectoryError:
            await self.auth.sign_in.end(session)  # it may be bound by now, to nobody
            raise

    async def _left_to_ask(self, session: ConnectSession) -> str | None:
        step = await self.auth.sign_in.first_step(session)
        if not isinstance(step, Question):
            return None
        names = ", ".join(option.name for option in step.options[:10])
        asked = [f"It gives access to several things, and one must be chosen: {names}."] if step.options else []
        said = " ".join([*asked, *(problem.message for problem in step.problems)])
        return (
            f"{said} A code cannot ask for that: the person runs"
            f" `connectory connect {session.connector} --alias {session.alias} --device` at the server's terminal."
        )

    async def _end(self, session: ConnectSession, problem: str | None) -> ConnectSession:
        await self.auth.sign_in.end(session)
        return replace(session, status=SessionStatus.EXPIRED, problem=problem)
