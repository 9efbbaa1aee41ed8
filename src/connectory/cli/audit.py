"""`audit`: what agents did and what was refused. Argument names and digests are kept, values never are."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import act
from connectory.cli.options import AsJson, InWorkspace
from connectory.cli.output import moment, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectory.identity.activity import ActivityLine
    from connectory.identity.principal import Principal
    from connectory.vault.entities import AuditLine
    from connectory.wiring import Application

MOST_LINES = 10_000


class Outcome(StrEnum):
    """How a call ended; `started` is a write whose end was never seen, `previewed` showed what it would send."""

    STARTED = "started"
    OK = "ok"
    PREVIEWED = "previewed"
    ERROR = "error"
    REFUSED = "refused"


def audit(
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST_LINES, help="Most lines, the newest first.")] = 50,
    action: Annotated[str | None, typer.Option("--action", help="Only this tool.")] = None,
    outcome: Annotated[Outcome | None, typer.Option("--outcome", help="Only calls that ended so.")] = None,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Show what was done: everything for owners, one's own calls for everybody else."""

    async def find(application: Application, principal: Principal) -> Sequence[ActivityLine]:
        ended = outcome.value if outcome else None
        fitting = application.activity.each(principal, most=limit, action=action, outcome=ended)
        return [line async for line in fitting]

    lines = act(find, workspace=workspace)
    if as_json:
        show_json([_describe(one.line) for one in lines])
        return
    rows = [_row(line) for line in lines]
    columns = ("AT (UTC)", "USER", "ACTION", "CONNECTION", "OUTCOME", "TOOK", "ARGUMENTS")
    show_table(columns, rows, empty="Nothing was done yet.")


def _row(told: ActivityLine) -> tuple[object, ...]:
    line = told.line
    return (
        line.at,
        told.user or line.user_id,
        line.action,
        told.connection or line.connection_id or line.connector,
        f"{line.outcome} ({line.code})" if line.code else line.outcome,
        f"{line.duration_ms} ms" if line.duration_ms is not None else "",
        line.argument_names,
    )


def _describe(line: AuditLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "at": moment(line.at),
        "user_id": line.user_id,
        "token_id": line.token_id,
        "connection_id": line.connection_id,
        "connector": line.connector,
        "action": line.action,
        "effect": line.effect,
        "outcome": line.outcome,
        "code": line.code,
        "argument_names": list(line.argument_names),
        "digest": line.digest,
        "duration_ms": line.duration_ms,
    }
