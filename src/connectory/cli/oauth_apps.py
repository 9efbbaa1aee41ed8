"""`oauth-app ...`: the OAuth app of a service, registered there once, by which everybody signs in.

Its secret is asked for without an echo, or read from a variable, a file or stdin: it is no argument (attack 92), and it
is never shown again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import act
from connectory.cli.entry import Terminal, read_credential_file
from connectory.cli.options import AsJson, InWorkspace, Yes, ask_first, is_interactive
from connectory.cli.output import note, show_json, show_table, show_text
from connectory.errors import InvalidArguments

if TYPE_CHECKING:
    from connectory.auth.backend import AppSetup
    from connectory.identity.principal import Principal
    from connectory.vault.entities import StoredClient
    from connectory.wiring import Application

LONGEST_PIPED = 20_000  # characters of a secret; one may be a key in PEM
oauth_apps = typer.Typer(no_args_is_help=True, help="OAuth apps: registered at a service once, to sign people in.")

ConnectorName = Annotated[
    str, typer.Argument(metavar="CONNECTOR", help="The connector's name; connectors of a family share one app.")
]
ForServer = Annotated[
    str, typer.Option("--server", metavar="ORIGIN", help="For this server alone, of a service that people host.")
]


@oauth_apps.command("set")
def set_app(
    connector: ConnectorName,
    client_id: Annotated[
        str | None, typer.Option("--client-id", metavar="ID", help="The app's client id; unset: it is asked for.")
    ] = None,
    from_env: Annotated[
        str | None, typer.Option("--from-env", metavar="VARIABLE", help="Take the secret from this variable.")
    ] = None,
    file: Annotated[str | None, typer.Option("--file", metavar="PATH", help="Take the secret from this file.")] = None,
    server: ForServer = "",
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Say how an app is registered at the service, then keep its id and secret.

    Without a terminal the secret comes from --from-env, --file or stdin; never give it as an argument.
    """
    if from_env is not None and file is not None:
        raise InvalidArguments("Both --from-env and --file are given.", hint="Give one of them.")
    setup = act(lambda application, _: _setup(application, connector), workspace=workspace)
    asker = Terminal() if is_interactive() else None
    for line in _guidance(setup) if asker is not None else filter(None, [setup.problem]):
        note(line)
    given_id = _client_id(client_id, asker)
    secret = _secret(setup, from_env, file, asker)

    async def put(application: Application, principal: Principal) -> tuple[StoredClient, StoredClient | None]:
        before = {(one.family, one.server): one for one in await application.oauth_apps.all(principal)}
        kept = await application.oauth_apps.put(principal, connector, given_id, secret, server=server)
        return kept, before.get((kept.family, kept.server))

    kept, before = act(put, workspace=workspace)
    if as_json:
        show_json(_describe(kept))
        return
    _tell_kept(kept, before)
    note(f"`connectory connect {connector}` signs in with it.")


@oauth_apps.command("show")
def show_app(connector: ConnectorName, workspace: InWorkspace = None, as_json: AsJson = False) -> None:
    """Show how an app is registered at the service: page, steps, redirect address, scopes. Nothing is changed."""
    setup = act(lambda application, _: _setup(application, connector), workspace=workspace)
    if as_json:
        show_json(asdict(setup))
        return
    for line in _guidance(setup):
        show_text(line)
    show_text(f"`connectory oauth-app set {connector}` then takes its id and secret.")


@oauth_apps.command("list")
def list_apps(workspace: InWorkspace = None, as_json: AsJson = False) -> None:
    """List the apps, without their secrets; those that Connectory registered by itself too."""

    async def find(application: Application, principal: Principal) -> list[dict[str, Any]]:
        stored = [_describe(one) for one in await application.oauth_apps.all(principal)]
        return [*stored, *_of_environment(application)]

    found = act(find, workspace=workspace)
    if as_json:
        show_json(found)
        return
    rows = [(one["family"], one["server"], one["client_id"], one["source"]) for one in found]
    empty = "There are no OAuth apps. `connectory oauth-app set CONNECTOR` leads through making one."
    show_table(("FAMILY", "SERVER", "CLIENT ID", "SOURCE"), rows, empty=empty)


