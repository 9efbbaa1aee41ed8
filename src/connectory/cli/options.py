"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from connectory.errors import InvalidArguments

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON and nothing else to stdout.")]
InWorkspace = Annotated[
    str | None,
    typer.Option("--workspace", metavar="SLUG", help="Act in this workspace; unset: default, or the token's."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class ListingGroup(TyperGroup):
    """Commands about some things, of which `list` is meant where none is named: `things`, and `things WORDS`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # Typer's class of contexts has no public name
        """Put `list` before what is no command's name."""
        is_help = any(word in ctx.help_option_names for word in args[:1])
        is_named = bool(args) and args[0] in self.commands
        return super().parse_args(ctx, args if is_named or is_help else ["list", *args])


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
