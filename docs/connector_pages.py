"""Writes a page for each packaged connector, and their index, from the manifests (`make docs`, by `tables.py`).

What they say is what `connectory connectors show NAME` says: both read one description (`cli/describing.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docs.markdown import code, table

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.cli.connector_page import (
    DELETIONS,
    EFFECTS,
    arguments_of,
    count_text,
    every_text,
    field_kind,
    field_text,
    proof_text,
    scopes_text,
)
from connectory.cli.describing import describe_connector, scopes_shown, servers_of
from connectory.settings import Settings

FOLDER = Path(__file__).resolve().parent / "connectors"
INDEX = "README.md"
KINDS = {
    "oauth2": "OAuth", "oauth1": "OAuth", "api_key": "key", "fields": "keys", "basic": "name and password",
    "client_credentials": "client credentials", "jwt_bearer": "service account", "dsn": "address", "none": "nothing",
}  # fmt: skip
LATER = "Declared for syncs, which are to come."


def connector_pages() -> dict[Path, str]:
    """Return each page's text, by its file."""
    connectors = sorted(load_catalog([packaged_folder()], index_dir=None).connectors.values(), key=lambda one: one.name)
    described = [(connector, describe_connector(connector)) for connector in connectors]
    pages = {FOLDER / f"{connector.name}.md": _page(connector, whole) for connector, whole in described}
    return {**pages, FOLDER / INDEX: _index([whole for _, whole in described])}


def _index(connectors: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            f"[{one['title']}]({one['name']}.md)",
            code(one["name"]),
            one["category"],
            *_counts(one),
            ", ".join(dict.fromkeys(KINDS[way["kind"]] for way in one["auth"])),
            ", ".join(stream["stream"] for stream in one["streams"]),
            f"{one['tokens']:,}" if one["actions"] else "",
        )
        for one in connectors
    ]
    count = sum(len(one["actions"]) for one in connectors)
    columns = (
        "Service", "Connector", "Category", "Actions", "Read", "Write", "Destructive", "Sign in by", "Can be synced",
        "Tokens",
    )  # fmt: skip
    most = Settings.model_fields["list_tokens"].default
    return (
        f"# Connectors\n\n{len(connectors)} connectors with {count} actions. A page says what can be done with one, "
        "how one signs in, and how much is allowed, as `connectory connectors show NAME` does. "
        "[coverage](coverage.md) says what their actions are checked by.\n\n"
        f"{table(columns, rows)}\nTokens: what all actions of a connector take of a tool list. A list has at most "
        f"{most:,} ([settings.md](../settings.md)); what is left out of it is found by search and called by name.\n"
    )


def _counts(whole: Mapping[str, Any]) -> tuple[str, ...]:
    if whole["includes"]:
        return f"those of {', '.join(whole['includes'])}", "", "", ""
    effects = [action["effect"] for action in whole["actions"]]
    return str(len(effects)), *(str(effects.count(word)) for word in EFFECTS)


def _page(connector: Connector, whole: Mapping[str, Any]) -> str:
    parts = [
        f"# {whole['title']}\n\n{whole['description']}\n",
        f"Connector `{whole['name']}`, category {whole['category']}, [documentation of its API]({whole['docs']}).\n",
        *_section("What people ask for", [_listed(whole["tasks"])]),
        *_section("Signing in", _sign_in(connector, whole)),
        *_section("Actions", _actions(whole)),
        *_section("Limits", [_listed(whole["limits"])]),
        *_section("Streams", _streams(whole)),
        *_section("Webhooks", _webhooks(whole)),
    ]
    return "\n".join(parts)


def _section(title: str, parts: Iterable[str]) -> Iterator[str]:
    held = [part for part in parts if part]
    if held:
        yield f"## {title}\n"
        yield from held