@oauth_apps.command("remove")
def remove_app(
    connector: ConnectorName,
    server: ForServer = "",
    yes: Yes = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Forget an app; accounts that signed in with it must be connected again once their tokens have expired."""
    ask_first(
        f"Forget the OAuth app of {_whose(connector, server)}? Accounts that use it must be connected again.", yes=yes
    )

    async def remove(application: Application, principal: Principal) -> None:
        await application.oauth_apps.remove(principal, connector, server=server)

    act(remove, workspace=workspace)
    if as_json:
        show_json({"connector": connector, "server": server})
    else:
        show_text(f"Forgot the OAuth app of {_whose(connector, server)}. At the provider it is still registered.")


async def _setup(application: Application, connector: str) -> AppSetup:
    return application.oauth_apps.setup(connector)


def _guidance(setup: AppSetup) -> Iterator[str]:
    """What the person does at the provider, and what is to be copied from here; what will not work comes first."""
    if setup.problem:
        yield f"{setup.problem}\n"
    yield f"Open {setup.url}" if setup.url else "Register an OAuth app (a client) at the service."
    yield from (f"  {number}. {step}" for number, step in enumerate(setup.steps, 1))
    yield f"Redirect address: {setup.redirect_uri}"
    if setup.scopes:
        yield f"Scopes: {' '.join(setup.scopes)}"
    if setup.without:
        yield f"Without an app: {setup.without}"


def _tell_kept(kept: StoredClient, before: StoredClient | None) -> None:
    show_text(f"Kept the OAuth app {kept.client_id} of {_whose(kept.family, kept.server)}.")
    if before is not None and before.client_id != kept.client_id:
        note(
            f"It takes the place of {before.client_id}: accounts that signed in with that one must be connected again."
        )


def _client_id(given: str | None, asker: Terminal | None) -> str:
    if given is not None:
        return given
    if asker is None:
        raise InvalidArguments("No client id is given, and nobody can be asked here.", hint="Give --client-id ID.")
    return asker.ask("Client id", hidden=False, default=None)


def _secret(setup: AppSetup, from_env: str | None, file: str | None, asker: Terminal | None) -> str | None:
    """Return the secret; None for an app that needs none. Raises `InvalidArguments`, which never repeats it."""
    if from_env is not None:
        return _from_variable(from_env)
    if file is not None:
        found = read_credential_file("secret", file)
    elif not setup.needs_secret:
        return None
    elif asker is not None:
        found = asker.ask("Client secret (not shown while you type)", hidden=True, default=None)
    else:
        found = typer.get_text_stream("stdin").read(LONGEST_PIPED + 1)
    found = found.strip()
    if not found or any("\ud800" <= mark <= "\udfff" for mark in found):
        raise InvalidArguments(
            "There is no client secret." if not found else "The client secret is no text.",
            hint="Give --from-env VARIABLE or --file PATH, or pipe it in; the provider's page of the app shows it.",
        )
    return found


def _from_variable(name: str) -> str:
    from connectory.settings import read_variables

    value = read_variables([name]).get(name)
    if value is None:
        raise InvalidArguments(f"The environment variable {name} is not set.", hint="It should hold the client secret.")
    return value.get_secret_value()


def _of_environment(application: Application) -> list[dict[str, Any]]:
    """Those of the whole server, of families that exist: other programs name their variables so too."""
    families = {one.manifest.auth_family for one in application.catalog.connectors.values()}
    return [
        {"family": family, "server": "", "client_id": client.client_id, "source": "environment"}
        for family, client in sorted(application.settings.oauth_clients.items())
        if family in families
    ]


def _describe(app: StoredClient) -> dict[str, Any]:
    return {"family": app.family, "server": app.server, "client_id": app.client_id, "source": app.source}


def _whose(family: str, server: str) -> str:
    return f"{family} at {server}" if server else family
