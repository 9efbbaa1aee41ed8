"""One process, several faces: the web page and `/mcp` under `serve`; the same beside MCP over stdin under `stdio`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import structlog

from connectory.cli.acting import principal_of
from connectory.cli.faces import list_changes, make_app, mcp_server
from connectory.cli.opening import OPENS_FOR, sign_in_link
from connectory.cli.output import show_text
from connectory.cli.registering import explain_serve
from connectory.cli.startup import warn_at_start
from connectory.cli.surroundings import ROOT
from connectory.errors import PageUnavailable, PortTaken, Unauthenticated
from connectory.gateway.mending import always_present
from connectory.identity.principal import local_principal
from connectory.settings import Settings
from connectory.wiring import Application, running

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from starlette.applications import Starlette

    from connectory.identity.principal import Principal
    from connectory.mcp.changes import ListChanges
    from connectory.web.election import WebPresence

STATE_POLL_S = 0.02
FIRST_ANSWERS_S = 0.3  # the page waits for it: loading it would slow down the first tool list
BEGINNING_S = 15.0  # a client's first call may be faster than the page's imports
CLOSING_S = 1.5  # a little more than the page takes to close
LEAVING_S = 0.5

_log = structlog.get_logger(__name__)


class LatePage:
    """Whether links may be handed out; asked of an election that begins after the application is built."""

    def __init__(self) -> None:
        self._presence: WebPresence | None = None
        self._begun = asyncio.Event()

    def begin(self, presence: WebPresence) -> None:
        """Ask `presence` from now on."""
        self._presence = presence
        self._begun.set()

    async def check(self) -> None:
        """Wait for the election to begin, then ask it. Raises `PortTaken` or `PageUnavailable`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._begun.wait(), BEGINNING_S)
        if self._presence is None:
            raise PageUnavailable("The sign-in page is not being served yet.", hint="Try again in a few seconds.")
        await self._presence.check()


async def serve_web(
    settings: Settings, *, no_auth: bool = False, root: Path = ROOT, make: Callable[..., Starlette] | None = None
) -> None:
    """Serve the page and `/mcp` until a signal ends it. `root`: where signs of a container are looked for.

    `make`: what to make the app with, instead of `make_app`.

    Raises `PortTaken`, `PageUnavailable`, `SetupError` leaves; `InvalidSettings` where `no_auth` would be unsafe.
    """
    if no_auth:
        from connectory.cli.no_auth import require_alone

        await asyncio.to_thread(require_alone, settings, root=root)
    page = LatePage()
    async with running(settings, presence=page.check if settings.is_local else always_present) as application:
        await warn_at_start(application)
        collect_garbage()
        with _stopped_by_signal() as stop:
            async with _hearing(application, stop) as changes:
                app = partial(make or make_app, application, changes, no_auth=no_auth)
                opening = await _opening(application)
                explain = partial(explain_serve, settings, no_auth=no_auth, opening=opening)
                if settings.is_local:
                    await _serve_elected(application, page, stop, app, explain)
                else:
                    from connectory.web.server import serve

                    await serve(app(), settings, stop=stop, on_ready=lambda: show_text(explain()))


async def _opening(application: Application) -> str | None:
    """The link that opens the page, for a person at a terminal of their own machine: no log shall hold it."""
    if not (application.settings.is_local and sys.stdout.isatty()):
        return None
    return await sign_in_link(application, await local_principal(application.vault), OPENS_FOR)


async def serve_stdio(settings: Settings, max_tools: int) -> None:
    """Serve one client over stdin and stdout, and the page beside it if elected, until stdin or a signal ends it."""
    page = LatePage()
    async with running(settings, presence=page.check) as application:
        if not settings.is_local and settings.token is None:
            raise Unauthenticated(
                "This server is set up for more than this machine, so stdio needs an API token.",
                hint="Make one with `connectory token create NAME` and set CONNECTORY_TOKEN.",
            )
        await principal_of(application)

        async def principal(_: ServerRequestContext[Any]) -> Principal:
            return await principal_of(application)  # each time: a revoked token stops at the next call

        from connectory.mcp.stdio import serve_stdio as serve_wire

        collect_garbage()
        with _stopped_by_signal() as stop:
            async with _hearing(application, stop) as changes, _presenting(application, page, stop, changes):
                server = mcp_server(application, principal, max_tools, changes)
                wire = asyncio.create_task(serve_wire(server), name="stdio")
                has_left = await _client_left(wire, stop)
    if not has_left:
        leave_at_once()  # the SDK reads stdin in a thread, which nothing can wake while the client holds the pipe open
    wire.result()


