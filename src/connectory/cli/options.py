"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from connectory.errors import InvalidArguments

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON and nothing else to stdout.")]
InWorkspace = Annotated[
    str | None,
    typer.Option("--workspace", metavar="SLUG", help="Act in this workspace; unset: default, or the token's."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def ask_first(question: str, *, yes: bool) -> None:
    """Return once the person agrees. Raises `InvalidArguments` where nobody can be asked."""
    if yes:
        return
    if not is_interactive():
        raise InvalidArguments("This needs a yes, and nobody can be asked here.", hint="Repeat it with --yes.")
    typer.confirm(question, abort=True, err=True)


def is_interactive() -> bool:
    """Whether a person sits at stdin."""
    return typer.get_text_stream("stdin").isatty()
