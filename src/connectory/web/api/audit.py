"""`audit`: what was done, page by page, or as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.responses import Response, StreamingResponse

from connectory.identity.activity import MOST_OF_A_FILE, MOST_OF_A_PAGE, ActivityFilter, ActivityLine
from connectory.vault.entities import Outcome
from connectory.web.api.callers import ApiRoute, By
from connectory.web.api.shapes import MAX_TEXT, ActivityAnswer, ActivityInfo
from connectory.web.csv_lines import csv_line

router = APIRouter(prefix="/api/workspace/{slug}/audit", route_class=ApiRoute, tags=["audit"])
Format = Literal["json", "ndjson", "csv"]
TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv"}
COLUMNS = [field.alias or name for name, field in ActivityInfo.model_fields.items()]
Filter = Annotated[str | None, Query(max_length=MAX_TEXT)]
Moment = Annotated[
    AwareDatetime | None, Query(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(9000, 1, 1, tzinfo=UTC))
]


@router.get(
    "",
    response_model=ActivityAnswer,
    responses={200: {"content": {kind: {"schema": {"type": "string"}} for kind in TYPES.values()}}},
)
async def list_activity(
    by: By,
    user: Annotated[str | None, Query(max_length=MAX_TEXT, description="A member's id, email or name.")] = None,
    action: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="A tool's name; `github_*` also works.")
    ] = None,
    connection: Filter = None,
    outcome: Outcome | None = None,
    since: Moment = None,
    until: Moment = None,
    cursor: Filter = None,
    limit: Annotated[int, Query(ge=1, le=MOST_OF_A_PAGE, description="Of a page in JSON; files are whole.")] = 50,
    format: Annotated[Format, Query(description="`ndjson` and `csv` give all lines that fit, as a file.")] = "json",  # noqa: A002
) -> ActivityAnswer | Response:
    """What was done, the newest first: everything for owners, their own for everybody else."""
    activity = by.services.activity
    wanted = ActivityFilter(user=user, action=action, connection=connection, outcome=outcome, since=since, until=until)
    if format == "json":
        page = await activity.list(by.principal, cursor=cursor, limit=limit, **wanted)
        return ActivityAnswer(lines=[_view(one) for one in page.lines], next_cursor=page.next_cursor)
    await activity.list(by.principal, limit=1, **wanted)  # what is wrong with the filter is said before the file begins
    rows = activity.each(by.principal, most=MOST_OF_A_FILE, **wanted)
    lines = _as_csv(rows) if format == "csv" else _as_ndjson(rows)
    attachment = {"Content-Disposition": f'attachment; filename="audit-{by.workspace.slug}.{format}"'}
    return StreamingResponse(lines, media_type=TYPES[format], headers=attachment)


async def _as_ndjson(rows: AsyncIterator[ActivityLine]) -> AsyncIterator[str]:
    async for one in rows:
        yield f"{_view(one).model_dump_json(by_alias=True)}\n"


async def _as_csv(rows: AsyncIterator[ActivityLine]) -> AsyncIterator[str]:
    yield csv_line(COLUMNS)
    async for one in rows:
        values = _view(one).model_dump(mode="json", by_alias=True)
        yield csv_line(values[name] for name in COLUMNS)


def _view(one: ActivityLine) -> ActivityInfo:
    line = one.line
    return ActivityInfo(
        id=line.id,
        at=line.at,
        user_id=line.user_id,
        user=one.user,
        token_id=line.token_id,
        connection_id=line.connection_id,
        connection=one.connection,
        connector=line.connector,
        action=line.action,
        effect=line.effect,
        outcome=line.outcome,
        code=line.code,
        argument_names=list(line.argument_names),
        digest=line.digest,
        duration_ms=line.duration_ms,
    )
