"""`connect NAME`: sign in to a service at the terminal; what is entered is verified before it is kept."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from connectory.cli.acting import act
from connectory.cli.entry import (
    ALL_FIELDS,
    Asker,
    Given,
    Terminal,
    check_given,
    choose_account,
    choose_method,
    fill_in,
    parse_given,
    tell_problems,
    variables_of,
)
from connectory.cli.options import AsJson, InWorkspace, is_interactive
from connectory.cli.output import note, show_json, show_text
from connectory.errors import BackendUnavailable, InvalidArguments

if TYPE_CHECKING:
    from connectory.auth.backend import Connected, Entry, Form, Problem
    from connectory.identity.principal import Principal
    from connectory.vault.entities import ConnectSession
    from connectory.wiring import Application

TRIES = 3
FromEnv = Annotated[
    list[str] | None,
    typer.Option(
        "--from-env",
        metavar="[FIELD=VARIABLE]",
        help="Take a field from an environment variable; alone: every field from <CONNECTOR>_<FIELD>.",
    ),
]
FromFile = Annotated[
    list[str] | None,
    typer.Option("--file", metavar="NAME=PATH", help="Take a field from a file of yours, such as a key in JSON."),
]


class ConnectCommand(TyperCommand):
    """Lets `--from-env` stand alone: Typer's options take a value always or never."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # Typer's class of contexts has no public name
        """Give a bare `--from-env` its meaning: all fields."""
        following = [*args[1:], ""]
        filled = [
            f"{word}={ALL_FIELDS}" if word == "--from-env" and "=" not in after else word
            for word, after in zip(args, following, strict=True)
        ]
        return super().parse_args(ctx, filled)


