"""Judges every request of the process before any handler sees it, `/mcp` included (attacks 12, 28, 29, 68, 75, 120).

Plain ASGI: a wrapper that reads bodies or starts tasks of its own would break streaming and cancellation inside.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectory.settings import Settings
from connectory.web.failures import FailureBarrier, failure_response
from connectory.web.headers import SecurityHeaders
from connectory.web.origins import OurOrigins
from connectory.web.problems import WEBHOOKS, is_api

MAX_PAGE_BODY = 65_536  # bytes of a form
MAX_CONNECT_BODY = 262_144  # of one that may hold a file: of credentials, 64 KB of text, as a form escapes it
MAX_MANIFEST_BODY = 1_310_720  # of one with a manifest, of 1 MB at most, and credentials and arguments to try it by
MAX_API_BODY = 2_097_152  # of a call's arguments, which may hold a file, or a manifest
MAX_WEBHOOK_BODY = 1_048_576  # of Nango's, which passes on what providers send
BODY_TIMEOUT_S = 10.0  # for all of a form: who sends it drop by drop holds a connection, and nothing else
SAFE_METHODS = frozenset({"GET", "HEAD"})
PAGES = frozenset({"/", "/signin", "/signin/oidc", "/signin/oidc/callback", "/signout"})
DECISIONS = "/confirm/"
CONNECT = "/connect/"
OPEN = "/open/"
MEMBERS = "/workspaces/"
CALLBACKS = "/api/auth/callback/"
MANIFESTS = re.compile(r"/workspaces/[^/]+/settings/connectors(/try)?")
PAGE_FOLDERS = (CONNECT, DECISIONS, CALLBACKS, OPEN, MEMBERS)
MACHINE_FACES = ("/mcp", "/sse")  # these limit their bodies themselves
FORWARDING = (b"forwarded", b"x-real-ip", b"x-original-url", b"x-rewrite-url", b"x-client-ip")
OUR_FETCHES = frozenset({"same-origin", "none"})  # "none": the person typed the address or used a bookmark


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further."""

    status: Literal[403, 408, 413, 421]
    message: str
    hint: str


def is_page(path: str) -> bool:
    """Whether people open `path` in a browser. All else serves programs, static files and probes."""
    return path in PAGES or path.startswith(PAGE_FOLDERS)


def is_forwarding(name: bytes) -> bool:
    """Whether a header says what only a proxy can know."""
    return name.lower().startswith(b"x-forwarded-") or name.lower() in FORWARDING


def guard_middleware(settings: Settings) -> list[Middleware]:
    """Return what must stand around the whole process, `/mcp` included, the outermost first."""
    return [Middleware(SecurityHeaders, settings), Middleware(FailureBarrier), Middleware(RequestGuard, settings)]


