"""localstripe, a small copy of Stripe: its server on loopback, and the transport that leads to it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from tests.e2e.programs import ROOT, stop, wait_until_up
from tests.web.ports import free_port

PYTHON = ROOT / ".test-tools/localstripe/bin/python"
KEY = "sk_test_localstripe"
# Its own command listens on every interface, and writes all it knows into one file under /tmp.
LAUNCH = """
import sys
from aiohttp import web
from localstripe import resources
from localstripe.server import app
resources.Store.dump_to_disk = lambda store: None
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
FORBIDDEN = {"type": "invalid_request_error", "message": "The provided key does not have the required permissions."}


@contextmanager
def running_localstripe(folder: Path) -> Iterator[httpx2.URL]:
    """Start it on a free loopback port, empty, and give its address."""
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([str(PYTHON), "-c", LAUNCH, str(port)], stdout=log, stderr=log, cwd=folder)
        try:
            wait_until_up(f"http://127.0.0.1:{port}/js.stripe.com/v3/", process)
            yield httpx2.URL(f"http://127.0.0.1:{port}")
        finally:
            stop(process)


class LocalStripe(httpx2.AsyncBaseTransport):
    """Leads to localstripe what was meant for Stripe. It knows no account, so that is forbidden, as to most keys."""

    def __init__(self, url: httpx2.URL) -> None:
        self.url = url
        self.requests: list[httpx2.Request] = []
        self._inner = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.url.path == "/v1/account":
            return httpx2.Response(403, json={"error": FORBIDDEN})
        url = self.url.copy_with(raw_path=request.url.raw_path)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        content = await request.aread()
        return await self._inner.handle_async_request(
            httpx2.Request(request.method, url, headers=headers, content=content)
        )

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def make(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Make at localstripe what no action of ours makes there; its id and the rest come back."""
        async with httpx2.AsyncClient(auth=(KEY, ""), trust_env=False, timeout=60) as client:
            answer = await client.post(self.url.join(path), data=dict(form))
        made: dict[str, Any] = answer.raise_for_status().json()
        return made
