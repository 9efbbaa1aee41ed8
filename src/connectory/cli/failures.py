"""Errors as the person at the terminal meets them: `code: message hint` on stderr, exit code 1, never a traceback.

Usage errors (an unknown option, a missing argument) are Typer's and exit with 2.
"""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from connectory.cli.output import note
from connectory.errors import ConnectoryError

FAILED = 1
INTERRUPTED = 130  # 128 and SIGINT, as shells have it
COMMANDS = {
    "list_connectors": "connectors",
    "list_connections": "connections",
    "search_actions": "search",
}
TOOLS = re.compile(rf"\b({'|'.join(COMMANDS)})\b(?![('])")
PACKAGE = Path(__file__).resolve().parents[1]


class Commands(TyperGroup):
    """The root group: every command runs inside it, so errors are told in one place."""

    def invoke(self, ctx: Any) -> Any:  # Typer's class of contexts has no public name
        """Run the command; a `ConnectoryError` becomes a line on stderr and exit code 1."""
        try:
            return super().invoke(ctx)
        except ConnectoryError as error:
            note(f"{error.code}: {for_terminal(error.text)}")
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


def for_terminal(text: str) -> str:
    """Return an error's text with the commands in place of the MCP tools that it names to an agent."""
    return TOOLS.sub(lambda found: f"`connectory {COMMANDS[found[0]]}`", text)


def tell_unforeseen(error: BaseException) -> None:
    """Say that the fault is ours, and where; without the exception's own text, which could hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if PACKAGE in Path(frame.filename).parents] or frames
    places = [f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in ours]
    note(f"internal_error: Connectory itself failed ({type(error).__name__}). Please report it with these places:")
    note("\n".join(places))


def run_guarded(app: typer.Typer) -> None:
    """Run the app as the whole program."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 # the last line: a traceback would print the exception's text
        tell_unforeseen(error)
        sys.exit(FAILED)
