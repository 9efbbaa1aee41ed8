"""Real sockets for tests: a free port, and a server in the test's own loop."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.types import ASGIApp

from connectory.settings import Settings
from connectory.web.server import serve

PORTS = range(12_000, 32_000)  # below those that the system gives to whoever dials out meanwhile
_untaken: list[int] = []


def free_port() -> int:
    """A port that is free on both loopback families now; nobody else here is given it before it is bound."""
    while True:
        if not _untaken:
            own = _own_ports()
            _untaken.extend(random.sample(own, len(own)))
        port = _untaken.pop()
        with suppress(OSError), socket.socket() as four, socket.socket(socket.AF_INET6) as six:
            four.bind(("127.0.0.1", port))
            six.bind(("::1", port))
            return port


@asynccontextmanager
async def serving(app: ASGIApp, settings: Settings, **more: int) -> AsyncIterator[None]:
    """Serve `app` while the block runs."""
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(app, settings, stop=stop, on_ready=ready.set, **more))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()


def _own_ports() -> range:
    """Those of this process alone among the several that test at once (pytest-xdist)."""
    number, count = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    return PORTS[int(number.removeprefix("gw")) :: int(count)]
