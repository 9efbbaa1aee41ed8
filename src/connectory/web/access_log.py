"""One log line per request, without what may be secret: no query, no link (attacks 17, 25, 89)."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectory.web.static_files import static_files

logger = logging.getLogger("connectory.web.access")

WHOLE_PATHS = frozenset(
    {"/", "/healthz", "/mcp", "/sse", "/sse/messages", "/signin", "/signout", "/api/nango/webhook"}
    | {"/signin/oidc", "/signin/oidc/callback"}
    | {f"/static/{name}" for name in static_files()}
)
LINK_PAGES = frozenset({"connect", "confirm", "open", "workspaces"})


def masked(path: str) -> str:
    """Return `path` fit for a log: all but a few known words may be a secret, typed or pasted into the wrong place."""
    if path in WHOLE_PATHS:
        return path
    first = path.lstrip("/").partition("/")[0]
    return f"/{first}/***" if first in LINK_PAGES else "/***"


class AccessLog:
    """Stands outermost: it sees refusals too. uvicorn's own access log shows whole URLs and is off."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started, status = time.monotonic(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            milliseconds = (time.monotonic() - started) * 1000
            logger.info("%s %s %d %.0f ms", scope["method"][:10], masked(scope["path"]), status, milliseconds)
