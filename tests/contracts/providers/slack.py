"""Slack, by its own description of the Web API, of 2021 and archived since: its present pages win."""

from __future__ import annotations

from typing import Any

from tests.contracts.contract import Contract
from tests.contracts.description import METHODS, Description
from tests.contracts.openapi import OpenApi, specs
from tests.contracts.recordings import Recorded, schema_of
from tests.contracts.swagger import read_swagger

METHOD = "https://docs.slack.dev/reference/methods"
MESSAGE = "https://docs.slack.dev/reference/objects/message-object"
TEXT = {
    "body has no member 'markdown_text'": f"{METHOD}/chat.postMessage: added in 2025, to its like too",
    "input '{blocks}' is array, and body.blocks takes string": f"{METHOD}/chat.postMessage: in JSON a list",
}
TS = "https://docs.slack.dev/messaging/retrieving-messages: a text; as a number it loses its last digits"
FIELDS = {
    "list_messages": ("title", "text", "title_link", "from_url", "edited"),
    "list_replies": (
        "bot_id", "username", "bot_profile", "subtype", "attachments", "files", "reactions", "edited",
    ),
}  # fmt: skip


def of_today(description: Description) -> Description:
    """The description without what Slack has renamed since: its pages' addresses, and most scopes.

    The token goes into a header of ours, which every method takes instead of the parameter `token`.
    """
    document: dict[str, Any] = {**description.document, "paths": {}}
    for path, item in description.document["paths"].items():
        document["paths"][path] = {
            method: {
                **{key: value for key, value in operation.items() if key not in ("externalDocs", "security")},
                "parameters": [one for one in operation["parameters"] if one["name"] != "token"],
            }
            for method, operation in item.items()
            if method in METHODS
        }
    answer = {"description": "Found", "content": {"application/json": {"schema": schema_of([FOUND])}}}
    document["paths"]["/search.messages"]["get"]["responses"] = {"200": answer}  # theirs say nothing
    return Description(document)


# https://docs.slack.dev/reference/methods/search.messages
MATCH = {
    "channel": {"id": "C0123456", "name": "general"}, "permalink": "https://acme.slack.com/archives/C0123456/p1",
    "text": "Hello", "ts": "1769817600.000200", "user": "U0123456", "username": "ann", "score": 0.9, "team": "T1",
}  # fmt: skip
FOUND = {"messages": {"matches": [MATCH], "paging": {"count": 20, "page": 1, "pages": 1, "total": 1}, "total": 1}}


def unknown(action: str) -> dict[str, str]:
    """Fields of a message that its schema lacks."""
    return {f"no answer has the field '{field}'": f"{MESSAGE}: a message may have it" for field in FIELDS[action]}


CONTRACT = Contract(
    sources=[Recorded("slack"), OpenApi(specs("slack.json"), read=read_swagger, prepare=of_today)],
    accepted={
        "list_messages": unknown("list_messages"),
        "list_replies": {**unknown("list_replies"), "'{thread_ts}' is string, and query parameter ts takes number": TS},
        "send_message": TEXT,
        "update_message": TEXT,
        "delete_message": {"input '{ts}' is string, and body.ts takes number": TS},
        "schedule_message": {
            **TEXT,
            "body.post_at is a number, and takes string": f"{METHOD}/chat.scheduleMessage: an integer",
            "input '{thread_ts}' is string, and body.thread_ts takes number": TS,
        },
    },
)
