"""`call ACTION`: the same way as an agent's call, policies and audit included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connectory.cli.acting import act
from connectory.cli.options import AsJson, InWorkspace
from connectory.cli.output import show_json, show_text
from connectory.cli.pairs import parse_arguments

if TYPE_CHECKING:
    from connectory.gateway.results import Result
    from connectory.identity.principal import Principal
    from connectory.wiring import Application


def call(
    action: Annotated[
        str, typer.Argument(help="The action's name, e.g. demo_list_tasks; `connectory search` finds it.")
    ],
    arg: Annotated[
        list[str] | None,
        typer.Option(
            "--arg", "-a", metavar="NAME=VALUE", help="An argument; NAME:=JSON gives a value that is no text."
        ),
    ] = None,
    connection: Annotated[
        str | None, typer.Option("--connection", "-c", help="Which account, where several fit.")
    ] = None,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Call an action and show its result."""

    async def run(application: Application, principal: Principal) -> Result:
        arguments = parse_arguments(arg or [], application.catalog.action(action).input_schema)
        return await application.gateway.call_action(principal, action, arguments, connection=connection)

    result = act(run, workspace=workspace)
    if as_json:
        show_json({"value": result.value, "next_cursor": result.next_cursor, "kept_result": result.kept})
    else:
        show_text(result.text)
