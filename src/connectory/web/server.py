"""Runs the web app under uvicorn on loopback (or `CONNECTORY_HOST`), as a guest in somebody else's event loop."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from connectory.errors import InvalidSettings, PortTaken, SetupError
from connectory.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from connectory.web.guest_server import GuestServer

LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")
GRACE_S = 0.3  # what is under way at the end may take this long: a client that ends us waits a second or two
BACKLOG = 512
MOST_CONNECTIONS = 500  # at once; with what goes out they stay below the usual 1,024 files of a process
HEAD_TIMEOUT_S = 10.0  # for a request's head, and for the body of one that is answered: uvicorn waits for ever
NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


async def serve(
    app: ASGIApp,
    settings: Settings,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], None] = lambda: None,
    most_connections: int = MOST_CONNECTIONS,
    head_timeout_s: float = HEAD_TIMEOUT_S,
) -> None:
    """Serve `app` until `stop` is set; `on_ready` is called once the sockets answer. Signals are the caller's matter.

    Over `most_connections` a request is answered 503 at once; calls under way go on, however long they take.

    Raises `PortTaken`, `InvalidSettings` for an address that is not this machine's, `SetupError` where the app fails.
    """
    sockets = await asyncio.to_thread(open_sockets, settings)
    try:
        server = await asyncio.to_thread(_make_server, app, on_ready, most_connections, head_timeout_s)
        running = asyncio.create_task(_run(server, sockets))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also when we are cancelled: the server closes its connections, then the cancellation goes on
            stopping.cancel()
            server.should_exit = True
            await running
    finally:
        for listener in sockets:
            listener.close()


def open_sockets(settings: Settings) -> list[socket.socket]:
    """Listen on every address the settings mean, or on none. Blocks for the lookup of a host name."""
    listeners: list[socket.socket] = []
    try:
        for family, address in listening_addresses(settings):
            try:
                listeners.append(_listen(family, address, settings.port))
            except OSError as error:
                if settings.host is None and address == "::1" and error.errno in NO_SUCH_ADDRESS:
                    continue  # a machine without IPv6: then nobody else can listen there either
                raise _explain(error, address, settings.port) from error
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def listening_addresses(settings: Settings) -> Sequence[tuple[socket.AddressFamily, str]]:
    """Return what the settings say to listen on. Blocks for the lookup of a host name. Raises `InvalidSettings`."""
    if settings.host is None:
        return ((socket.AF_INET, LOOPBACK_ADDRESSES[0]), (socket.AF_INET6, LOOPBACK_ADDRESSES[1]))
    try:
        found = socket.getaddrinfo(
            settings.host.strip("[]"), settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise InvalidSettings(
            f"CONNECTORY_HOST: {settings.host!r} is not an address of this machine.",
            hint="Use 127.0.0.1, 0.0.0.0 or leave it unset.",
        ) from error
    return [(family, str(address[0])) for family, _, _, _, address in found]


def who_listens(port: int, platform: str = sys.platform) -> str:
    """Return the command of this system that shows which program holds a port, between backticks."""
    return f"`lsof -nP -iTCP:{port} -sTCP:LISTEN`" if platform == "darwin" else f"`ss -ltnp 'sport = :{port}'`"


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    """Bind and listen at once: two processes may both bind, but only one can listen."""
    # asyncio turns Nagle's algorithm off only where the protocol is named: each answer would wait 40 ms otherwise.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is free again
        if family is socket.AF_INET6:
            is_both = address == "::"  # whoever asks for every address means IPv4 too
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if is_both else 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _explain(error: OSError, address: str, port: int) -> SetupError:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Another program listens on port {port} ({address}).",
            hint=f"End it ({who_listens(port)} shows which it is), or set CONNECTORY_PORT to a free port.",
        )
    return InvalidSettings(
        f"Cannot listen on {address} port {port}: {error.strerror}.", hint="Change CONNECTORY_HOST or CONNECTORY_PORT."
    )


def _make_server(
    app: ASGIApp, on_ready: Callable[[], None], most_connections: int, head_timeout_s: float
) -> GuestServer:
    from connectory.web.guest_server import guest_server  # heavy: only the process that serves the page needs it

    return guest_server(app, on_ready, most_connections, head_timeout_s=head_timeout_s, grace_s=GRACE_S)


async def _run(server: GuestServer, sockets: list[socket.socket]) -> None:
    try:
        await server.serve(sockets)
    except SystemExit as error:  # uvicorn's way to say that the app's lifespan failed; it has logged why
        raise SetupError("The web app did not start.", hint="The log says why.") from error
