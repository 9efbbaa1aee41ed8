"""The double on a real loopback socket, in a thread: programs and browsers can use it, and tests that block."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import uvicorn
from tests.nango.app import make_app
from tests.nango.description import unlisted
from tests.nango.state import Clock, Environment, Fault, NangoState
from tests.oauth_servers.oidc import OidcServer
from tests.web.ports import free_port

READY_S = 30.0


@dataclass(frozen=True)
class NangoDouble:
    """A running double. What a test sets in `state` counts from the next request on."""

    origin: str
    state: NangoState = field(repr=False)

    @property
    def clock(self) -> Clock:
        """Its time."""
        return self.state.clock

    @property
    def dev(self) -> Environment:
        """One environment; `key` is its API key."""
        return self.state.dev

    @property
    def prod(self) -> Environment:
        """The other."""
        return self.state.prod

    @property
    def callback(self) -> str:
        """The redirect URI to register at an OAuth server."""
        return callback_of(self.origin)

    def sign_in_at(self, provider: str, server: OidcServer, **entry: Any) -> None:
        """Let a provider's OAuth be done by a real authorization server."""
        given = {"authorization_url": f"{server.issuer}/auth", "token_url": f"{server.issuer}/token", **entry}
        self.state.providers[provider] = {**self.state.providers[provider], **given}
        self.place(server.issuer, server.issuer)

    def place(self, origin: str, real: str) -> None:
        """Let the origin of a provider's API be reached at `real`; a real server refuses loopback and dead names."""
        self.state.places[_netloc(origin)] = real

    def fail(self, status: int = 500, body: bytes = b"", *, times: int = 1, **more: Any) -> None:
        """Answer the next requests with this instead."""
        self.state.faults.extend(Fault(status, body, **more) for _ in range(times))


@contextmanager
def nango_double(port: int | None = None, state: NangoState | None = None) -> Iterator[NangoDouble]:
    """Serve it on 127.0.0.1 while the block runs; then compare all that was said with Nango's description."""
    chosen, known = port or free_port(), state or NangoState()
    known.origin = f"http://127.0.0.1:{chosen}"
    config = uvicorn.Config(make_app(known), host="127.0.0.1", port=chosen, log_config=None, ws="none", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="nango-double")
    thread.start()
    try:
        deadline = time.monotonic() + READY_S
        while not server.started:
            assert thread.is_alive(), "the double ended before it was ready"
            assert time.monotonic() < deadline, "the double does not start"
            time.sleep(0.01)
        yield NangoDouble(known.origin, known)
    finally:
        server.should_exit = True
        thread.join(READY_S)
    strange = unlisted(known.exchanges)
    assert not strange, "the double and Nango's description differ:\n" + "\n".join(strange)


def callback_of(origin: str) -> str:
    """Nango's redirect URI: it must be known before the OAuth server starts, so both ports are chosen before."""
    return f"{origin}/oauth/callback"


def _netloc(origin: str) -> str:
    url = httpx2.URL(origin)
    return f"{url.scheme}://{url.netloc.decode()}"
