"""The activity page: what was done in the workspace, by whom and how it ended (issue 8). Its files are the API's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.errors import BadInput, InvalidArguments, Refused
from connectory.identity.activity import MOST_OF_A_FILE, ActivityPage
from connectory.identity.principal import Principal
from connectory.vault.entities import Role, User
from connectory.web.activity_view import PERIODS, called_so, files_of, read_filters, view_row
from connectory.web.pages import render_member
from connectory.web.services import WebServices
from connectory.web.states import DOINGS, OUTCOMES
from connectory.web.visitors import Visitors

NAV = "activity"
LINES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ActivityPages:
    """`/workspaces/{slug}/activity`."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """Its route."""
        return [Route("/workspaces/{slug}/activity", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Show a page of lines; a filter or cursor that cannot be is said so above an empty table."""
        member = await self.visitors.member(request)
        now, principal, catalog = self.services.now(), member.principal, self.services.catalog
        filters = read_filters(request.query_params)
        named = called_so(filters.action, catalog)
        filters = replace(filters, action=named[0]) if len(named) == 1 else filters
        cursor = request.query_params.get("cursor") or None
        page, problem = ActivityPage((), None), ""
        try:
            _require_one(named)
            page = await self.services.activity.list(principal, cursor=cursor, limit=LINES_SHOWN, **filters.wanted(now))
        except (BadInput, Refused) as error:
            problem = error.message if cursor else error.text
        return render_member(
            "activity",
            member,
            NAV,
            422 if problem else 200,
            address=f"/workspaces/{member.workspace.slug}/activity",
            rows=[view_row(told, catalog, now) for told in page.lines],
            older=filters.query(cursor=page.next_cursor) if page.next_cursor else None,
            is_first=cursor is None,
            problem=problem,
            filters=filters,
            people=await self._people(principal),
            connections=sorted((await self.services.activity.connection_names(principal)).items(), key=_by_name),
            doings=DOINGS,
            outcomes=OUTCOMES,
            periods=PERIODS,
            files=files_of(member.workspace.slug, filters.wanted(now)),
            most=MOST_OF_A_FILE,
        )

    async def _people(self, principal: Principal) -> list[User]:
        """Whose lines can be asked for: an owner's choice."""
        if principal.role is not Role.OWNER:
            return []
        return [user for user, _ in await self.services.workspaces.members(principal)]


def _require_one(named: Sequence[str]) -> None:
    if len(named) > 1:
        raise InvalidArguments("Several actions are called that.", hint=f"Write one of them: {', '.join(named)}.")


def _by_name(pair: tuple[str, str]) -> str:
    return pair[1]
