"""The double as one ASGI application: routes, and what Express does with every answer."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from tests.nango import connections, importing, integrations, page, proxying, sessions, signing_in, webhooks
from tests.nango.asking import Asked, Empty, Handler, endpoint, parse_query
from tests.nango.environments import call_limit, caller_by_token, limit_headers
from tests.nango.refusal import Refusal
from tests.nango.state import Exchange, NangoState

Answer = Callable[[Request], Awaitable[Response]]
Open = Callable[[Request, NangoState], Awaitable[Response]]
DASHBOARD = "<!doctype html><html><head><title>Nango</title></head><body><div id='root'></div></body></html>"
READ = ("connections:read", "connections:read_credentials")
LIST = ("connections:list", "connections:list_credentials")
PROXIED = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def make_app(state: NangoState) -> Starlette:
    """Build it. While it serves, `state` has a client for its own requests."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with httpx2.AsyncClient(trust_env=False, verify=False, timeout=60) as client:
            state.client = client
            yield
            for task in tuple(state.tasks):
                task.cancel()
            await asyncio.gather(*state.tasks, return_exceptions=True)
            state.client = None

    routes = [*_public(state), *_with_key(state), *_with_session(state)]
    express = Middleware(BaseHTTPMiddleware, dispatch=_express(state))
    app = Starlette(routes=routes, lifespan=lifespan, middleware=[express])
    app.router.redirect_slashes = False
    app.add_exception_handler(404, _unknown)
    app.add_exception_handler(405, _unknown)
    app.add_exception_handler(Refusal, _refused)
    return app


def _public(state: NangoState) -> list[Route]:
    """What needs no key, or brings its own proof."""

    def open_to_all(handler: Open) -> Answer:
        async def answer(request: Request) -> Response:
            return await handler(request, state)

        return answer

    return [
        Route("/health", _health),
        Route("/ready", _ready),
        Route("/oauth/connect/{key}", _limited(state, signing_in.start_oauth)),
        Route("/oauth/callback", open_to_all(signing_in.oauth_callback)),
        Route("/api-auth/api-key/{key}", _limited(state, signing_in.take_api_key), methods=["POST"]),
        Route("/api-auth/basic/{key}", _limited(state, signing_in.take_basic), methods=["POST"]),
        Route("/webhook/{environment}/{key}", open_to_all(webhooks.take_from_provider), methods=["POST"]),
        Route(f"{sessions.PAGE}/", open_to_all(page.show)),
        Route(f"{sessions.PAGE}/", open_to_all(page.take), methods=["POST"]),
    ]


def _limited(state: NangoState, handler: Open) -> Answer:
    """By a session's token in the query, which counts against the limit of all sessions."""

    async def answer(request: Request) -> Response:
        headers: dict[str, str] = {}
        try:
            caller = caller_by_token(state, request.query_params.get("connect_session_token", ""))
            headers = limit_headers(*call_limit(state, caller, request))
            response = await handler(request, state)
        except Refusal as refusal:
            response = refusal.response()
            headers |= refusal.headers
        response.headers.update(headers)
        return response

    return answer


def _with_key(state: NangoState) -> list[Route]:
    """By an API key, each with the scopes of which one is needed."""

    def route(path: str, method: str, handler: Handler, *scopes: str) -> Route:
        return Route(path, endpoint(state, handler, *scopes), methods=[method])

    proxied = endpoint(state, proxying.proxy, "proxy", any_type=True)
    return [
        route("/integrations", "POST", integrations.create_integration, "integrations:create"),
        route(
            "/integrations/{key}",
            "GET",
            integrations.get_integration,
            "integrations:read",
            "integrations:read_credentials",
        ),
        route("/integrations/{key}", "PATCH", integrations.change_integration, "integrations:update"),
        route("/integrations/{key}", "DELETE", integrations.delete_integration, "integrations:delete"),
        route("/connect/sessions", "POST", sessions.create_session, "connect_sessions:write"),
        route("/connect/sessions/reconnect", "POST", sessions.reconnect_session, "connect_sessions:write"),
        route("/connections", "GET", connections.list_connections, *LIST),
        route("/connections", "POST", importing.import_connection, "connections:create"),
        route("/connections/metadata", "POST", connections.replace_metadata, "connections:update"),
        route("/connections/metadata", "PATCH", connections.merge_metadata, "connections:update"),
        route("/connections/{id:path}", "GET", connections.get_connection, *READ),
        route("/connections/{id:path}", "PATCH", connections.change_connection, "connections:update"),
        route("/connections/{id:path}", "DELETE", connections.delete_connection, "connections:delete"),
        route("/environment/webhook-signing-key/rotate", "POST", _rotate, "webhook_signing_key:rotate"),
        Route("/proxy", proxied, methods=PROXIED),
        Route("/proxy/{path:path}", proxied, methods=PROXIED),
    ]