def leave_at_once() -> NoReturn:
    """End the process, in which all is closed by now: taking a thousand modules apart takes half a second."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@contextlib.asynccontextmanager
async def _hearing(application: Application, stop: asyncio.Event) -> AsyncIterator[ListChanges]:
    """Look for changed tool lists beside the block; when `stop` is set, open streams end before the server waits."""
    changes = list_changes(application)
    task = asyncio.create_task(_until(stop, changes), name="list changes")
    try:
        yield changes
    finally:
        stop.set()
        await asyncio.wait({task}, timeout=LEAVING_S)


async def _until(stop: asyncio.Event, changes: ListChanges) -> None:
    hearing = asyncio.create_task(changes.run())
    await stop.wait()
    hearing.cancel()
    await asyncio.wait({hearing})


async def _serve_elected(
    application: Application,
    page: LatePage,
    stop: asyncio.Event,
    app: Callable[[], Starlette],
    explain: Callable[..., str],
) -> None:
    """Serve once elected. Another process of this data folder may serve already: then wait, and say so."""
    from connectory.web.election import PresenceState, WebPresence

    settings = application.settings
    await asyncio.to_thread(load_page)  # first: whoever is elected must serve at once, others wait for the page
    presence = WebPresence(app, settings, application.vault.keys)
    page.begin(presence)
    task = asyncio.create_task(presence.run(stop), name="web page")
    try:
        while presence.state is PresenceState.STARTING and not (stop.is_set() or task.done()):  # noqa: ASYNC110
            await asyncio.sleep(STATE_POLL_S)
        if presence.state is PresenceState.SERVING:
            show_text(explain())
        elif presence.state is PresenceState.FOLLOWING:
            await _check_other(presence, settings)
            show_text(explain(is_following=True))
        elif not stop.is_set() and not task.done():
            if presence.problem is not None:
                raise presence.problem
            await presence.check()  # raises what is wrong
        await asyncio.wait({task})
    finally:
        stop.set()
        await asyncio.wait({task}, timeout=CLOSING_S)
    task.result()


async def _check_other(presence: WebPresence, settings: Settings) -> None:
    try:
        await presence.check()
    except (PageUnavailable, PortTaken):
        from connectory.web.election import SAME_PORT, elsewhere

        hint = f"{SAME_PORT} A Connectory of its own needs its own CONNECTORY_DATA_DIR."
        raise PortTaken(elsewhere(settings.port), hint=hint) from None


@contextlib.asynccontextmanager
async def _presenting(
    application: Application, page: LatePage, stop: asyncio.Event, changes: ListChanges
) -> AsyncIterator[None]:
    """Take part in the election beside the block. The tools work without the page, so its failures only tell."""
    task = asyncio.create_task(_present(application, page, stop, changes), name="web page")
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait({task}, timeout=CLOSING_S)
        task.cancel()


async def _present(application: Application, page: LatePage, stop: asyncio.Event, changes: ListChanges) -> None:
    try:
        await asyncio.sleep(FIRST_ANSWERS_S)
        await asyncio.to_thread(load_page)
        from connectory.web.election import WebPresence

        presence = WebPresence(partial(make_app, application, changes), application.settings, application.vault.keys)
        page.begin(presence)
        await warn_at_start(application)
        await presence.run(stop)
    except Exception:  # noqa: BLE001 # whatever it is, the client at stdin must not notice
        _log.exception("the web page failed; tools go on without it")


def load_page() -> None:
    """Import what the page and the first call need."""
    import jsonschema  # noqa: F401
    import limits  # noqa: F401 # not a part of it: its parts import each other, and a call in the loop begins at the top

    import connectory.mcp.http
    import connectory.web.app
    import connectory.web.election
    import connectory.web.guest_server  # noqa: F401
    from connectory.web.pages import load_templates

    load_templates()


def collect_garbage() -> None:
    """From now on, of what is made from now on: what a start leaves stays for the life of the process."""
    gc.freeze()
    gc.enable()


async def _client_left(wire: asyncio.Task[None], stop: asyncio.Event) -> bool:
    """Wait until the client has left, or a signal came: then calls under way are cancelled, and the answer is no.

    What the wire says of having been cancelled is no failure: the SDK's streams break under what still comes in.
    """
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({wire, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return wire.done()
    finally:
        stopping.cancel()
        if not wire.done():
            wire.cancel()
            await asyncio.wait({wire}, timeout=LEAVING_S)


@contextlib.contextmanager
def _stopped_by_signal() -> Iterator[asyncio.Event]:
    """An event that SIGINT or SIGTERM sets; a second one ends the process at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def leave(number: signal.Signals) -> None:
        if stop.is_set():  # asked twice: whatever still waits, at once (a thread may be reading stdin)
            os._exit(128 + number)
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, leave, number)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
