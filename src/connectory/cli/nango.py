"""`nango ...`: what whoever runs this server does once with a Nango: integrations, and connections made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import act
from connectory.cli.connecting import tell_connected
from connectory.cli.options import AsJson, InWorkspace
from connectory.cli.output import moment, note, show_json, show_table, show_text
from connectory.errors import BackendUnavailable, InvalidArguments

if TYPE_CHECKING:
    from connectory.auth.backend import Connected
    from connectory.auth.nango.adopting import Adoptable
    from connectory.auth.nango.services import NangoServices
    from connectory.auth.nango.syncing import Synced
    from connectory.identity.principal import Principal
    from connectory.wiring import Application

nango = typer.Typer(no_args_is_help=True, help="Nango, where it keeps sign-ins: integrations, and taking over.")

_WORDS = {
    "created": "made",
    "updated": "changed",
    "unchanged": "as it should be",
    "other_app": "left alone: it has another OAuth app",
    "needs_app": "its OAuth app is not known here",
    "unknown": "this Nango has no such provider",
    "failed": "refused by Nango",
}


@nango.command("sync-integrations")
def sync_integrations(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CONNECTOR]...", help="Only these, and also those that need no OAuth app."),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Take our app where an integration has another; its people must sign in anew."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make Nango's integrations of the OAuth apps that are known here, with the scopes of the manifests."""

    async def sync(application: Application, principal: Principal) -> tuple[Sequence[Synced], str]:
        services = _services(application)
        done = await services.sync.sync(principal, names or [], replace=replace, pretend=dry_run)
        return done, services.sync.redirect_uri

    done, redirect_uri = act(sync)
    if as_json:
        show_json([asdict(one) for one in done])
    else:
        _tell_synced(done, redirect_uri, is_asked=bool(names), is_trial=dry_run)
    if any(one.outcome == "failed" for one in done):
        raise typer.Exit(1)


