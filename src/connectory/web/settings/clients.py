"""Settings: how an assistant is registered, to copy."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.web.origins import OurOrigins
from connectory.web.services import WebServices
from connectory.web.settings.frame import render_settings
from connectory.web.snippets import TOKEN, http_snippets, local_snippets
from connectory.web.visitors import Visitors

SECTION = "clients"


@dataclass(frozen=True, slots=True)
class ClientPages:
    """`/workspaces/{slug}/settings/clients`."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/workspaces/{slug}/settings/clients", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Show what to copy; on one's own machine also for clients that start the program themselves."""
        member = await self.visitors.member(request)
        address = f"{OurOrigins(self.services.settings).canonical}/mcp"
        return await render_settings(
            self.services,
            "settings_clients",
            member,
            SECTION,
            local=local_snippets(self.services.command) if self.visitors.is_local else [],
            http=http_snippets(address),
            mcp_address=address,
            placeholder=TOKEN,
        )
