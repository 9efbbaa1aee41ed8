"""Settings, first page: who is in the workspace. Members are changed by the command line and by sign-in services."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.vault.entities import Role
from connectory.web.services import WebServices
from connectory.web.settings.frame import render_settings
from connectory.web.visitors import Visitors

ROLES = {
    Role.OWNER: ("Owner", "may do everything here"),
    Role.MEMBER: ("Member", "connects own accounts and uses shared ones"),
    Role.VIEWER: ("Viewer", "looks at what shared accounts hold"),
}


@dataclass(frozen=True, slots=True)
class MemberView:
    """One member."""

    name: str
    role: str
    meaning: str
    is_visitor: bool


@dataclass(frozen=True, slots=True)
class MemberPages:
    """`/workspaces/{slug}/settings`."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/workspaces/{slug}/settings", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Show names and roles."""
        member = await self.visitors.member(request)
        people = await self.services.workspaces.members(member.principal)
        rows = [MemberView(user.name, *ROLES[role], user.id == member.user.id) for user, role in people]
        return await render_settings(
            self.services,
            "settings_members",
            member,
            "",
            rows=sorted(rows, key=lambda row: row.name.casefold()),
            is_local=self.visitors.is_local,
        )