@nango.command("adopt")
def adopt(
    connection_id: Annotated[
        str | None, typer.Argument(metavar="[CONNECTION]", help="Its id in Nango; without one, they are listed.")
    ] = None,
    tagged: Annotated[
        bool, typer.Option("--tagged", help="All whose tag connectory_workspace names this workspace.")
    ] = False,
    integration: Annotated[
        str | None, typer.Option("--integration", help="Nango's integration, where several have such a connection.")
    ] = None,
    connector: Annotated[str | None, typer.Option("--connector", help="What it is to be, where several fit.")] = None,
    alias: Annotated[str | None, typer.Option("--alias", help="Name for it, e.g. work.")] = None,
    shared: Annotated[bool, typer.Option("--shared", help="For the whole workspace.")] = False,
    other_account: Annotated[
        bool, typer.Option("--other-account", help="Yes, the connection shall belong to another account from now on.")
    ] = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Take over a connection that was made in Nango by something else; without one, list what can be."""
    if connection_id is not None and tagged:
        raise InvalidArguments("Both a connection and --tagged are given.", hint="Give one of them.")
    if tagged:
        _adopt_tagged(shared=shared, workspace=workspace, as_json=as_json)
    elif connection_id is None:
        _list_adoptable(workspace=workspace, as_json=as_json)
    else:
        how = {"integration": integration, "connector": connector, "alias": alias}
        made = _adopt_one(connection_id, how, shared=shared, other_account=other_account, workspace=workspace)
        tell_connected(made, as_json=as_json)


@nango.command("use")
def use(
    connector: Annotated[str, typer.Argument(help="The connector's name.")],
    integration: Annotated[str, typer.Argument(help="The key of an integration of Nango's.")],
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Say which integration serves a connector in this workspace, where Nango has several of its provider."""

    async def choose(application: Application, principal: Principal) -> str:
        return await _services(application).choose(principal, connector, integration)

    method = act(choose, workspace=workspace)
    if as_json:
        show_json({"connector": connector, "method": method, "integration": integration})
    else:
        show_text(f"{connector} signs in by Nango's integration {integration} from now on ({method}).")


def _services(application: Application) -> NangoServices:
    if application.nango is None:
        raise BackendUnavailable("Nango is not set up here.", hint="Set NANGO_SECRET_KEY, and NANGO_HOST.")
    return application.nango


def _tell_synced(done: Sequence[Synced], redirect_uri: str, *, is_asked: bool, is_trial: bool) -> None:
    unknown = [one.connector for one in done if one.outcome == "needs_app" and not one.integration and not is_asked]
    shown = [one for one in done if one.connector not in unknown]
    rows = [(one.connector, one.method, one.integration or one.provider, _WORDS[one.outcome]) for one in shown]
    empty = "No OAuth app is known here that Nango could use."
    show_table(("CONNECTOR", "WAY TO SIGN IN", "INTEGRATION", "WHAT BECAME OF IT"), rows, empty=empty)
    for one in shown:
        if one.problem:
            note(f"{one.connector}: {one.problem}")
        if one.outcome == "needs_app":
            note(f"`connectory oauth-app set {one.connector}` shows how one is registered, and takes it.")
    if unknown:
        note(f"No OAuth app is known for {', '.join(unknown)}. `connectory oauth-app set NAME` takes one.")
    if any(one.outcome in ("created", "updated") for one in shown):
        note(f"Each app must have the redirect address {redirect_uri}: enter it at its provider, beside the others.")
    if is_trial:
        note("Nothing was changed.")


def _adopt_one(
    connection_id: str, how: Mapping[str, str | None], *, shared: bool, other_account: bool, workspace: str | None
) -> Connected:
    async def take(application: Application, principal: Principal) -> Connected:
        adoption = _services(application).adoption
        return await adoption.adopt(principal, connection_id, **how, shared=shared, other_account=other_account)

    return act(take, workspace=workspace)


def _adopt_tagged(*, shared: bool, workspace: str | None, as_json: bool) -> None:
    """Take over one after the other; what cannot be is said, and the others go on."""
    from connectory.errors import ConnectoryError

    async def take(application: Application, principal: Principal) -> tuple[list[str], list[str]]:
        adoption, made, left = _services(application).adoption, list[str](), list[str]()
        for one in await adoption.found(principal):
            if not one.is_tagged:
                continue
            try:
                alias = await _free_alias(application, principal, one)
                done = await adoption.adopt(
                    principal, one.connection_id, integration=one.integration, alias=alias, shared=shared
                )
                made.append(done.connection.name)
            except ConnectoryError as error:
                left.append(f"{one.connection_id} of {one.integration}: {error.text}")
        return made, left

    made, left = act(take, workspace=workspace)
    if as_json:
        show_json({"adopted": made, "left_out": left})
    else:
        for name in made:
            show_text(f"Adopted {name}.")
        if not made and not left:
            show_text("Nothing in Nango is tagged for this workspace that is not used here already.")
        for sentence in left:
            note(sentence)
    if left:
        raise typer.Exit(1)


async def _free_alias(application: Application, principal: Principal, one: Adoptable) -> str | None:
    """None, which is `default`, where it is free; else one after the integration, numbered."""
    mine = [row for row, _ in await application.auth.list_connections(principal) if row.connector in one.connectors]
    if not mine:
        return None
    taken = {row.alias for row in mine}
    return next(f"nango-{number}" for number in range(1, len(taken) + 2) if f"nango-{number}" not in taken)


def _list_adoptable(*, workspace: str | None, as_json: bool) -> None:
    async def find(application: Application, principal: Principal) -> Sequence[Adoptable]:
        return await _services(application).adoption.found(principal)

    found = act(find, workspace=workspace)
    if as_json:
        show_json([_describe(one) for one in found])
        return
    rows = [
        (
            one.connection_id,
            one.integration,
            ", ".join(one.connectors) or "-",
            "tagged for this workspace" if one.is_tagged else "broken" if one.is_broken else "",
        )
        for one in found
    ]
    empty = "Nango has no connection that is not used here already."
    show_table(("CONNECTION", "INTEGRATION", "CAN BE", ""), rows, empty=empty)
    if rows:
        note("`connectory nango adopt CONNECTION` takes one over, --tagged all that are tagged for this workspace.")


def _describe(one: Adoptable) -> dict[str, Any]:
    return {**asdict(one), "connectors": list(one.connectors), "created_at": moment(one.created_at)}
