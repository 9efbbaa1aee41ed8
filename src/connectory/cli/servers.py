"""`serve` and `stdio`: the two ways in which the server runs."""

from __future__ import annotations

from typing import Annotated

import typer

from connectory.cli.acting import prepared_settings, run_to_end
from connectory.cli.options import is_interactive
from connectory.cli.output import show_text


def serve(
    host: Annotated[
        str | None,
        typer.Option("--host", help="Address to listen on; unset: CONNECTORY_HOST, else this machine alone."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port; unset: CONNECTORY_PORT, else 8765.")
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Let programs on this machine use /mcp without a token.")
    ] = False,
) -> None:
    """Serve the web page and /mcp until Ctrl-C."""
    settings = prepared_settings()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    from connectory.cli.serving import leave_at_once, serve_web

    run_to_end(serve_web(settings.model_copy(update=given), no_auth=no_auth))
    leave_at_once()


def stdio(
    max_tools: Annotated[
        int | None,
        typer.Option(
            "--max-tools", min=8, max=1000, help="Most tools in the list; unset: CONNECTORY_MAX_TOOLS, else 40."
        ),
    ] = None,
) -> None:
    """Speak MCP over stdin and stdout, for clients that start this themselves."""
    if is_interactive():
        from connectory.cli.registering import explain_stdio

        show_text(explain_stdio())
        return
    settings = prepared_settings()
    from connectory.cli.serving import leave_at_once, serve_stdio

    run_to_end(serve_stdio(settings, max_tools or settings.max_tools))
    leave_at_once()
