"""A connector as a page to read in the terminal: how one signs in, what can be done, how much, and what is synced."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectory.cli.describing import describe_connector, scopes_shown, servers_of
from connectory.cli.output import show_text

if TYPE_CHECKING:
    from connectory.catalog.connector import Connector

TO_COME = "(declared for syncs, which are to come)"
WIDEST = 120  # columns: longer lines are hard to read
INDENT = 2
ALWAYS = ("connection", "limit", "cursor", "fields")  # arguments that say nothing of one action
EFFECTS = ("read", "write", "destructive")
PROOFS = {
    "hmac": "signed (HMAC)", "public_key": "signed by its private key", "jwt": "a signed token (JWT)",
    "token": "a shared word", "basic": "a shared password", "none": "not signed",
}  # fmt: skip
SECRETS = {
    "client_secret": "with the app's client secret", "entered": "with a secret that you copy there",
    "chosen": "with a secret that we choose", "answer": "with a secret that its API gives",
    "handshake": "with a secret that it sends first",
}  # fmt: skip
DELETIONS = {"full_read": "gone when a full read lacks it", "mark": "marked when deleted", "action": "deletions listed"}


def show_page(connector: Connector) -> None:
    """Write the page at the terminal's width."""
    width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    show_text("\n".join(page_of(connector, width)))


def page_of(connector: Connector, width: int) -> Iterator[str]:
    """Yield the lines of the page, none longer than `width` but for addresses and names."""
    whole = describe_connector(connector)
    yield f"{whole['title']} ({whole['name']}), {whole['category']}"
    yield from _wrapped(whole["description"], width)
    yield whole["docs"]
    yield from _section("ask for example", _listed(whole["tasks"], width))
    yield from _section("sign in", _ways(whole, connector, width))
    yield from _section("servers", _servers(connector))
    yield from _section("actions", _actions(whole, width))
    yield from _section("limits", _listed(whole["limits"], width))
    yield from _section(f"streams {TO_COME}", (line for one in whole["streams"] for line in _stream(one, width)))
    yield from _section(f"webhooks {TO_COME}", (line for one in whole["webhooks"] for line in _webhook(one, width)))


def scopes_text(scopes: Sequence[str | Sequence[str]]) -> str:
    """Write what an action needs: all of them, of a list within any one."""
    return ", ".join(one if isinstance(one, str) else " or ".join(one) for one in scopes)


def arguments_of(action: Mapping[str, Any]) -> list[str]:
    """Return an action's arguments, required ones first, the others in brackets."""
    schema = action["input_schema"]
    required = list(schema.get("required", ()))
    optional = [name for name in schema["properties"] if name not in required and name not in ALWAYS]
    return [*required, *(f"[{name}]" for name in optional)]


def every_text(stream: Mapping[str, Any]) -> str:
    """Say how often a stream is read."""
    minutes, hours = stream["every_minutes"], stream["full_every_hours"]
    often = f"every {minutes // 60} h" if minutes % 60 == 0 else f"every {minutes} min"
    return often + (f", all of it every {hours} h" if hours else "")


def proof_text(webhook: Mapping[str, Any]) -> str:
    """Say how a delivery is proven."""
    secret = SECRETS.get(webhook["secret_from"] or "", "")
    return f"{PROOFS[webhook['signature']]} {secret}".strip()


def field_kind(field: Mapping[str, Any]) -> str:
    """Say what a field of the form holds, and whether it must."""
    return f"{field['kind']}{'' if field['required'] else ', may be empty'}"


def field_text(field: Mapping[str, Any]) -> str:
    """Say what may stand in a field of the form, and what it is."""
    choices = f"One of {', '.join(field['choices'])}." if field["choices"] else ""
    default = f"{field['default']} if left empty." if field["default"] else ""
    return " ".join(part for part in (choices, default, field["help"]) if part)


def count_text(whole: Mapping[str, Any]) -> str:
    """Say how many actions there are by effect, and what they take of a tool list."""
    effects = [one["effect"] for one in whole["actions"]]
    counts = ", ".join(f"{effects.count(word)} {word}" for word in EFFECTS if word in effects)
    return f"{counts}; together about {whole['tokens']:,} tokens of a tool list."


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    first = next(lines, None)
    if first is not None:
        word, _, more = title.partition(" (")
        yield from ("", f"{word.upper()}{' (' + more if more else ''}", first)
        yield from lines


