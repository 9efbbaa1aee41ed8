"""One process per data folder serves the web page; the others wait and take over when it ends (design 7.2).

Every desktop client starts its own `connectory stdio`. A lock that the kernel holds decides between them: it falls
with its process, however that ends. Links name one port, so another port is never picked.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectory.errors import InvalidSettings, PageUnavailable, PortTaken, SetupError
from connectory.setting_forms import is_loopback
from connectory.settings import Settings
from connectory.web.origins import WILDCARDS
from connectory.web.proof import Answerer, ask
from connectory.web.server import LOOPBACK_ADDRESSES, listening_addresses, serve, who_listens

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from connectory.vault.keys import KeyRing

logger = logging.getLogger("connectory.web")

LOCK_NAME = "web.lock"
POLL_S = 0.25  # how soon a waiting process notices that the lock is free, or that a stranger left
CHECK_S = 4.0  # long enough for one takeover
RETRY_S = 0.1
SAME_PORT = (
    "If it has just been started, try again in a few seconds. Else it was given another port: set the same"
    " CONNECTORY_PORT here, for `connectory serve` and in all clients, and restart them."
)
_IN_TERMINAL = "A terminal works too: `connectory connect NAME`."
BELIEVED_AFTER = 3  # times in a row: a process of ours that is killed cuts the connection as a stranger would


class PresenceState(StrEnum):
    """What this process knows of the page."""

    STARTING = "starting"
    CLOSED = "closed"  # this process serves it no more
    SERVING = "serving"  # this process serves it
    FOLLOWING = "following"  # another process of this data folder holds the lock
    STRANGER = "stranger"  # we hold the lock, another program holds the port
    BROKEN = "broken"  # the lock file or the address cannot be used


class WebPresence:
    """This process's part in serving the page, and whether links to it may be handed out."""

    def __init__(
        self, make_app: Callable[[], ASGIApp], settings: Settings, keys: KeyRing, *, poll_s: float = POLL_S
    ) -> None:
        """`make_app` is called once, in a thread, by the process that wins: importing and building take a while."""
        self._make_app = make_app
        self._settings = settings
        self._keys = keys
        self._poll_s = poll_s
        self._why = ""
        self._app: ASGIApp | None = None
        self.problem: SetupError | None = None  # why this process, which holds the lock, cannot serve
        self.state = PresenceState.STARTING

    async def run(self, stop: asyncio.Event) -> None:
        """Stand for election until `stop` is set; serve while elected. Whoever started the task ends it."""
        lock: int | None = None
        try:
            while not stop.is_set():
                try:
                    lock = await asyncio.to_thread(_open_lock, self._settings.data_dir) if lock is None else lock
                    is_elected = await asyncio.to_thread(_try_lock, lock)
                except OSError as error:
                    self._turn(PresenceState.BROKEN, f"{self._settings.data_dir / LOCK_NAME}: {error.strerror}")
                else:
                    await self._take_part(is_elected, stop)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._poll_s)
        finally:
            if lock is not None:
                os.close(lock)

    async def check(self) -> None:
        """Return if a link may be handed out now.

        Raises `PortTaken` while a program of somebody else answers on the port, `PageUnavailable` while nobody does.
        """
        deadline, strangers = asyncio.get_running_loop().time() + CHECK_S, 0
        while self.state is not PresenceState.SERVING:
            answerer = await who_answers(self._settings, self._keys)
            if answerer is Answerer.OURS:
                return
            strangers = strangers + 1 if answerer is Answerer.STRANGER else 0
            if strangers == BELIEVED_AFTER:
                raise self._port_taken()
            is_late = asyncio.get_running_loop().time() >= deadline
            if not strangers and (is_late or self.state is PresenceState.BROKEN):
                raise self._nobody_serves()
            await asyncio.sleep(RETRY_S)

    async def _take_part(self, is_elected: bool, stop: asyncio.Event) -> None:
        if not is_elected:
            self._turn(PresenceState.FOLLOWING, "another Connectory process serves the page")
            return
        if self._app is None:
            self._app = await asyncio.to_thread(self._make_app)
        try:
            await serve(
                self._app,
                self._settings,
                stop=stop,
                on_ready=lambda: self._turn(PresenceState.SERVING, self._settings.origin),
            )
        except PortTaken as error:
            self.problem = error
            self._turn(PresenceState.STRANGER, error.text)
        except InvalidSettings as error:  # tools go on working without the page
            self.problem = error
            self._turn(PresenceState.BROKEN, error.text)
        else:
            self._turn(PresenceState.CLOSED, self._settings.origin)

    def _port_taken(self) -> PortTaken:
        port = self._settings.port
        return PortTaken(
            f"Another program holds port {port} on this machine, so no sign-in link can be offered.",
            hint=f"The person can end that program ({who_listens(port)} shows which it is), or set "
            f"CONNECTORY_PORT to the same free port for every client. {_IN_TERMINAL}",
        )

    def _nobody_serves(self) -> PageUnavailable:
        if self.state is PresenceState.FOLLOWING:
            return PageUnavailable(elsewhere(self._settings.port), hint=f"{SAME_PORT} {_IN_TERMINAL}")
        why = f" ({self._why})" if self.state is PresenceState.BROKEN else ""
        return PageUnavailable(
            f"The sign-in page is not being served at the moment{why}, so no link can be offered.",
            hint=f"Try again in a few seconds. {_IN_TERMINAL}",
        )

    def _turn(self, state: PresenceState, why: str) -> None:
        if state is not self.state:
            self.state, self._why = state, why
            level = logging.WARNING if state in (PresenceState.STRANGER, PresenceState.BROKEN) else logging.INFO
            logger.log(level, "Web page: %s (%s)", state.value, why)


def elsewhere(port: int) -> str:
    """Say that whoever is elected serves the page at another port; `SAME_PORT` is the cure."""
    return f"A Connectory process of this data folder is running, but nobody answers on port {port}."


async def who_answers(settings: Settings, keys: KeyRing) -> Answerer:
    """Ask at every address we listen on or a browser may try for our origin: one stranger is enough to refuse."""
    addresses = await asyncio.to_thread(asked_addresses, settings)
    answerers = await asyncio.gather(*(ask(keys, address, settings.port) for address in addresses))
    return next((who for who in (Answerer.STRANGER, Answerer.OURS) if who in answerers), Answerer.NOBODY)


def asked_addresses(settings: Settings) -> tuple[str, ...]:
    """Return where to ask who serves the page. Blocks for the lookup of a host name."""
    try:
        bound = [address for _, address in listening_addresses(settings)]
    except InvalidSettings:  # whoever holds the lock says so
        bound = []
    if WILDCARDS.intersection(bound):
        bound = [*LOOPBACK_ADDRESSES] if "::" in bound else [LOOPBACK_ADDRESSES[0]]
    name = urlsplit(settings.origin).hostname or ""
    linked = LOOPBACK_ADDRESSES if name == "localhost" else (name,) if is_loopback(name) else ()
    return tuple(dict.fromkeys([*bound, *linked]))


def is_held(folder: Path) -> bool:
    """Whether another process of this data folder is elected. Nothing is made. Raises `OSError`."""
    try:
        lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(lock)
    finally:
        os.close(lock)  # and the lock with it


def _open_lock(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int) -> bool:
    """Take the lock, or find that another process has it; asking again while we hold it is a yes."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