def _sign_in(connector: Connector, whole: Mapping[str, Any]) -> Iterator[str]:
    if whole["includes"]:
        pages = ", ".join(f"[{name}]({name}.md)" for name in whole["includes"])
        yield f"Connects at once: {pages}.\n"
    elif connector.family is not None:
        yield f"Shares its sign-in with the connectors of the family [{whole['family']}]({whole['family']}.md).\n"
    for way in whole["auth"]:
        yield f"### {way['title'] or way['kind']}\n"
        more = f" [Documentation]({way['docs']})." if way["docs"] else ""
        yield (
            f"Method `{way['method']}` ({way['kind']}). {' '.join(way['help'].split())}{more}".replace(".  [", ". [")
            + "\n"
        )
        if way["register"] is not None:
            yield f"It needs an OAuth app, registered once: `connectory oauth-app set {whole['family']}` shows how.\n"
        yield _fields(way)
        scopes = [(code(scope), allows) for scope, allows in scopes_shown(whole, way).items()]
        yield table(("Scope", "Allows"), scopes) if scopes else ""
    servers = [(code(address), users) for _, address, users in servers_of(connector)]
    if len(servers) == 1:
        yield f"Requests go to {servers[0][0]}.\n"
    elif servers:
        yield table(("Requests go to", "For"), servers)


def _fields(way: Mapping[str, Any]) -> str:
    rows = [(field["title"], code(field["name"]), field_kind(field), field_text(field)) for field in way["fields"]]
    return table(("You enter", "Field", "Kind", "What it is"), rows) if rows else ""


def _actions(whole: Mapping[str, Any]) -> Iterator[str]:
    if not whole["actions"]:
        return
    yield f"{count_text(whole)[:1].upper()}{count_text(whole)[1:]} Arguments in brackets are optional.\n"
    has_scopes = any(action["scopes"] for action in whole["actions"])
    columns = ("Action", "Effect", *(("Scopes",) if has_scopes else ()), "What it does", "Arguments")
    yield table(columns, [_action(action, has_scopes=has_scopes) for action in whole["actions"]])


def _action(action: Mapping[str, Any], *, has_scopes: bool) -> tuple[str, ...]:
    name = f"[{code(action['action'])}]({action['docs']})"
    effect = f"**{action['effect']}**" if action["effect"] == "destructive" else action["effect"]
    scopes = (scopes_text(action["scopes"]),) if has_scopes else ()
    arguments = " ".join(code(one) for one in arguments_of(action))
    return name, effect, *scopes, " ".join(action["description"].split()), arguments


def _streams(whole: Mapping[str, Any]) -> Iterator[str]:
    if not whole["streams"]:
        return
    yield f"{LATER}\n"
    rows = [
        (
            stream["title"],
            code(stream["action"]),
            f"for each of {stream['for_each']}" if stream["for_each"] else ", ".join(map(code, stream["asks"])),
            code(stream["new_by"]) if stream["new_by"] else "all is read each time",
            DELETIONS.get(stream["deletions"] or "", "not noticed"),
            every_text(stream),
        )
        for stream in whole["streams"]
    ]
    yield table(("Stream", "Read by", "Asks for", "New by", "Deletions", "Read"), rows)


def _webhooks(whole: Mapping[str, Any]) -> Iterator[str]:
    if not whole["webhooks"]:
        return
    yield f"{LATER}\n"
    for webhook in whole["webhooks"]:
        lasts = f" Ends after {webhook['lasts_hours']} hours." if webhook["lasts_hours"] else ""
        place = f" [Where they are made]({webhook['url']})." if webhook["url"] else ""
        proof = proof_text(webhook)
        yield (f"**{webhook['title']}**: {proof}.{lasts} [Documentation]({webhook['docs']}).{place}\n")
        yield "".join(f"{at}. {step}\n" for at, step in enumerate(webhook["steps"], 1))
        rows = [(code(event), stream) for event, stream in webhook["events"].items()]
        yield table(("Event", "Refreshes"), rows) if rows else ""


def _listed(texts: Sequence[str]) -> str:
    return "".join(f"- {text}\n" for text in texts)
