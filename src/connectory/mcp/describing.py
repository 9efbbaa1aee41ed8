"""Actions and connections in words: rows and texts for a model, and for the people who look over its shoulder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from connectory.actions.hidden import one_line
from connectory.auth.connections import Found, describe_account
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Effect
from connectory.mcp.input_words import arguments_in_words
from connectory.vault.entities import Connection, Grant, GrantStatus

MOST_NAMED = 50  # actions of one connector
MOST_SCOPES = 50
SCOPE_CHARACTERS = 100
_GROUPS = {Effect.READ: "reads", Effect.WRITE: "changes", Effect.DESTRUCTIVE: "destroys"}


def describe_action(action: Action, *, is_connected: bool, is_permitted: bool) -> dict[str, Any]:
    """An action with its arguments, and whether it can be called now."""
    return {
        "action": action.tool,
        "does": action.description,
        "effect": action.effect.value,
        "connected": is_connected,
        **({} if is_permitted else {"callable": "no, not allowed by policy"}),
        "arguments": arguments_in_words(action),
    }


def describe_connection(
    found: Found, connector: Connector | None, permitted: Sequence[Action], *, against: str
) -> dict[str, Any]:
    """All that may be known of a connection, never a credential. `permitted`: the actions that may be called by it.

    `against`: why the principal may not renew it; empty if they may.
    """
    connection, grant = found
    return {
        "connection": connection.name,
        "id": connection.id,
        "service": connector.title if connector else f"{connection.connector} (its connector is no longer installed)",
        "connector": connection.connector,
        "alias": connection.alias,
        "account": describe_account(grant),
        "state": grant.status.value,
        "belongs_to": "the whole workspace" if connection.is_shared else "you alone",
        "scopes": _scopes(grant),
        "made": _when(connection.created_at),
        "actions": _by_effect(connection.connector, permitted),
        "if_broken": _mending(connection, grant, is_known=connector is not None, against=against),
    }


def renewing(connection: Connection) -> dict[str, Any]:
    """The arguments with which `connect` renews a connection."""
    return {
        "connector": connection.connector,
        "alias": connection.alias,
        **({"shared": True} if connection.is_shared else {}),
    }


def _scopes(grant: Grant) -> list[str] | str:
    """The service's own words, so cut and cleaned."""
    scopes = [one_line(scope)[:SCOPE_CHARACTERS] for scope in grant.scopes[:MOST_SCOPES]]
    more = len(grant.scopes) - len(scopes)
    return [*scopes, *([f"and {more} more"] if more else [])] or "the service does not name any"


def _by_effect(connector: str, permitted: Sequence[Action]) -> dict[str, Any] | str:
    if not permitted:
        return "none are allowed by policy"
    named = permitted[:MOST_NAMED]
    groups = {word: [action.tool for action in named if action.effect is effect] for effect, word in _GROUPS.items()}
    more = len(permitted) - len(named)
    search = f"search_actions(query='', connector='{connector}')"
    return {
        **{word: tools for word, tools in groups.items() if tools},
        **({"more": f"{more}, which {search} lists"} if more else {}),
    }


def _mending(connection: Connection, grant: Grant, *, is_known: bool, against: str) -> str:
    if not is_known:
        return "Nobody can use it until whoever runs the server puts its connector back; disconnect deletes it."
    if against:
        way = f"{against}; tell the person"
    else:
        asked = ", ".join(f"{name}={value!r}" for name, value in renewing(connection).items())
        way = f"connect({asked.replace('True', 'true')}) gives a link for the person; nothing is lost by it"
    if grant.status is GrantStatus.NEEDS_RECONNECT:
        return f"The service no longer accepts its sign-in: {way}."
    return f"It works. Should a call say needs_reconnect: {way}."


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
