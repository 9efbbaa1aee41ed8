"""uvicorn as a guest: it leaves signals to the process it runs in, and connections that ask nothing do not stay."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectory.web.access_log import AccessLog


class GuestServer(uvicorn.Server):
    """Leaves signals alone and says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        self._on_ready()


def guest_server(
    app: ASGIApp, on_ready: Callable[[], None], most_connections: int, *, head_timeout_s: float, grace_s: float
) -> GuestServer:
    """Return a server of `app`; `head_timeout_s` is how long a connection may take to ask, `grace_s` to end."""
    config = uvicorn.Config(
        AccessLog(app),
        http=_impatient(head_timeout_s),  # by h11, the strict parser, whatever else is installed
        ws="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # uvicorn would believe every process on this machine
        server_header=False,
        timeout_graceful_shutdown=grace_s,  # type: ignore[arg-type]  # declared as whole seconds, used as any
        limit_concurrency=most_connections,
    )
    return GuestServer(config, on_ready)


def _impatient(head_timeout_s: float) -> type[H11Protocol]:
    class ImpatientProtocol(H11Protocol):
        """Ends connections whose next request does not come in time: some hundred of them shut everyone out (106)."""

        answered = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
            super().connection_made(transport)
            self.loop.call_later(head_timeout_s, self._end_if_none_came, 0)

        def on_response_complete(self) -> None:
            self.answered += 1
            self.loop.call_later(head_timeout_s, self._end_if_none_came, self.answered)
            super().on_response_complete()

        def _end_if_none_came(self, answered: int) -> None:
            is_at_work = bool(self.cycle) and not self.cycle.response_complete
            if self.answered == answered and not is_at_work:
                self.transport.close()

    return ImpatientProtocol
