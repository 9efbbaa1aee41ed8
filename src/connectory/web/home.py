"""The home page: what this is and how a client is registered; whoever is signed in goes on to their connectors."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.web.origins import OurOrigins
from connectory.web.pages import render
from connectory.web.snippets import local_snippets
from connectory.web.visitors import Visitors


@dataclass(frozen=True, slots=True)
class HomePage:
    """`/`."""

    origins: OurOrigins
    visitors: Visitors
    command: str

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Say in plain words what this is."""
        visitor = await self.visitors.visitor(request)
        if visitor is not None:
            return RedirectResponse(visitor.home, status_code=303)
        return render(
            "home",
            address=f"{self.origins.canonical}/mcp",
            snippets={one.id: one.text for one in local_snippets(self.command)},
            command=shlex.quote(self.command),
            is_local=self.visitors.is_local,
            visitor=None,
        )
