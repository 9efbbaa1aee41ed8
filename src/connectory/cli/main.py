"""The `connectory` command, put together. What a command needs beyond its own words is imported when it runs."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from connectory.cli import audit, backup, calling, connecting, connections, connectors, opening, servers, setup
from connectory.cli.clients import commands as clients
from connectory.cli.doctor.command import doctor
from connectory.cli.failures import Commands, run_guarded
from connectory.cli.manifests import manifests
from connectory.cli.moving import move
from connectory.cli.nango import nango
from connectory.cli.oauth_apps import oauth_apps
from connectory.cli.policies import policies
from connectory.cli.tokens import tokens
from connectory.cli.workspaces import users, workspaces

SERVE, USE, MANAGE, WRITE = "Serve", "Connect and call", "Manage", "Look closer"

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it would print the local variables' values
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def connectory(
    show_version: Annotated[bool, typer.Option("--version", help="Say which version this is.", is_eager=True)] = False,
) -> None:
    """One MCP server through which an agent uses every service its people use."""
    if show_version:
        setup.version()
        raise typer.Exit


app.command(rich_help_panel=SERVE)(servers.serve)
app.command(rich_help_panel=SERVE)(servers.stdio)
app.command("open", rich_help_panel=SERVE)(opening.open_page)
app.command(rich_help_panel=SERVE)(clients.install)
app.command(rich_help_panel=SERVE)(clients.uninstall)
app.command(rich_help_panel=USE, cls=connecting.ConnectCommand)(connecting.connect)
connections.connections.command(cls=connecting.ConnectCommand)(move)
app.add_typer(connections.connections, name="connections", rich_help_panel=USE)
app.command(rich_help_panel=USE)(connections.disconnect)
app.add_typer(connectors.connectors, name="connectors", rich_help_panel=USE)
app.command(rich_help_panel=USE)(connectors.search)
app.command(rich_help_panel=USE)(calling.call)
app.add_typer(oauth_apps, name="oauth-app", rich_help_panel=USE)
app.add_typer(nango, name="nango", rich_help_panel=USE)
app.add_typer(workspaces, name="workspace", rich_help_panel=MANAGE)
app.add_typer(users, name="user", rich_help_panel=MANAGE)
app.add_typer(tokens, name="token", rich_help_panel=MANAGE)
app.add_typer(policies, name="policy", rich_help_panel=MANAGE)
app.command(rich_help_panel=MANAGE)(audit.audit)
app.command(rich_help_panel=MANAGE)(backup.backup)
app.command(rich_help_panel=MANAGE)(backup.restore)
app.add_typer(manifests, name="manifest", rich_help_panel=WRITE)
app.command(rich_help_panel=WRITE)(doctor)
app.command(rich_help_panel=WRITE)(setup.settings)
app.command(rich_help_panel=WRITE)(setup.version)


def main() -> None:
    """Run the command line as a program.

    The collector rests meanwhile: imports make half a million objects and no garbage, and looking through them takes an
    eighth of a start. What serves turns it on again; a command ends before it could matter.
    """
    gc.disable()
    run_guarded(app)