def _with_session(state: NangoState) -> list[Route]:
    """By a session's token, alone or as well."""
    listed = ("integrations:list", "integrations:list_credentials")
    return [
        Route("/providers", endpoint(state, integrations.list_providers, by="either")),
        Route("/providers/{provider}", endpoint(state, integrations.get_provider, by="either")),
        Route("/integrations", endpoint(state, integrations.list_integrations, *listed, by="either")),
        Route("/connect/session", endpoint(state, sessions.get_session, by="session")),
        Route("/connect/session", endpoint(state, sessions.delete_session, by="session"), methods=["DELETE"]),
    ]


def _express(state: NangoState) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    """Faults that a test asked for, counting, and an ETag that is answered by 304."""

    async def answer(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        if not request.url.path.startswith(sessions.PAGE):
            state.seen.append((request.method, request.url.path))
            if state.faults:
                fault = state.faults.pop(0)
                await fault.wait()
                kind = {"content-type": fault.content_type} if fault.body else {}
                return Response(fault.body, fault.status, {**kind, **fault.headers})
        sent = await request.body()
        response = await _with_etag(request, await go_on(request))
        if not request.url.path.startswith(("/proxy", sessions.PAGE)):
            state.exchanges.append(_exchange(request, sent, response))
        return response

    return answer


def _exchange(request: Request, sent: bytes, response: Response) -> Exchange:
    names = frozenset(parse_query(request.url.query))
    return Exchange(
        request.method, request.url.path, names, _json(sent), response.status_code, _json(bytes(response.body))
    )


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


async def _with_etag(request: Request, response: Response) -> Response:
    iterator = getattr(response, "body_iterator", None)
    if iterator is None:
        return response
    body = b"".join([chunk if isinstance(chunk, bytes) else chunk.encode() async for chunk in iterator])
    is_streamed = proxying.STREAMED in response.headers
    dropped = ("content-length", proxying.STREAMED)
    kept = [(name, value) for name, value in response.headers.items() if name not in dropped]
    whole = Response(body, response.status_code)
    whole.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in kept]
    if response.status_code != 204:
        whole.headers["content-length"] = str(len(body))
    if (body or request.method == "HEAD") and response.status_code != 302 and not is_streamed:
        etag = f'W/"{len(body):x}-{hashlib.sha1(body, usedforsecurity=False).hexdigest()[:27]}"'
        whole.headers.setdefault("etag", etag)
        if (
            request.method in ("GET", "HEAD")
            and response.status_code == 200
            and request.headers.get("if-none-match") == etag
        ):
            return Response(status_code=304, headers={"etag": etag})
    return whole


async def _health(_: Request) -> Response:
    return JSONResponse({"result": "ok"})


async def _ready(_: Request) -> Response:
    return JSONResponse({"result": "ok"})


async def _rotate(asked: Asked) -> Response:
    """A new key for the environment's webhooks."""
    asked.parse_query(Empty)
    asked.environment.signing_key = str(uuid4())
    return JSONResponse({"data": {"webhook_signing_key": asked.environment.signing_key}})


async def _unknown(request: Request, _: Exception) -> Response:
    """The dashboard takes every GET that nothing else does."""
    if request.method in ("GET", "HEAD"):
        return HTMLResponse(DASHBOARD)
    shown = f"<!doctype html><pre>Cannot {request.method} {request.url.path}</pre>"
    return HTMLResponse(shown, 404)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()
