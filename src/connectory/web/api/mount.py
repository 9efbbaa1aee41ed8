"""Where the REST API stands in the web app. FastAPI takes a second to import, so the first request brings it in.

`connectory stdio` serves the pages too, and mostly nobody asks it for the API.
"""

from __future__ import annotations

import asyncio

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectory.web.problems import DOCUMENT
from connectory.web.services import WebServices
from connectory.web.visitors import Visitors

WORKSPACES = "/api/workspace"


class ApiMount:
    """The API as an ASGI app, which is built once, in a thread, when it is first asked."""

    def __init__(self, services: WebServices, visitors: Visitors) -> None:
        self._services, self._visitors = services, visitors
        self._turn = asyncio.Lock()
        self._app: ASGIApp | None = None

    def routes(self) -> list[BaseRoute]:
        """The routes to it; what else is under `/api` belongs to providers and Nango."""
        return [Route(DOCUMENT, self), Mount(WORKSPACES, self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app or await self._built()
        # Its routes have their whole paths, as its document does.
        await app({**scope, "root_path": scope.get("app_root_path", scope.get("root_path", ""))}, receive, send)

    async def _built(self) -> ASGIApp:
        async with self._turn:
            if self._app is None:
                self._app = await asyncio.to_thread(_build, self._services, self._visitors)
            return self._app


def _build(services: WebServices, visitors: Visitors) -> ASGIApp:
    from connectory.web.api.application import create_api

    return create_api(services, visitors)