class RequestGuard:
    """Refuses foreign hosts, cross-site requests and oversized forms; moves pages to the canonical origin."""

    def __init__(self, app: ASGIApp, settings: Settings, *, body_timeout_s: float = BODY_TIMEOUT_S) -> None:
        self._app = app
        self._origins = OurOrigins(settings)
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:  # a browser lets any page open a WebSocket to us; we have none
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        client = scope.get("client")
        trusted = self._origins.is_trusted_proxy(client[0] if client else None)
        hosts = (headers.getlist("x-forwarded-host") if trusted else []) or headers.getlist("host")
        method, path = scope["method"], scope["path"]
        refusal = _judge_host(hosts, self._origins) or judge_source(method, path, headers, self._origins)
        if refusal is None and _is_form(scope):
            body = await self._read_body(headers, receive, _most(path))
            if body is None:
                return
            if isinstance(body, Refusal):
                refusal = body
            else:
                receive = _replay(body, receive)
        if refusal is not None:
            response = failure_response(headers, refusal.status, refusal.message, refusal.hint, path=path)
            await response(scope, receive, send)
        elif method in SAFE_METHODS and is_page(path) and self._origins.is_other_loopback_name(hosts[0]):
            await self._move(scope, receive, send)
        else:
            await self._app(scope if trusted else _without_forwarding(scope), receive, send)

    async def _read_body(self, headers: Headers, receive: Receive, most: int) -> bytes | Refusal | None:
        try:
            async with asyncio.timeout(self._body_timeout_s):
                return await _read_body(headers, receive, most)
        except TimeoutError:
            return Refusal(408, "The form did not arrive in time.", "Send it again.")

    async def _move(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cookies and `Origin` belong to one name only, so a page is shown under one name only."""
        query = scope["query_string"].decode("latin-1")
        target = f"{self._origins.canonical}{quote(scope['path'])}" + (f"?{query}" if query else "")
        await RedirectResponse(target, status_code=307)(scope, receive, send)


def judge_source(method: str, path: str, headers: Headers, origins: OurOrigins) -> Refusal | None:
    """Judge where a request comes from: by `Origin` (RFC 6454) and by Fetch Metadata (W3C), whichever are sent.

    Programs send neither and pass: they are not made to call us by a web page. They decide nothing, though: a person's
    yes or no comes from a browser, which says where its form stood.
    """
    named = headers.getlist("origin")
    site = headers.get("sec-fetch-site")
    refusal = Refusal(403, "This request comes from another site.", f"Open {origins.canonical} itself and do it there.")
    if named and (len(named) > 1 or not origins.is_our_origin(named[0])):
        return refusal
    if site is not None and site not in OUR_FETCHES and not _is_navigation(method, path, headers):
        return refusal
    if method not in SAFE_METHODS and path.startswith(DECISIONS) and not named and site != "same-origin":
        hint = "Open its link in a browser and answer there."
        return Refusal(403, "A yes or no is taken from the page that asks for it, and from no program.", hint)
    is_post_of_page = method not in SAFE_METHODS and is_page(path)
    if is_post_of_page and not named and site is None and any(name.startswith("sec-fetch-") for name in headers):
        return refusal
    return None


def _is_navigation(method: str, path: str, headers: Headers) -> bool:
    """A link followed to one of our pages, as a person does from a chat; never a frame, an image or a fetch."""
    is_document = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return method in SAFE_METHODS and is_page(path) and is_document


def _judge_host(hosts: list[str], origins: OurOrigins) -> Refusal | None:
    if len(hosts) == 1 and origins.is_our_host(hosts[0]):
        return None
    return Refusal(
        421,
        "This server does not answer to that host name.",
        f"Use {origins.canonical}. Whoever runs the server can add a name by CONNECTORY_TRUSTED_HOSTS or set APP_URL.",
    )


def _without_forwarding(scope: Scope) -> Scope:
    """Drop what only a trusted proxy may say, so that no handler can believe it by mistake."""
    kept = [(name, value) for name, value in scope["headers"] if not is_forwarding(name)]
    return {**scope, "headers": kept}


def _is_form(scope: Scope) -> bool:
    is_machine_face = any(scope["path"] == face or scope["path"].startswith(f"{face}/") for face in MACHINE_FACES)
    return scope["method"] not in SAFE_METHODS and not is_machine_face


def _most(path: str) -> int:
    """How many bytes a body may have."""
    if path == WEBHOOKS:
        return MAX_WEBHOOK_BODY
    if is_api(path):
        return MAX_API_BODY
    if MANIFESTS.fullmatch(path):
        return MAX_MANIFEST_BODY
    return MAX_CONNECT_BODY if path.startswith((CONNECT, MEMBERS)) else MAX_PAGE_BODY


async def _read_body(headers: Headers, receive: Receive, most: int) -> bytes | Refusal | None:
    """Read a whole form before anything parses it; its size is counted, not believed. None: the sender left."""
    hint = f"At most {most // 1024} KB are taken: give only what is asked for."
    refusal = Refusal(413, "The form is too large.", hint)
    declared = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,9}", declared) or int(declared) > most:
        return refusal
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            return refusal
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
