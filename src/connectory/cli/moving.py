"""`connections move`: the same connection, its sign-in kept by another backend from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connectory.cli.acting import act
from connectory.cli.attempt import Attempt
from connectory.cli.connecting import (
    Fields,
    FromEnv,
    FromFile,
    Method,
    OpenLink,
    OtherAccount,
    sign_in_or_end,
    tell_connected,
    ways_by_code,
)
from connectory.cli.connections import full_name
from connectory.cli.entry import Terminal, parse_given
from connectory.cli.options import AsJson, InWorkspace, is_interactive

if TYPE_CHECKING:
    from connectory.auth.backend import Form
    from connectory.identity.principal import Principal
    from connectory.vault.entities import Connection, ConnectSession
    from connectory.wiring import Application

MOVED = "Moved {name} to the backend '{backend}'; it keeps its id, its rules and its history."


def move(
    name: Annotated[str, typer.Argument(help="CONNECTOR/ALIAS, or the connection's id.")],
    backend: Annotated[str, typer.Argument(help="Who keeps the sign-in from now on: nango, builtin or direct.")],
    method: Method = None,
    field: Fields = None,
    from_env: FromEnv = None,
    file: FromFile = None,
    other_account: OtherAccount = False,
    open_link: OpenLink = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Sign in to a connection anew through another backend. Until that is done, nothing changes."""

    async def begin(
        application: Application, principal: Principal
    ) -> tuple[Connection, ConnectSession, Form, frozenset[str]]:
        return await _begin(application, principal, name, backend)

    row, session, form, by_code = act(begin, workspace=workspace)
    given = parse_given(
        row.connector, method, field or [], from_env or [], file or [], private=False, other=other_account
    )
    asker = Terminal() if is_interactive() else None
    attempt = Attempt(session, given, asker, workspace, opens=open_link, codes=by_code)
    connected = sign_in_or_end(attempt, form)
    tell_connected(connected, as_json=as_json, said=MOVED.format(name=row.name, backend=backend))


async def _begin(
    application: Application, principal: Principal, name: str, backend: str
) -> tuple[Connection, ConnectSession, Form, frozenset[str]]:
    """Open a session that no browser has taken; an earlier one for the same connection is ended."""
    from connectory.auth.backend import Form
    from connectory.auth.moving import move as begin_move
    from connectory.vault.entities import SessionStatus

    row, _ = await application.auth.resolve(principal, await full_name(application, principal, name))
    session = await begin_move(application.auth, principal, row.id, backend)
    if session.status is SessionStatus.BOUND:
        await application.auth.sign_in.end(session)
        session = await begin_move(application.auth, principal, row.id, backend)
    step = await application.auth.sign_in.first_step(session)
    assert isinstance(step, Form), "a new session has no question"
    return row, session, step, ways_by_code(application, row.connector)
