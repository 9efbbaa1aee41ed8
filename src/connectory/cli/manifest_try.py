"""`manifest try ACTION`: one call as who writes the manifest needs to see it: request, answer, and what an agent gets.

It is a call like any other, by the same rules and on the record. What is asked of the person is asked while no event
loop and no database waits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import acting, prepared_settings, run_to_end
from connectory.cli.connecting import ConnectCommand
from connectory.cli.entry import Given, Terminal, check_given, choose_method, fill_in, parse_given, variables_of
from connectory.cli.options import AsJson, InWorkspace, Yes, ask_first, is_interactive
from connectory.cli.pairs import parse_arguments
from connectory.cli.trial import show_parts, show_trial_as_json
from connectory.errors import BackendUnavailable, InvalidArguments, ManifestInvalid
from connectory.gateway.trial import Trial, draw_request, make_call, parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectory.auth.backend import Entry, Form, Problem
    from connectory.catalog.catalog import Catalog
    from connectory.catalog.connector import Action

__all__ = ["ConnectCommand", "try_action"]

RAW_SHOWS_ALL = "; --raw shows all"


@dataclass(frozen=True, slots=True)
class _Call:
    """What shall be called, through what. With `entry` it signs in for this call alone; a dry run only supposes so."""

    action: Action
    catalog: Catalog
    arguments: dict[str, Any]
    connection: str | None
    workspace: str | None
    entry: Entry | None = None
    is_dry: bool = False


ActionName = Annotated[
    str, typer.Argument(help="The action's name; with --file also without the connector's before it.")
]
Arguments = Annotated[
    list[str] | None,
    typer.Option("--arg", "-a", metavar="NAME=VALUE", help="An argument; NAME:=JSON gives a value that is no text."),
]
Draft = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="A manifest that is in none of the folders yet.")
]
Account = Annotated[str | None, typer.Option("--connection", "-c", help="Which account, where several fit.")]
Method = Annotated[str | None, typer.Option("--method", help="With --file, not connected yet: the way to sign in.")]
Facts = Annotated[
    list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="Likewise: a value that is not secret.")
]
FromEnv = Annotated[
    list[str] | None,
    typer.Option("--from-env", metavar="[FIELD=VARIABLE]", help="Likewise: from the environment, as in connect."),
]
Private = Annotated[
    bool, typer.Option("--private-address", help="Likewise: yes, a server in a private network is meant.")
]
Raw = Annotated[bool, typer.Option("--raw", help="Show the provider's answer whole, not its beginning.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the request, and send nothing.")]


def try_action(
    action: ActionName,
    arg: Arguments = None,
    file: Draft = None,
    connection: Account = None,
    method: Method = None,
    field: Facts = None,
    from_env: FromEnv = None,
    private_address: Private = False,
    raw: Raw = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Call an action and show its request, the provider's answer and what an agent gets; a write asks first.

    With --file and no connection of that connector it asks for credentials, for this call alone; with --dry-run for
    no secret ones.
    """
    catalog = _catalog(file)
    found = _find(catalog, action, file)
    entry = None
    if file is not None and connection is None:
        given = parse_given(found.connector, method, field or [], from_env or [], private=private_address, other=False)
        entry = _asked(catalog, given, workspace, is_dry=dry_run)
    arguments = parse_arguments(arg or [], found.input_schema)
    call = _Call(found, catalog, arguments, connection, workspace, entry, dry_run)
    trial = Trial(found, catalog.connector(found.connector))
    is_asked = not (yes or dry_run or found.effect == "read")
    if is_asked or dry_run:  # so that a person says yes to what they have seen
        run_to_end(_run(call, trial, send=False))
        if not as_json:
            show_parts(parts_of(trial, is_sent=False))
    if is_asked:
        ask_first(f"{found.tool} is a {found.effect} call. Send it?", yes=False)
    if not dry_run:
        run_to_end(_run(call, trial, send=True))
    _show(trial, is_request_shown=is_asked or dry_run, is_sent=not dry_run, whole=raw, as_json=as_json)


