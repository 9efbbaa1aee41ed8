"""`connections` and `disconnect`: the accounts that are connected, and letting one go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import act
from connectory.cli.options import AsJson, InWorkspace, ListingGroup, Yes, ask_first
from connectory.cli.output import moment, note, show_json, show_table, show_text

if TYPE_CHECKING:
    from connectory.auth.backend import Revocation
    from connectory.identity.principal import Principal
    from connectory.vault.entities import Connection, Grant
    from connectory.wiring import Application

UNREADABLE = "unreadable"
connections = typer.Typer(cls=ListingGroup, help="The connected accounts; `connections NAME` lists a connector's.")


@connections.command("list")
def list_connections(
    connector: Annotated[str | None, typer.Argument(help="Only those of this connector.")] = None,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """List the connected accounts and how they are."""

    async def find(
        application: Application, principal: Principal
    ) -> tuple[Sequence[tuple[Connection, Grant]], set[str]]:
        found = await application.auth.list_connections(principal, connector)
        unreadable = await application.vault.grants.unreadable(principal.workspace_id)
        return found, {str(grant.id) for grant in unreadable}

    found, unreadable = act(find, workspace=workspace)
    described = [_describe(connection, grant, unreadable) for connection, grant in found]
    if as_json:
        show_json(described)
    else:
        rows = [(one["connection"], one["account"], one["status"], one["shared"], one["id"]) for one in described]
        empty = "Nothing is connected yet. `connectory connect NAME` connects a service."
        show_table(("CONNECTION", "ACCOUNT", "STATUS", "SHARED", "ID"), rows, empty=empty)
    _warn(described)


def disconnect(
    name: Annotated[str, typer.Argument(help="CONNECTOR/ALIAS, or the connection's id.")],
    yes: Yes = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Delete a connection and its stored credentials."""

    async def find(application: Application, principal: Principal) -> Connection:
        return (await application.auth.resolve(principal, await full_name(application, principal, name)))[0]

    connection = act(find, workspace=workspace)
    ask_first(f"Delete {connection.name} and its stored credentials?", yes=yes)

    async def leave(application: Application, principal: Principal) -> tuple[Revocation, str]:
        revocation = await application.auth.disconnect(principal, connection.id)
        return revocation, application.catalog.title_of(connection.connector)

    revocation, title = act(leave, workspace=workspace)
    if as_json:
        show_json({"connection": connection.name, "id": connection.id, "revocation": revocation.value})
        return
    from connectory.auth.withdrawing import what_became

    then = what_became(revocation, title)
    show_text(f"Disconnected {connection.name}; its stored credentials are deleted. {then}")


def renewing_command(connector: str, alias: str, *, is_shared: bool) -> str:
    """What to type to sign in to a connection anew; without `--shared` that would make another beside a shared one."""
    return f"connectory connect {connector} --alias {alias}{' --shared' if is_shared else ''}"


async def full_name(application: Application, principal: Principal, name: str) -> str:
    """A connector's name alone means its only connection: nobody at a terminal should have to type `/default`."""
    await application.catalog.settled()
    if name not in application.catalog.connectors:
        return name
    found = await application.auth.list_connections(principal, name)
    return found[0][0].id if len(found) == 1 else name


def _describe(connection: Connection, grant: Grant, unreadable: Collection[str]) -> dict[str, Any]:
    return {
        "connection": connection.name,
        "id": connection.id,
        "connector": connection.connector,
        "alias": connection.alias,
        "account": grant.account_name or grant.account_id,
        "status": UNREADABLE if grant.id in unreadable else grant.status.value,
        "shared": connection.is_shared,
        "scopes": list(grant.scopes),
        "labels": dict(connection.labels),
        "created_at": moment(connection.created_at),
    }


def _warn(described: Sequence[dict[str, Any]]) -> None:
    lost = [one["connection"] for one in described if one["status"] == UNREADABLE]
    if lost:
        note(
            f"{len(lost)} of these cannot be opened with the encryption key at hand: {', '.join(lost)}. Nothing was"
            " changed. Put back the key they were encrypted with, or connect them again."
        )
    for one in described:
        if one["status"] == "needs_reconnect":
            again = renewing_command(one["connector"], one["alias"], is_shared=one["shared"])
            note(f"{one['connection']} must be renewed: `{again}`.")
