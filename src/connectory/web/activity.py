"""The activity page: what was done in the workspace, by whom and how it ended; and the same as a file (issue 8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from connectory.errors import BadInput, Refused
from connectory.identity.activity import ActivityLine, ActivityPage
from connectory.identity.principal import Principal
from connectory.vault.entities import Role, User
from connectory.web.activity_view import (
    COLUMNS,
    PERIODS,
    csv_row,
    json_line,
    read_filters,
    view_row,
)
from connectory.web.csv_lines import csv_line
from connectory.web.pages import render_member
from connectory.web.services import WebServices
from connectory.web.states import OUTCOMES
from connectory.web.visitors import Visitors

NAV = "activity"
LINES_SHOWN = 50
MOST_EXPORTED = 10_000
CSV, NDJSON = "text/csv; charset=utf-8", "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class ActivityPages:
    """`/workspaces/{slug}/activity`, and the files below it."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of all."""
        return [
            Route("/workspaces/{slug}/activity", self.show, methods=["GET"]),
            Route("/workspaces/{slug}/activity/export.csv", self.export_csv, methods=["GET"]),
            Route("/workspaces/{slug}/activity/export.ndjson", self.export_ndjson, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show a page of lines; a filter or cursor that cannot be is said so above an empty table."""
        member = await self.visitors.member(request)
        filters, now, principal = read_filters(request.query_params), self.services.now(), member.principal
        cursor = request.query_params.get("cursor") or None
        page, problem = ActivityPage((), None), ""
        try:
            page = await self.services.activity.list(principal, cursor=cursor, limit=LINES_SHOWN, **filters.wanted(now))
        except (BadInput, Refused) as error:
            problem = error.message if cursor else error.text
        return render_member(
            "activity",
            member,
            NAV,
            422 if problem else 200,
            address=f"/workspaces/{member.workspace.slug}/activity",
            rows=[view_row(told, self.services.catalog.actions, now) for told in page.lines],
            older=filters.query(cursor=page.next_cursor) if page.next_cursor else None,
            is_first=cursor is None,
            problem=problem,
            filters=filters,
            people=await self._people(principal),
            connections=sorted((await self.services.activity.connection_names(principal)).items(), key=_by_name),
            outcomes=OUTCOMES,
            periods=PERIODS,
            most=MOST_EXPORTED,
        )

    async def export_csv(self, request: Request) -> Response:
        """The lines as a table for spreadsheets."""
        lines = await self._lines(request)
        return _file(_csv(lines), CSV, request, "csv")

    async def export_ndjson(self, request: Request) -> Response:
        """The lines for programs, one JSON object each."""
        lines = await self._lines(request)
        return _file(_ndjson(lines), NDJSON, request, "ndjson")

    async def _lines(self, request: Request) -> AsyncIterator[ActivityLine]:
        """All that fit, the first asked for now: what cannot be is an error page and no file."""
        member = await self.visitors.member(request)
        wanted = read_filters(request.query_params).wanted(self.services.now())
        await self.services.activity.list(member.principal, limit=1, **wanted)
        return self.services.activity.each(member.principal, most=MOST_EXPORTED, **wanted)

    async def _people(self, principal: Principal) -> list[User]:
        """Whose lines can be asked for: an owner's choice."""
        if principal.role is not Role.OWNER:
            return []
        return [user for user, _ in await self.services.workspaces.members(principal)]


def _by_name(pair: tuple[str, str]) -> str:
    return pair[1]


def _file(content: AsyncIterator[str], kind: str, request: Request, ending: str) -> Response:
    name = f"activity-{request.path_params['slug']}.{ending}"  # a slug is letters, digits and hyphens
    return StreamingResponse(
        content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _csv(lines: AsyncIterator[ActivityLine]) -> AsyncIterator[str]:
    yield csv_line(COLUMNS)
    async for told in lines:
        yield csv_row(told)


async def _ndjson(lines: AsyncIterator[ActivityLine]) -> AsyncIterator[str]:
    async for told in lines:
        yield json_line(told)
