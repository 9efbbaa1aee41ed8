"""Writes what the documentation takes from the code: its tables, and the JSON Schema of manifests.

`make docs` runs it. A page marks where a table stands by two comments; what is between them is made here and nothing
else of the page is touched. `tests/docs/test_tables.py` fails where a page is stale.
"""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connectory.actions.converters import FROM, TO
from connectory.catalog import manifest as format_1
from connectory.catalog.schema import manifest_schema
from connectory.cli.clients.catalogue import CLIENTS, Client
from connectory.cli.main import app
from connectory.cli.setup import is_secret
from connectory.errors import ConnectoryError
from connectory.settings import Settings

DOCS = Path(__file__).resolve().parent
BLOCK = re.compile(r"(<!-- made by `make docs`: (\w+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
NOT_CONSTANT = {"data_dir": "the system's folder for user data"}  # defaults that differ from machine to machine

# The parts of a manifest in reading order: heading, model, and the model whose keys it has besides (told there).
PARTS: tuple[tuple[str, type[BaseModel], type[BaseModel] | None], ...] = (
    ("The file", format_1.Manifest, None),
    ("Every way to sign in", format_1.AuthMethodBase, None),
    ("The same at Nango", format_1.NangoSignIn, None),
    ("Where credentials go", format_1.Placement, None),
    ("Basic's two parts", format_1.BasicCredentials, None),
    ("Method api_key", format_1.ApiKeyMethod, format_1.AuthMethodBase),
    ("Method basic", format_1.BasicMethod, format_1.AuthMethodBase),
    ("Method fields", format_1.FieldsMethod, format_1.AuthMethodBase),
    ("Method dsn", format_1.DsnMethod, format_1.AuthMethodBase),
    ("Method none", format_1.NoAuthMethod, format_1.AuthMethodBase),
    ("A field of the form", format_1.CredentialField, None),
    ("Every OAuth 2 method", format_1.TokenRequest, format_1.AuthMethodBase),
    ("Method oauth2", format_1.OAuth2Method, format_1.TokenRequest),
    ("Method client_credentials", format_1.ClientCredentialsMethod, format_1.TokenRequest),
    ("Method jwt_bearer", format_1.JwtBearerMethod, format_1.TokenRequest),
    ("Method oauth1", format_1.OAuth1Method, format_1.AuthMethodBase),
    ("The token answer", format_1.TokenAnswer, None),
    ("A fact of the sign-in", format_1.SignInFact, None),
    ("Registering the client", format_1.AppRegistration, None),
    ("Withdrawing tokens", format_1.Revocation, None),
    ("A choice after the sign-in", format_1.AccountChoice, None),
    ("What proves a sign-in", format_1.Proof, None),
    ("The verify call", format_1.Verify, format_1.Proof),
    ("The account", format_1.AccountPaths, None),
    ("The granted scopes", format_1.GrantedScopes, None),
    ("An error rule", format_1.ErrorRule, None),
    ("When a rule applies", format_1.Condition, None),
    ("When to try again", format_1.RetryTime, None),
    ("A limit by cost", format_1.Bucket, None),
    ("The idempotency key", format_1.IdempotencyKey, None),
    ("An action", format_1.ActionManifest, None),
    ("An input", format_1.Input, None),
    ("A step", format_1.Step, None),
    ("A request", format_1.Request, None),
    ("Pages of every style", format_1.PagesBase, None),
    ("Pages link_header", format_1.LinkHeaderPages, format_1.PagesBase),
    ("Pages next_url_header", format_1.NextUrlHeaderPages, format_1.PagesBase),
    ("Pages next_url", format_1.NextUrlPages, format_1.PagesBase),
    ("Pages cursor", format_1.CursorPages, format_1.PagesBase),
    ("Pages page", format_1.NumberedPages, format_1.PagesBase),
    ("Pages offset", format_1.OffsetPages, format_1.PagesBase),
    ("Pages last_id", format_1.LastIdPages, format_1.PagesBase),
    ("The answer", format_1.Answer, None),
    ("A file inside JSON", format_1.FileContent, None),
    ("A further request for each item", format_1.Expand, None),
    ("A stream", format_1.Stream, None),
    ("One row of a stream", format_1.OneRow, None),
    ("What is new in a stream", format_1.StreamCursor, None),
    ("Deletions by full_read", format_1.MissingDeletions, None),
    ("Deletions by mark", format_1.MarkedDeletions, None),
    ("Deletions by action", format_1.ListedDeletions, None),
    ("A stream read for each row of another", format_1.ForEach, None),
    ("The schedule", format_1.Schedule, None),
    ("A webhook", format_1.Webhook, None),
    ("A place in a delivery", format_1.Place, None),
    ("Whose a delivery is", format_1.DeliveredAccount, None),
    ("An event", format_1.WebhookEvent, None),
    ("Every signature over the content", format_1.SignedContent, None),
    ("Signature hmac", format_1.HmacSignature, format_1.SignedContent),
    ("Signature public_key", format_1.PublicKeySignature, format_1.SignedContent),
    ("Signature jwt", format_1.JwtSignature, None),
    ("Signature token", format_1.SharedToken, None),
    ("Signature basic", format_1.SharedBasic, None),
    ("Signature none", format_1.NoSignature, None),
    ("The secret of a signature", format_1.Secret, None),
    ("When it was signed", format_1.SignedTime, None),
    ("Handshake echo", format_1.EchoHandshake, None),
    ("Handshake signed_echo", format_1.SignedEchoHandshake, None),
    ("Handshake verification_token", format_1.VerificationTokenHandshake, None),
    ("Handshake ping", format_1.PingHandshake, None),
)
HEADING_OF = {model.__name__: heading for heading, model, _ in PARTS}


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
    return _table(("Setting", "Value", "Default", "Meaning"), rows)


def errors_table() -> str:
    """One table per branch of the error tree; the branch itself first."""
    parts = []
    branches: list[type[ConnectoryError]] = [ConnectoryError, *ConnectoryError.__subclasses__()]
    for branch in branches:
        leaves = [] if branch is ConnectoryError else _below(branch)
        rows = [_error_row(error) for error in (branch, *leaves)]
        parts.append(f"### {branch.__name__}\n\n" + _table(("Code", "Whose move", "Retry", "Meaning"), rows))
    return "\n".join(parts)


def commands_table() -> str:
    """One section per command, in the order of `--help`."""
    root: Any = typer.main.get_command(app)  # the classes behind Typer have no public names
    return "\n".join(_command(path, command) for path, command in commands(root))


def manifest_table() -> str:
    """One section per part of a manifest."""
    return "\n".join(_part(heading, model, base) for heading, model, base in PARTS)


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
    return _table(columns, rows) + "\n" + _table(("Client", "Linux", "macOS", "Windows, seen from WSL"), places)


def converters_table() -> str:
    """One row per converter: those of requests, then those of answers; what each gives is its docstring's sentence."""
    requests = [(f"`convert: {name}`", _sentence(made)) for name, made in TO.items()]
    answers = [(f"`{name}({_parameters(made)})`", _sentence(made)) for name, made in FROM.items()]
    return _table(("In a request", "Gives"), requests) + "\n" + _table(("In an answer", "Gives"), answers)


TABLES: Mapping[str, Callable[[], str]] = {
    "clients": clients_table,
    "settings": settings_table,
    "errors": errors_table,
    "commands": commands_table,
    "manifest": manifest_table,
    "converters": converters_table,
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
    for page, text in made.items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            changed.append(page.name)
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
    return [found for child in branch.__subclasses__() for found in (child, *_below(child))]


def _error_row(error: type[ConnectoryError]) -> tuple[str, ...]:
    meaning = re.sub(r" \(design [\d.]+\)", "", inspect.cleandoc(error.__doc__ or "").split("\n\n")[0])
    return f"`{error.code}`", error.fault.value, "yes" if error.retryable else "no", meaning


def _command(path: Sequence[str], command: Any) -> str:
    arguments = [item for item in command.params if not item.opts[0].startswith("-")]
    options = [item for item in command.params if item not in arguments]
    usage = " ".join(["connectory", *path, *map(_argument, arguments), *(["[OPTIONS]"] if options else [])])
    rows = [(f"`{_argument(item)}`", _help(item)) for item in arguments]
    rows += [(f"`{_option(item)}`", _help(item)) for item in options]
    table = "\n" + _table(("Argument or option", "Meaning"), rows) if rows else ""
    return f"### connectory {' '.join(path)}\n\n```text\n{usage}\n```\n\n{' '.join(command.help.split())}\n{table}"


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


def _part(heading: str, model: type[BaseModel], base: type[BaseModel] | None) -> str:
    schema, definitions = _schema_of(model)
    inherited = _schema_of(base)[0]["properties"] if base else {}
    rows = [
        (
            f"`{key}`",
            _kind(spec, definitions),
            "required" if key in schema.get("required", ()) else _default(spec),
            spec.get("description", ""),
        )
        for key, spec in schema["properties"].items()
        if key not in inherited
    ]
    words = " ".join(inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].split())
    also = f" It has the keys of {_link(base.__name__)} too." if base else ""
    return f"### {heading}\n\n{words}{also}\n\n" + _table(("Key", "Type", "Default", "Meaning"), rows)


def _schema_of(model: type[BaseModel]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the schema of the model's own keys, and the definitions it refers to by their bare names."""
    schema = model.model_json_schema(by_alias=True, ref_template="{model}")
    definitions = schema.get("$defs", {})
    own = definitions[schema["$ref"]] if "$ref" in schema else schema  # a model that holds itself is a reference
    return next((one for one in own.get("anyOf", ()) if "properties" in one), own), definitions


def _link(name: str) -> str:
    return f"[{HEADING_OF[name]}](#{anchor(HEADING_OF[name])})"


def _kind(spec: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words, parts of their own as links."""
    if "$ref" in spec:
        return _named(spec["$ref"], definitions)
    if "const" in spec:
        return f"`{json.dumps(spec['const'])}`".replace('"', "")
    if "enum" in spec:
        return ", ".join(f"`{word}`" for word in spec["enum"])
    if alternatives := spec.get("anyOf", spec.get("oneOf")):
        kinds = [_kind(one, definitions) for one in alternatives if one != {"type": "null"}]
        return " or ".join(dict.fromkeys(kinds))
    match spec.get("type"):
        case "array":
            return f"list of {_kind(spec['items'], definitions)}"
        case "object":
            named = [*spec.get("patternProperties", {}).values(), spec.get("additionalProperties")]
            inner = next((one for one in named if isinstance(one, dict)), {})
            return f"mapping of names to {_kind(inner, definitions)}"
        case "string":
            return "text" + _limits(spec, "minLength", "maxLength", " characters") + _pattern(spec)
        case "integer" | "number":
            word = "whole number" if spec["type"] == "integer" else "number"
            return word + _limits(spec, "minimum", "maximum", "")
        case "boolean":
            return "true or false"
        case _:
            return "any value"


def _named(name: str, definitions: Mapping[str, Any]) -> str:
    if name in HEADING_OF:
        return _link(name)
    return _kind(definitions[name], definitions)


def anchor(heading: str) -> str:
    """Return the fragment by which GitHub links to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _limits(spec: Mapping[str, Any], low: str, high: str, unit: str) -> str:
    least, most = spec.get(low), spec.get(high)
    if most is not None:
        return f", {f'{least} to ' if least is not None else 'at most '}{most}{unit}"
    return f", at least {least}{unit}" if least is not None else ""


def _pattern(spec: Mapping[str, Any]) -> str:
    return f", `{spec['pattern']}`" if "pattern" in spec else ""


def _default(spec: Mapping[str, Any]) -> str:
    default = spec.get("default")
    if default is None or default in ("", {}, []) or isinstance(default, dict):
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    """A bar would end the cell, and outside of code an angle bracket would begin a tag."""
    parts = text.replace("\n", " ").replace("|", "\\|").split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts).strip()


if __name__ == "__main__":
    for name in write_pages():
        typer.echo(f"docs/{name}")