def _ways(whole: Mapping[str, Any], connector: Connector, width: int) -> Iterator[str]:
    if whole["includes"]:
        yield from _wrapped(f"Connects at once: {', '.join(whole['includes'])}.", width, INDENT)
    elif connector.family is not None:
        yield from _wrapped(f"Shares its sign-in with the connectors of the family {whole['family']}.", width, INDENT)
    for way in whole["auth"]:
        yield from _wrapped(f"{way['method']}: {way['title'] or way['kind']} ({way['kind']})", width, INDENT)
        yield from _wrapped(way["help"], width, 3 * INDENT)
        for field in way["fields"]:
            yield from _wrapped(_field(field), width, 3 * INDENT, hanging=True)
        for scope, allows in scopes_shown(whole, way).items():
            yield from _wrapped(f"scope {scope}: {allows}", width, 3 * INDENT, hanging=True)
        if way["register"] is not None:
            needs = f"Needs an OAuth app, once: `connectory oauth-app set {whole['family']}` shows how."
            yield from _wrapped(needs, width, 3 * INDENT)


def _field(field: Mapping[str, Any]) -> str:
    said = field_text(field)
    return f"field {field['name']} ({field_kind(field)}): {field['title']}{'. ' + said if said else ''}"


def _servers(connector: Connector) -> Iterator[str]:
    for name, address, users in servers_of(connector):
        yield f"{' ' * INDENT}{name}: {address} ({users})"


def _actions(whole: Mapping[str, Any], width: int) -> Iterator[str]:
    if whole["actions"]:
        yield from _wrapped(count_text(whole), width, INDENT)
    for action in whole["actions"]:
        yield from _action(action, width)


def _action(action: Mapping[str, Any], width: int) -> Iterator[str]:
    takes = [f"takes a file as {name}" for name in action["takes_files"]]
    pages = ["in pages"] if action["pages"] else []
    notes = [action["effect"], *pages, *takes, *(["gives a file"] if action["answer"] == "file" else [])]
    notes += [f"needs {scopes_text(action['scopes'])}"] if action["scopes"] else []
    yield from _wrapped(f"{action['action']}: {', '.join(notes)}", width, INDENT, hanging=True)
    yield from _wrapped(action["description"], width, 3 * INDENT)
    if arguments := arguments_of(action):
        yield from _wrapped(" ".join(arguments), width, 3 * INDENT)


def _stream(stream: Mapping[str, Any], width: int) -> Iterator[str]:
    each = f"for each of {stream['for_each']}" if stream["for_each"] else ""
    asks = f"asks for {', '.join(stream['asks'])}" if stream["asks"] else ""
    new = f"new by {stream['new_by']}" if stream["new_by"] else "read whole each time"
    parts = [each, asks, new, DELETIONS.get(stream["deletions"] or "", ""), every_text(stream)]
    text = f"{stream['stream']}: {stream['title']}, by {stream['action']}; {'; '.join(part for part in parts if part)}"
    yield from _wrapped(text, width, INDENT, hanging=True)


def _webhook(webhook: Mapping[str, Any], width: int) -> Iterator[str]:
    lasts = f"; ends after {webhook['lasts_hours']} h" if webhook["lasts_hours"] else ""
    yield from _wrapped(
        f"{webhook['webhook']}: {webhook['title']}, {proof_text(webhook)}{lasts}", width, INDENT, hanging=True
    )
    refreshed: dict[str, list[str]] = {}
    for event, stream in webhook["events"].items():
        refreshed.setdefault(stream, []).append(event)
    for stream, events in refreshed.items():
        yield from _wrapped(f"{stream} by {', '.join(events)}", width, 3 * INDENT, hanging=True)


def _listed(texts: Sequence[str], width: int) -> Iterator[str]:
    for text in texts:
        yield from _wrapped(f"- {text}", width, INDENT, hanging=True)


def _wrapped(text: str, width: int, indent: int = 0, *, hanging: bool = False) -> Iterator[str]:
    first = " " * indent
    rest = first + " " * INDENT if hanging else first
    yield from textwrap.wrap(
        " ".join(text.split()), width, initial_indent=first, subsequent_indent=rest, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
