"""A provider that a test plays itself: an API that tells what reached it, a token endpoint, a place for webhooks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from tests.nango.talking import PROVIDERS_OWN
from tests.web.ports import free_port

SHOWN = ("x-key", "authorization", "accept", "content-type", "x-own", "cookie", "idempotency-key", "x-not-prefixed")
EVERY = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
MARKS = {
    "link": '<http://x/2>; rel="next"',
    "x-request-id": "r-1",
    "x-ratelimit-remaining": PROVIDERS_OWN,
    "x-own": "o",
}


@dataclass
class LocalProvider:
    """What it has seen, and how it behaves: `refuses` lets token requests fail, `fails` the next API requests."""

    refuses: bool = False
    fails: int = 0
    tokens: int = 0
    hooks: list[dict[str, Any]] = field(default_factory=list)
    calls: int = 0

    async def echo(self, request: Request) -> Response:
        """Tell of a request."""
        self.calls += 1
        if self.fails > 0:
            self.fails -= 1
            return PlainTextResponse("not now", 503, {"retry-after": "1"})
        headers = {name: request.headers[name] for name in SHOWN if name in request.headers}
        if headers.get("content-type", "").startswith("multipart/"):
            headers["content-type"] = "multipart/form-data"
        told = {
            "method": request.method,
            "path": request.scope["raw_path"].decode("ascii"),
            "query": request.url.query,
            "headers": headers,
            "body": (await request.body()).decode() if "multipart" not in headers.get("content-type", "") else "...",
        }
        return JSONResponse(told, headers=MARKS)

    async def chunked(self, _: Request) -> Response:
        """An answer in chunks."""

        async def pieces() -> AsyncIterator[bytes]:
            yield b'{"a":'
            yield b"1.0}"

        return StreamingResponse(pieces(), headers=MARKS, media_type="application/json")

    async def file(self, _: Request) -> Response:
        """A file."""
        return Response(b"abc", headers={**MARKS, "content-disposition": 'attachment; filename="a.txt"'})

    async def error(self, request: Request) -> Response:
        """An error of the wanted status, in JSON, or text where that is wanted."""
        status = int(request.path_params["status"])
        if "text" in request.query_params:
            return PlainTextResponse("sorry", status, MARKS)
        return JSONResponse({"message": "sorry", "n": 1.0}, status, MARKS)

    async def redirect(self, request: Request) -> Response:
        """To another path, in a circle, or elsewhere."""
        to = {"there": "/api/echo", "round": "/api/redirect/round", "away": "http://169.254.169.254/"}
        return RedirectResponse(to[request.path_params["to"]], 302)

    async def check(self, request: Request) -> Response:
        """Whether a key is good."""
        return JSONResponse({}, 200 if request.headers.get("x-key", "").startswith("good") else 401)

    async def token(self, request: Request) -> Response:
        """Tokens that last a minute: Nango renews them at every read."""
        form = await request.form()
        if self.refuses or form.get("code") == "bad":
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.tokens += 1
        found = {"access_token": f"access-{self.tokens}", "token_type": "bearer", "expires_in": 60}
        is_client = form.get("grant_type") == "client_credentials"
        return JSONResponse(found if is_client else {**found, "refresh_token": f"refresh-{self.tokens}"})

    async def hook(self, request: Request) -> Response:
        """Take a webhook."""
        names = sorted(name for name in request.headers if name.startswith("x-"))
        raw = await request.body()
        self.hooks.append({"body": await request.json(), "headers": names, "raw": raw.decode()})
        return Response(status_code=200)

    async def hooks_seen(self, request: Request) -> Response:
        """The bodies and header names of the webhooks so far, once there are as many as wanted."""
        for _ in range(200):
            if len(self.hooks) >= int(request.query_params["at_least"]):
                break
            await asyncio.sleep(0.05)
        told = [{key: value for key, value in one.items() if key != "raw"} for one in self.hooks]
        told.sort(key=lambda one: (one["body"]["operation"], str(one["body"].get("error"))))
        return JSONResponse(told)

    async def control(self, request: Request) -> Response:
        """Change its behaviour."""
        for name, value in (await request.json()).items():
            setattr(self, name, value)
        return JSONResponse({"calls": self.calls})

    def app(self) -> Starlette:
        """Its routes."""
        return Starlette(
            routes=[
                Route("/api/chunked", self.chunked),
                Route("/api/file", self.file),
                Route("/api/check", self.check),
                Route("/api/error/{status}", self.error, methods=EVERY),
                Route("/api/redirect/{to}", self.redirect),
                Route("/api/{path:path}", self.echo, methods=EVERY),
                Route("/token", self.token, methods=["POST"]),
                Route("/hook", self.hook, methods=["POST"]),
                Route("/hooks", self.hooks_seen),
                Route("/control", self.control, methods=["POST"]),
                Route("/{path:path}", self.echo, methods=EVERY),
            ]
        )


@contextmanager
def local_provider(host: str = "127.0.0.1") -> Iterator[tuple[str, LocalProvider]]:
    """Serve one on an address of this machine; yields host and port."""
    provider, port = LocalProvider(), free_port()
    config = uvicorn.Config(provider.app(), host=host, port=port, log_config=None, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="local-provider")
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the provider ended before it was ready"
            assert time.monotonic() < deadline, "the provider does not start"
            time.sleep(0.01)
        yield f"{host}:{port}", provider
    finally:
        server.should_exit = True
        thread.join(30)
