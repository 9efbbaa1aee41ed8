"""What a connector is, for `connectory connector NAME`: whole for programs, as tables for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connectory.cli.output import show_table, show_text

if TYPE_CHECKING:
    from connectory.catalog.connector import Action, Connector
    from connectory.catalog.manifest import AuthMethod


def summarize(connector: Connector) -> dict[str, Any]:
    """A connector in a list, for programs."""
    manifest = connector.manifest
    return {
        "name": connector.name,
        "title": connector.title,
        "category": manifest.category.value,
        "description": manifest.description,
        "docs": manifest.docs,
        "actions": [action.tool for action in connector.actions.values()],
    }


def describe_connector(connector: Connector) -> dict[str, Any]:
    """All of a connector for programs."""
    manifest = connector.manifest
    return {
        **summarize(connector),
        "family": manifest.auth_family,
        "includes": manifest.includes,
        "servers": manifest.servers,
        "servers_by_method": manifest.servers_by_method,
        "scopes": manifest.scopes,
        "auth": [_describe_way(name, method) for name, method in connector.auth.items()],
        "tasks": manifest.tasks,
        "actions": [describe_action(action) for action in connector.actions.values()],
    }


def describe_action(action: Action) -> dict[str, Any]:
    """An action for programs. `scopes`: all of them are needed, of a list within any one."""
    spec = action.manifest
    return {
        "action": action.tool,
        "connector": action.connector,
        "title": spec.title,
        "description": action.description,
        "effect": action.effect.value,
        "idempotent": spec.is_idempotent,
        "scopes": spec.scopes,
        "credential": spec.credential,
        "pages": spec.pages.style if spec.pages else None,
        "takes_files": [name for name, given in spec.inputs.items() if given.type == "file"],
        "answer": spec.answer.kind,
        "input_schema": dict(action.input_schema),
        "docs": spec.docs,
    }


def show_whole(connector: Connector) -> None:
    """Write a connector for people: how one signs in, what that allows, where it is, and what can be done."""
    manifest = connector.manifest
    show_text(f"{connector.title} ({connector.name}): {manifest.description}\n{manifest.docs}\n")
    if manifest.is_bundle:
        show_text(f"Connects at once: {', '.join(manifest.includes)}.\n")
    elif connector.family is not None:
        show_text(f"Shares its sign-in with the connectors of the family {manifest.auth_family}.\n")
    ways = [(name, method.method, method.title, method.help) for name, method in connector.auth.items()]
    show_table(("SIGN IN BY", "KIND", "TITLE", "HELP"), ways, empty="No way to sign in.")
    if fields := list(_fields(connector)):
        show_table(("SIGN IN BY", "FIELD", "KIND", "REQUIRED", "TITLE", "VALUES AND HELP"), fields, empty="")
    if scopes := list(_scopes(connector)):
        show_table(("SIGN IN BY", "SCOPE", "ALLOWS"), scopes, empty="")
    if servers := list(_servers(connector)):
        show_table(("SERVER", "ADDRESS", "FOR"), servers, empty="")
    if not manifest.is_bundle:
        rows = [_action_row(one) for one in connector.actions.values()]
        show_table(("ACTION", "EFFECT", "SCOPES", "PAGES", "FILES", "DESCRIPTION"), rows, empty="No actions.")


def _describe_way(name: str, method: AuthMethod) -> dict[str, Any]:
    return {
        "method": name,
        "kind": method.method,
        "title": method.title,
        "help": method.help,
        "docs": method.docs,
        "fields": [
            {
                "name": field,
                "title": spec.title,
                "kind": spec.kind.value,
                "secret": spec.is_secret,
                "required": spec.required,
                "default": spec.default,
                "choices": spec.choices,
                "help": spec.help,
                "docs": spec.docs,
            }
            for field, spec in method.fields.items()
        ],
        "scopes": _scopes_of(method),
    }


def _fields(connector: Connector) -> Iterator[tuple[object, ...]]:
    for way, method in connector.auth.items():
        for name, spec in method.fields.items():
            values = f"one of {', '.join(spec.choices)}" if spec.choices else ""
            default = f"{spec.default} if left empty" if spec.default else ""
            notes = "; ".join(part for part in (values, default, spec.help) if part)
            yield way, name, spec.kind.value, spec.required, spec.title, notes


def _scopes_of(method: AuthMethod) -> dict[str, str]:
    from connectory.catalog.manifest import OAuth2Method, TokenRequest

    always = dict.fromkeys(method.always_scopes, "always asked for") if isinstance(method, OAuth2Method) else {}
    return {**always, **method.scopes} if isinstance(method, TokenRequest) else {}


def _scopes(connector: Connector) -> Iterator[tuple[str, str, str]]:
    for way, method in connector.auth.items():
        for scope, allows in _scopes_of(method).items():
            yield way, scope, allows


def _servers(connector: Connector) -> Iterator[tuple[str, str, str]]:
    """Each address with the ways to sign in whose connections are sent there."""
    manifest = connector.manifest
    for name, address in manifest.servers.items():
        users = [way for way in connector.auth if name not in manifest.servers_by_method.get(way, {})]
        if users:
            yield name, address, "all sign-ins" if len(users) == len(connector.auth) else ", ".join(users)
    for way, servers in manifest.servers_by_method.items():
        yield from ((name, address, way) for name, address in servers.items())


def _action_row(action: Action) -> tuple[object, ...]:
    spec = action.manifest
    scopes = ", ".join(one if isinstance(one, str) else " or ".join(one) for one in spec.scopes)
    takes = [f"takes {name}" for name, given in spec.inputs.items() if given.type == "file"]
    files = [*takes, *(["gives a file"] if spec.answer.kind == "file" else [])]
    pages = spec.pages.style if spec.pages else ""
    return action.tool, action.effect.value, scopes, pages, ", ".join(files), action.description
