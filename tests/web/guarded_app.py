"""A small process's worth of app behind the real guard: one page, one program's route, one that fails."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectory.settings import Settings
from connectory.web.failures import exception_handlers
from connectory.web.guard import guard_middleware


@dataclass
class Handlers:
    """What reached a handler, as (method, path)."""

    reached: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def serve(self, request: Request) -> Response:
        self.reached.append((request.method, request.url.path))
        self.headers = dict(request.headers)
        self.body = await request.body()
        return PlainTextResponse("reached")

    async def fail(self, request: Request) -> Response:
        raise RuntimeError("the secret of this stack trace")


PATHS = ("/", "/connect/{link}", "/confirm/{link}", "/signin", "/mcp", "/sse", "/api/x", "/metrics", "/healthz")


def make_app(handlers: Handlers, settings: Settings) -> Starlette:
    routes = [Route(path, handlers.serve, methods=["GET", "POST", "DELETE", "OPTIONS"]) for path in PATHS]
    return Starlette(
        routes=[*routes, Route("/fails", handlers.fail)],
        middleware=guard_middleware(settings),
        exception_handlers=exception_handlers(),
    )


def client_of(app: Starlette, *, host: str = "http://localhost:8765", peer: str = "127.0.0.1") -> httpx2.AsyncClient:
    """A client that sends no header by itself that a browser would."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app, client=(peer, 50000)), base_url=host)