def connect(
    name: Annotated[str, typer.Argument(help="The connector's name; `connectory connectors` lists them.")],
    alias: Annotated[str | None, typer.Option("--alias", help="Name for a further account, e.g. work.")] = None,
    method: Annotated[str | None, typer.Option("--method", help="Way to sign in, where there are several.")] = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A value that is not secret.")
    ] = None,
    from_env: FromEnv = None,
    file: FromFile = None,
    shared: Annotated[bool, typer.Option("--shared", help="For the whole workspace (owners only).")] = False,
    private_address: Annotated[
        bool, typer.Option("--private-address", help="Yes, a server in a private network is meant.")
    ] = False,
    other_account: Annotated[
        bool, typer.Option("--other-account", help="Yes, the connection shall belong to another account from now on.")
    ] = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Connect a service. Secrets are asked for, or taken from the environment; never give them as arguments."""
    given = parse_given(
        name, method, field or [], from_env or [], file or [], private=private_address, other=other_account
    )
    asker = Terminal() if is_interactive() else None

    async def begin(application: Application, principal: Principal) -> tuple[ConnectSession, Form]:
        return await _begin(application, principal, name, alias, shared=shared)

    session, form = act(begin, workspace=workspace)
    try:
        connected = _sign_in(session, form, given, asker, workspace)
    except BaseException:
        act(lambda application, _: application.auth.end_session(session), workspace=workspace)
        raise
    _tell(connected, as_json=as_json)


async def _begin(
    application: Application, principal: Principal, name: str, alias: str | None, *, shared: bool
) -> tuple[ConnectSession, Form]:
    """Open a session that no browser has taken, and return it with its form."""
    from connectory.auth.backend import Form
    from connectory.vault.entities import SessionStatus

    session = await application.auth.connect(principal, name, alias=alias, shared=shared)
    if session.status is SessionStatus.BOUND:  # by a page somebody has left, or an earlier try here
        await application.auth.end_session(session)
        session = await application.auth.connect(principal, name, alias=alias, shared=shared)
    step = await application.auth.first_step(session)
    if not isinstance(step, Form):
        raise BackendUnavailable(
            f"{name} is signed in to on its own page, not by typing.", hint="Start `connectory serve` and use the link."
        )
    return session, step


def _sign_in(
    session: ConnectSession, form: Form, given: Given, asker: Asker | None, workspace: str | None
) -> Connected:
    """Ask, try, and ask again what was wrong. The person types while no event loop and no database waits."""
    from connectory.auth.backend import Connected
    from connectory.settings import read_variables

    browser = secrets.token_urlsafe(32)
    if (account := choose_account(form, given, asker)) is not None:
        outcome = act(_submission(session, browser, account), workspace=workspace)
        if isinstance(outcome, Connected):
            return outcome
        tell_problems(outcome.problems)
    chosen = choose_method(form, given, asker)
    check_given(chosen, given)
    environment = read_variables(variables_of(chosen, given).values())
    entry = fill_in(chosen, given, environment, asker)
    for left in reversed(range(TRIES)):
        outcome = act(_submission(session, browser, entry), workspace=workspace)
        if isinstance(outcome, Connected):
            return outcome
        tell_problems(outcome.problems)
        if asker is None or not left:
            raise _not_connected(session, outcome.problems)
        entry = _confirmed(entry, outcome.problems, asker) or fill_in(chosen, given, environment, asker)
    raise AssertionError("the last try returns or raises")


def _submission(session: ConnectSession, browser: str, entry: Entry) -> Any:
    async def submit(application: Application, _: Principal) -> Form | Connected:
        from connectory.auth.backend import Connected, Form

        step = await application.auth.submit(session, browser, entry)
        if isinstance(step, Form | Connected):
            return step
        raise BackendUnavailable(
            f"{session.connector} is signed in to on its own page, not by typing.",
            hint="Start `connectory serve` and use the link.",
        )

    return submit


def _confirmed(entry: Entry, problems: tuple[Problem, ...], asker: Asker) -> Entry | None:
    """Return the entry with the person's yes to what needs one; None where something is to be typed again."""
    from dataclasses import replace

    asked = {problem.confirm for problem in problems}
    if None in asked or not asked or not asker.confirm("Is that meant?"):
        return None
    return replace(
        entry,
        private_confirmed=entry.private_confirmed or "private_confirmed" in asked,
        account_change_confirmed=entry.account_change_confirmed or "account_change_confirmed" in asked,
    )


def _not_connected(session: ConnectSession, problems: tuple[Problem, ...]) -> InvalidArguments:
    flags = {"private_confirmed": "--private-address", "account_change_confirmed": "--other-account"}
    hints = [f"Add {flags[problem.confirm]} if that is meant." for problem in problems if problem.confirm]
    return InvalidArguments(
        f"{session.connector} was not connected; nothing was kept.",
        hint=" ".join(hints) or "Mend what is named above, then repeat.",
    )


def _tell(connected: Connected, *, as_json: bool) -> None:
    connection, account, connector = connected.connection, connected.account, connected.connector
    if as_json:
        show_json(
            {
                "connection": connection.name,
                "id": connection.id,
                "connector": connector.name,
                "account": {"id": account.id, "name": account.name},
                "scopes": list(account.scopes),
                "shared": connection.is_shared,
                **(_bundle(connected) if connector.manifest.is_bundle or connected.left_out else {}),
            }
        )
        return
    who = account.name or account.id
    names = ", ".join(one.name for one in (connection, *connected.further))
    show_text(f"Connected {connector.title} as {names}{f' (account {who})' if who else ''}.")
    for sentence in connected.left_out:
        note(sentence)
    if connector.manifest.tasks:
        note(f"Ask your assistant now: {connector.manifest.tasks[0]}")
    note(f"`connectory connector {connector.name}` shows what can be done.")


def _bundle(connected: Connected) -> dict[str, list[str]]:
    """What a sign-in for several connectors made besides, for programs."""
    return {
        "connections": [one.name for one in (connected.connection, *connected.further)],
        "left_out": list(connected.left_out),
    }
