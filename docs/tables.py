"""Writes what the documentation takes from the code: tables, the JSON Schema of manifests, the connectors' pages.

`make docs` runs it. A page marks where a table stands by two comments; what is between them is made here and nothing
else of the page is touched. `tests/docs/test_tables.py` fails where a page is stale.
"""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from docs.connector_pages import FOLDER, connector_pages
from docs.manifest_tables import manifest_table
from docs.markdown import table
from docs.rest_table import routes_table
from pydantic.fields import FieldInfo

from connectory.actions.converters import FROM, TO
from connectory.catalog.schema import manifest_schema
from connectory.cli.clients.catalogue import CLIENTS, Client
from connectory.cli.main import app
from connectory.cli.setup import is_secret
from connectory.errors import ConnectoryError
from connectory.settings import Settings
from connectory.web.meanings import meaning_of_error

DOCS = Path(__file__).resolve().parent
BLOCK = re.compile(r"(<!-- made by `make docs`: (\w+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
NOT_CONSTANT = {"data_dir": "the system's folder for user data"}  # defaults that differ from machine to machine


def filled(page: str) -> str:
    """Return a page's text with every table made anew."""
    return BLOCK.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n{match[3]}", page)


def settings_table() -> str:
    """One row per environment variable."""
    rows = [
        (f"`{field.alias}`", _setting_type(field), _setting_default(name, field), field.description or "")
        for name, field in Settings.model_fields.items()
        if field.alias
    ]
    clients = Settings.model_fields["oauth_clients"]
    rows.append(("`<FAMILY>_CLIENT_ID`, `<FAMILY>_CLIENT_SECRET`", "text, secret", "", clients.description or ""))
    return table(("Setting", "Value", "Default", "Meaning"), rows)


def errors_table() -> str:
    """One table per branch of the error tree; the branch itself first."""
    parts = []
    branches: list[type[ConnectoryError]] = [ConnectoryError, *ConnectoryError.__subclasses__()]
    for branch in branches:
        leaves = [] if branch is ConnectoryError else _below(branch)
        rows = [_error_row(error) for error in (branch, *leaves)]
        parts.append(f"### {branch.__name__}\n\n" + table(("Code", "Whose move", "Retry", "Meaning"), rows))
    return "\n".join(parts)


def commands_table() -> str:
    """One section per command, in the order of `--help`."""
    root: Any = typer.main.get_command(app)  # the classes behind Typer have no public names
    return "\n".join(_command(path, command) for path, command in commands(root))


def clients_table() -> str:
    """One row per client, then where each keeps its file."""
    rows = [
        (
            f"`{client.name}`",
            client.title,
            client.syntax.value,
            f"`{client.container}`",
            "yes" if client.local else "no",
            "yes" if client.remote else "no",
            f"{client.tools}: {client.tools_why}" if client.tools else "",
        )
        for client in CLIENTS
    ]
    columns = ("Name", "Client", "Its file is", "Key", "Command", "`--http`", "Tools written")
    places = [
        (client.title, *(_places(client, system) for system in ("linux", "macos", "windows"))) for client in CLIENTS
    ]
    return table(columns, rows) + "\n" + table(("Client", "Linux", "macOS", "Windows, seen from WSL"), places)


def converters_table() -> str:
    """One row per converter: those of requests, then those of answers; what each gives is its docstring's sentence."""
    requests = [(f"`convert: {name}`", _sentence(made)) for name, made in TO.items()]
    answers = [(f"`{name}({_parameters(made)})`", _sentence(made)) for name, made in FROM.items()]
    return table(("In a request", "Gives"), requests) + "\n" + table(("In an answer", "Gives"), answers)


TABLES: Mapping[str, Callable[[], str]] = {
    "clients": clients_table,
    "settings": settings_table,
    "errors": errors_table,
    "commands": commands_table,
    "manifest": manifest_table,
    "converters": converters_table,
    "routes": routes_table,
}


def commands(group: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its words, e.g. ("token", "create")."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name), command


def write_pages() -> list[str]:
    """Write the pages that have changed, and return their names."""
    changed = []
    made = {page: filled(page.read_text(encoding="utf-8")) for page in sorted(DOCS.glob("*.md"))}
    made[DOCS / "manifest.schema.json"] = json.dumps(manifest_schema(), indent=2) + "\n"
    made |= connector_pages()
    FOLDER.mkdir(exist_ok=True)
    for page, text in made.items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            changed.append(page.relative_to(DOCS).as_posix())
    return changed


def _sentence(made: Callable[..., Any]) -> str:
    words = " ".join(inspect.cleandoc(made.__doc__ or "").split("\n\n")[0].split()).removeprefix("Return ")
    return words[:1].upper() + words[1:]


def _parameters(made: Callable[..., Any]) -> str:
    return ", ".join(inspect.signature(made).parameters)


def _places(client: Client, system: str) -> str:
    folders = {
        "home": "~",
        "config": "~/.config",
        "user": "%USERPROFILE%",
        "roaming": "%APPDATA%",
        "local": "%LOCALAPPDATA%",
    }
    return ", ".join(f"`{place.file.format(**folders)}`" for place in client.places.get(system, ()))


def _setting_type(field: FieldInfo) -> str:
    words = _words(field.annotation)
    limits = {type(item).__name__: item for item in field.metadata}
    least = [f"from {limits['Ge'].ge:g}"] if "Ge" in limits else ["above 0"] if "Gt" in limits else []
    most = [f"to {limits['Le'].le:g}"] if "Le" in limits else []
    numbers = " ".join([*least, *most])
    return ", ".join(filter(None, [words, numbers, "secret" if is_secret(field) else ""]))


def _words(annotation: Any) -> str:
    """What a person writes for a value of this type."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _words(next(item for item in arguments if item is not type(None)))
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{word}`" for word in arguments)
    if typing.get_origin(annotation) is tuple:
        return "list"
    known = {int: "whole number", float: "number", Path: "path"}
    return known.get(annotation, "text")


def _setting_default(name: str, field: FieldInfo) -> str:
    if name in NOT_CONSTANT:
        return NOT_CONSTANT[name]
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None or default == ():
        return ""
    return f"`{int(default) if isinstance(default, float) and default.is_integer() else default}`"


def _below(branch: type[ConnectoryError]) -> list[type[ConnectoryError]]:
    kinds = [child for child in branch.__subclasses__() if "code" in vars(child)]  # without: known by its branch's
    return [found for child in kinds for found in (child, *_below(child))]


def _error_row(error: type[ConnectoryError]) -> tuple[str, ...]:
    return f"`{error.code}`", error.fault, "yes" if error.retryable else "no", meaning_of_error(error)


def _command(path: Sequence[str], command: Any) -> str:
    arguments = [item for item in command.params if not item.opts[0].startswith("-")]
    options = [item for item in command.params if item not in arguments]
    usage = " ".join(["connectory", *path, *map(_argument, arguments), *(["[OPTIONS]"] if options else [])])
    rows = [(f"`{_argument(item)}`", _help(item)) for item in arguments]
    rows += [(f"`{_option(item)}`", _help(item)) for item in options]
    options_table = "\n" + table(("Argument or option", "Meaning"), rows) if rows else ""
    words = " ".join(command.help.split())
    return f"### connectory {' '.join(path)}\n\n```text\n{usage}\n```\n\n{words}\n{options_table}"


def _argument(item: Any) -> str:
    name = (item.metavar or item.name.upper()).strip("[]")
    if item.nargs == -1 and not name.endswith("..."):
        name += "..."
    return name if item.required else f"[{name}]"


def _option(item: Any) -> str:
    names = ", ".join(item.opts)
    if item.is_flag:
        return names
    return f"{names} {item.metavar or _choices(item) or item.opts[0].lstrip('-').upper()}"


def _choices(item: Any) -> str:
    annotation = item.type_descriptor.annotation
    inner = [kind for kind in (annotation, *typing.get_args(annotation)) if isinstance(kind, type)]
    enum = next((kind for kind in inner if issubclass(kind, Enum)), None)
    return "|".join(str(one.value) for one in enum) if enum else ""


def _help(item: Any) -> str:
    notes = []
    if item.min is not None or item.max is not None:
        notes.append(f"from {item.min} to {item.max}")
    default = item.default.value if isinstance(item.default, Enum) else item.default
    if default not in (None, False, "") and not item.is_flag:
        notes.append(f"default {default}")
    if item.multiple:
        notes.append("may be repeated")
    said = f" ({', '.join(notes)})" if notes else ""
    return f"{item.help or ''}{said}"


if __name__ == "__main__":
    for name in write_pages():
        typer.echo(f"docs/{name}")
