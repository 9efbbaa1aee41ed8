"""What people read (tables, sentences) and what programs read (`--json`): the only module that writes to stdout.

Names and texts come from providers too: what a terminal would obey instead of show is written as an escape.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import typer

PIPED_WIDTH = 200  # columns where nobody looks: a pipe must not lose ends of lines


def show_json(value: object) -> None:
    """Write `value` as JSON, in ASCII: it is for programs, and the same on every terminal and pipe."""
    typer.echo(json.dumps(value, indent=2, default=str))


def show_text(text: str = "") -> None:
    """Write one or several lines for people."""
    typer.echo(printable(text))


def note(text: str) -> None:
    """Say something beside the result: on stderr, so that stdout stays what was asked for."""
    typer.echo(printable(text), err=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Write a table for people, or the sentence `empty` where there are no rows."""
    listed = [[_cell(value) for value in row] for row in rows]
    if not listed:
        show_text(empty)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in listed:
        table.add_row(*(Text(cell) for cell in row))  # as `Text`: brackets in a name are no markup
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False).print(table)


def printable(text: str) -> str:
    """Return `text` with everything a terminal would act on, line breaks and tabs aside, as escapes."""
    return "".join(
        mark if mark.isprintable() or mark in "\n\t" else mark.encode("unicode_escape").decode() for mark in text
    )


def moment(time: datetime | None) -> str | None:
    """Write a time as ISO 8601 in seconds."""
    return time.isoformat(timespec="seconds") if time else None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    return printable(str(value))