def _catalog(draft: Path | None) -> Catalog:
    """Load the catalog with the draft in it. Raises `ManifestInvalid` saying what is wrong with that."""
    from connectory.catalog.catalog import load_catalog
    from connectory.catalog.problems import file_text
    from connectory.vault.data_folder import prepare_folder
    from connectory.wiring import manifest_folders

    settings = prepared_settings(quiet=True)
    prepare_folder(settings.data_dir)
    catalog = load_catalog(manifest_folders(settings), index_dir=settings.data_dir / "index", draft=draft)
    own = {file_text(draft), file_text(draft.resolve())} if draft is not None else set()
    problems = [problem for problem in catalog.problems if problem.file in own]
    if problems:
        raise ManifestInvalid("\n".join(["It has problems:", *map(str, problems)]), hint="Mend them, then try again.")
    return catalog


def _find(catalog: Catalog, name: str, draft: Path | None) -> Action:
    """Return the action; of a draft its own name is enough. Raises `UnknownAction`."""
    if draft is not None and name not in catalog.actions:
        from connectory.catalog.loading import load_manifest

        own = catalog.connector(load_manifest(draft).name).actions.get(name)
        if own is not None:
            return own
    return catalog.action(name)


def _asked(catalog: Catalog, given: Given, workspace: str | None, *, is_dry: bool) -> Entry | None:
    """Return what the person enters for this one call; None where there is a connection.

    A dry run reads no secret. Raises `InvalidArguments` where nobody can be asked, `BackendUnavailable` where it
    cannot be typed.
    """
    from connectory.settings import read_variables

    form = run_to_end(_form(catalog, given.connector, workspace, is_dry=is_dry))
    if form is None:
        return None
    asker = Terminal() if is_interactive() else None
    chosen = choose_method(form, given, asker)
    check_given(chosen, given)
    if is_dry:
        chosen = replace(chosen, fields={name: one for name, one in chosen.fields.items() if not one.is_secret})
    return fill_in(chosen, given, read_variables(variables_of(chosen, given).values()), asker)


async def _form(catalog: Catalog, connector: str, workspace: str | None, *, is_dry: bool) -> Form | None:
    """The form to sign in by, or None where the principal has a connection."""
    from connectory.auth.backend import Form

    async with acting(workspace=workspace, catalog=catalog) as (application, principal):
        if await application.auth.list_connections(principal, connector):
            return None
        configs = await application.auth.provider_config(principal, connector)
        every = [form for config in configs for form in config.methods]
        if is_dry:  # as if it were done, wherever
            return Form(tuple(replace(form, leaves=False, setup=None) for form in every))
        forms = tuple(form for form in every if not form.leaves)
        if not forms:
            raise BackendUnavailable(
                f"{connector} is signed in to in the browser, which no single call can.",
                hint="Put the manifest into a folder of the server, connect it there, and try again.",
            )
        return Form(forms)


async def _run(call: _Call, trial: Trial, *, send: bool) -> None:
    """Put the request into the trial, and with `send` what comes of it, an error too.

    Raises what keeps the request from being made at all, and `InvalidArguments` on a wrong entry.
    """
    watch, arguments, chosen = trial.seen.append, call.arguments, call.connection
    async with acting(workspace=call.workspace, catalog=call.catalog, watch=watch) as (application, principal):
        if call.entry is None:
            await draw_request(application.gateway, principal, trial, arguments, connection=chosen)
            if send:
                await make_call(application.gateway, principal, trial, arguments, connection=chosen)
            return
        connector = call.action.connector
        async with application.passing(principal, call.catalog, watch) as passing:
            enter = passing.suppose if call.is_dry else passing.sign_in
            if problems := await enter(principal, connector, call.entry):
                raise _not_signed_in(connector, problems)
            await passing.run(principal, trial, arguments, send=send)


def _not_signed_in(connector: str, problems: Sequence[Problem]) -> InvalidArguments:
    told = " ".join(f"{one.field}: {one.message}" if one.field else one.message for one in problems)
    is_private = any(one.confirm == "private_confirmed" for one in problems)
    return InvalidArguments(
        f"{connector} was not signed in to: {told}",
        hint="Add --private-address if that is meant." if is_private else "Mend the entry or the manifest.",
    )


def _show(trial: Trial, *, is_request_shown: bool, is_sent: bool, whole: bool, as_json: bool) -> None:
    """Show what was not shown yet. Raises the call's own error, so that the command fails by it."""
    if as_json:
        show_trial_as_json(trial)
    else:
        parts = parts_of(trial, is_sent=is_sent, whole=whole, more=RAW_SHOWS_ALL)
        show_parts(parts[1:] if is_request_shown else parts)
    if trial.error is not None:
        raise trial.error
