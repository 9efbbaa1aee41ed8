"""A slash at the end of a path changes nothing: `/mcp/` is `/mcp`.

Starlette's own answer is a redirect, written with the scheme of the socket: behind a proxy with TLS it leads a client
that has just sent its token to `http://`.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class WithoutLastSlash:
    """Stands outside the guard, so that both spellings are judged alike."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if len(path) > 1 and path.endswith("/"):
            scope = {**scope, "path": path[:-1]}
            if scope.get("raw_path"):
                scope["raw_path"] = scope["raw_path"].removesuffix(b"/")
        await self._app(scope, receive, send)
