"""`connect NAME`: sign in to a service at the terminal, or from there in a browser (`signing_in.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from connectory.cli.acting import act
from connectory.cli.attempt import Attempt
from connectory.cli.entry import ALL_FIELDS, Terminal, parse_given
from connectory.cli.options import AsJson, InWorkspace, is_interactive
from connectory.cli.output import note, show_json, show_text
from connectory.cli.signing_in import sign_in

if TYPE_CHECKING:
    from connectory.auth.backend import Connected, Form
    from connectory.identity.principal import Principal
    from connectory.vault.entities import ConnectSession
    from connectory.wiring import Application

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
Method = Annotated[str | None, typer.Option("--method", help="Way to sign in, where there are several.")]
Fields = Annotated[list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A value that is not secret.")]
OtherAccount = Annotated[
    bool, typer.Option("--other-account", help="Yes, the connection shall belong to another account from now on.")
]
OpenLink = Annotated[bool, typer.Option("--open", help="Open the link in a browser here.")]


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
    method: Method = None,
    field: Fields = None,
    from_env: FromEnv = None,
    file: FromFile = None,
    shared: Annotated[bool, typer.Option("--shared", help="For the whole workspace (owners only).")] = False,
    private_address: Annotated[
        bool, typer.Option("--private-address", help="Yes, a server in a private network is meant.")
    ] = False,
    other_account: OtherAccount = False,
    device: Annotated[
        bool, typer.Option("--device", help="By a code that you type at the service, with any browser, anywhere.")
    ] = False,
    open_link: OpenLink = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Connect a service. Secrets are asked for, or taken from the environment; never give them as arguments."""
    given = parse_given(
        name, method, field or [], from_env or [], file or [], private=private_address, other=other_account
    )
    asker = Terminal() if is_interactive() else None

    async def begin(application: Application, principal: Principal) -> tuple[ConnectSession, Form, frozenset[str]]:
        return await _begin(application, principal, name, alias, shared=shared)

    session, form, by_code = act(begin, workspace=workspace)
    attempt = Attempt(session, given, asker, workspace, is_by_code=device, opens=open_link, codes=by_code)
    tell_connected(sign_in_or_end(attempt, form), as_json=as_json)


def sign_in_or_end(attempt: Attempt, form: Form) -> Connected:
    """Bring a sign-in to its end; where it comes to nothing, its session is ended too."""
    try:
        return sign_in(attempt, form)
    except BaseException:
        act(lambda application, _: application.auth.sign_in.end(attempt.session), workspace=attempt.workspace)
        raise


async def _begin(
    application: Application, principal: Principal, name: str, alias: str | None, *, shared: bool
) -> tuple[ConnectSession, Form, frozenset[str]]:
    """Open a session that no browser has taken; return it with its form, and the ways that go on by a code anyway."""
    from connectory.auth.backend import Form
    from connectory.vault.entities import SessionStatus

    session = await application.auth.connect(principal, name, alias=alias, shared=shared)
    if session.status is SessionStatus.BOUND:  # by a page somebody has left, or an earlier try here
        await application.auth.sign_in.end(session)
        session = await application.auth.connect(principal, name, alias=alias, shared=shared)
    step = await application.auth.sign_in.first_step(session)
    assert isinstance(step, Form), "a new session has no question"
    return session, step, ways_by_code(application, name)


def ways_by_code(application: Application, connector: str) -> frozenset[str]:
    """The ways that have codes and no page; with `CONNECTORY_SIGN_IN=device` all for which the manifest has codes."""
    from connectory.catalog.manifest import OAuth2Method

    ways = application.catalog.connector(connector).auth.items()
    with_codes = {name: way for name, way in ways if isinstance(way, OAuth2Method) and way.device_url is not None}
    is_wanted = application.settings.sign_in == "device"
    return frozenset(name for name, way in with_codes.items() if is_wanted or way.authorize_url is None)


def tell_connected(connected: Connected, *, as_json: bool, said: str = "") -> None:
    """Say what was connected, to a person or a program. `said`: what to say instead to a person."""
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
    show_text(said or f"Connected {connector.title} as {names}{f' (account {who})' if who else ''}.")
    for sentence in connected.left_out:
        note(sentence)
    if connector.manifest.tasks:
        note(f"Ask your assistant now: {connector.manifest.tasks[0]}")
    note(f"`connectory connectors show {connector.name}` shows what can be done.")


def _bundle(connected: Connected) -> dict[str, list[str]]:
    """What a sign-in for several connectors made besides, for programs."""
    return {
        "connections": [one.name for one in (connected.connection, *connected.further)],
        "left_out": list(connected.left_out),
    }
