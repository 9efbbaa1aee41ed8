"""The eight tools that are always there, few and small (design 6): their names, words and schemas."""

from __future__ import annotations

from typing import Any

import mcp_types as t

CONNECTION = {"type": "string", "description": "Which account: its name like github/default, or its id."}


def _tool(
    name: str, description: str, properties: dict[str, Any], required: list[str], *, reads: bool, destroys: bool = False
) -> t.Tool:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    title = name.replace("_", " ").capitalize()
    return t.Tool(
        name=name,
        title=title,
        description=description,
        input_schema=schema,
        annotations=t.ToolAnnotations(
            title=title, read_only_hint=reads, destructive_hint=destroys, idempotent_hint=reads, open_world_hint=True
        ),
    )


def _text(description: str) -> dict[str, str]:
    return {"type": "string", "description": description}


FIXED_TOOLS: tuple[t.Tool, ...] = (
    _tool(
        "list_connectors",
        "List the services that can be connected (GitHub, Stripe, ...), and which of them the person has connected.",
        {
            "query": _text("Words to look for in names and descriptions."),
            "category": _text("Only this category, e.g. development or crm."),
            "connected": {"type": "boolean", "description": "true: only those connected already."},
        },
        [],
        reads=True,
    ),
    _tool(
        "connect",
        "Connect a service: gives a link that the person opens to sign in; call it again to wait until they are done. "
        "Never ask for passwords or keys in chat.",
        {
            "connector": _text("Required. The service's name from list_connectors, e.g. github."),
            "alias": {
                "type": "string",
                "pattern": "^[a-z0-9][a-z0-9-]{0,31}$",
                "description": "Name for a further account, e.g. work. Leave it out for the first one.",
            },
            "backend": {
                "type": "string",
                "enum": ["direct", "builtin", "nango"],
                "description": "How to sign in; normally left out.",
            },
            "scopes": {"type": "array", "items": {"type": "string"}, "description": "Further permissions to ask for."},
            "shared": {"type": "boolean", "description": "true: for the whole workspace (owners only)."},
        },
        ["connector"],
        reads=False,
    ),
    _tool(
        "list_connections",
        "List the connected accounts, with their names, states and who they belong to.",
        {"connector": _text("Only those of this service.")},
        [],
        reads=True,
    ),
    _tool(
        "disconnect",
        "Disconnect an account: deletes its stored credentials. The person must connect it again to use it.",
        {"connection": {**CONNECTION, "description": "Required. " + CONNECTION["description"]}},
        ["connection"],
        reads=False,
        destroys=True,
    ),
    _tool(
        "search_actions",
        "Search what can be done with the services, connected or not: gives the actions' names, arguments and effects.",
        {
            "query": _text("Required. What you want to do, e.g. create an issue."),
            "connector": _text("Only actions of this service."),
            "limit": {"type": "integer", "minimum": 1, "maximum": 50, "description": "How many, 10 by default."},
        },
        ["query"],
        reads=True,
    ),
    _tool(
        "call_action",
        "Call any action by its name from search_actions, also one that is not in your tool list.",
        {
            "action": _text("Required. The action's name, e.g. github_list_issues."),
            "arguments": {
                "type": "object",
                "description": "The action's arguments by name. Every action also takes `fields` (a list: only these "
                "of each item), `raw` (true: the service's own answer), `dry_run` (true: show the request, send none).",
                "additionalProperties": True,
            },
            "connection": CONNECTION,
        },
        ["action"],
        reads=False,
        destroys=True,
    ),
    _tool(
        "request",
        "Send a raw HTTP request to a connected service's API, where no action fits. The sign-in is added by itself.",
        {
            "connection": {**CONNECTION, "description": "Required. " + CONNECTION["description"]},
            "method": {
                "type": "string",
                "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                "description": "Required.",
            },
            "path": _text("Required. Path below the API's base address, e.g. /user/repos; no host, no query."),
            "server": _text("Which of the service's servers; normally left out."),
            "query": {"type": "object", "description": "Query parameters.", "additionalProperties": True},
            "body": {"description": "JSON body, or text."},
            "headers": {
                "type": "object",
                "description": "Harmless headers such as Accept or If-Match; never credentials.",
                "additionalProperties": {"type": "string"},
            },
        },
        ["connection", "method", "path"],
        reads=False,
        destroys=True,
    ),
    _tool(
        "read_result",
        "Read more of a result that was cut: go on at an offset, or select parts with a JMESPath.",
        {
            "result": _text("Required. The handle from the cut result, rs_..."),
            "path": _text("JMESPath into the whole, e.g. [*].title or [3].body."),
            "offset": {"type": "integer", "minimum": 0, "description": "First item (or character of a text), from 0."},
            "limit": {"type": "integer", "minimum": 1, "description": "Most items (or characters)."},
        },
        ["result"],
        reads=True,
    ),
)
