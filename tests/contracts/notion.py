"""Notion's description with the answers that it leaves open, as the types of @notionhq/client 5.26 have them."""

from __future__ import annotations

import copy
from typing import Any

from tests.contracts.description import Description
from tests.contracts.recordings import schema_of

PAGE_ID, DATABASE_ID = "59833787-2cf9-4fdf-8782-e53db20768a5", "248104cd-477e-80fd-b757-e945d38000bd"
TIME, URL = "2026-01-31T12:30:00.000Z", "https://www.notion.so/x"
ANN = {
    "object": "user", "id": "u1", "name": "Ann", "avatar_url": URL, "type": "person",
    "person": {"email": "ann@example.com"},
}  # fmt: skip
BOT = {
    "object": "user", "id": "u2", "name": "Helper", "type": "bot",
    "bot": {"owner": {"type": "workspace", "workspace": True}, "workspace_id": "w1", "workspace_name": "Acme"},
}  # fmt: skip
TEXT = [{"type": "text", "plain_text": "Roadmap", "href": URL, "text": {"content": "Roadmap", "link": {"url": URL}}}]
PARENTS: list[dict[str, Any]] = [
    {"type": "page_id", "page_id": PAGE_ID},
    {"type": "data_source_id", "data_source_id": "d1", "database_id": DATABASE_ID},
    {"type": "block_id", "block_id": "b1"},
    {"type": "workspace", "workspace": True},
]
KNOWN = {
    "created_time": TIME, "last_edited_time": TIME, "created_by": {"object": "user", "id": "u1"}, "in_trash": False,
    "last_edited_by": {"object": "user", "id": "u1"}, "url": URL, "public_url": URL,
    "icon": {"type": "emoji", "emoji": "📌"}, "cover": {"type": "external", "external": {"url": URL}},
}  # fmt: skip
VALUES: dict[str, Any] = {"Name": {"id": "title", "type": "title", "title": TEXT}}
CONFIG = {
    "id": "abc", "name": "Status", "type": "select", "description": "Where it stands",
    "select": {"options": [{"id": "1", "name": "Open", "color": "red", "description": "x"}]},
    "multi_select": {"options": [{"id": "1", "name": "Open", "color": "red"}]},
    "status": {"options": [{"id": "1", "name": "Open", "color": "red"}], "groups": []},
    "relation": {"data_source_id": "d2"}, "number": {"format": "euro"}, "formula": {"expression": "1 + 1"},
}  # fmt: skip
PAGES = [{"object": "page", "id": PAGE_ID, **KNOWN, "parent": one, "properties": VALUES} for one in PARENTS]
SOURCE = {
    "object": "data_source", "id": "d1", **KNOWN, "title": TEXT, "description": TEXT, "is_inline": False,
    "parent": {"type": "database_id", "database_id": DATABASE_ID}, "database_parent": PARENTS[0],
    "properties": {"Status": CONFIG},
}  # fmt: skip
DATABASE = {
    "object": "database", "id": DATABASE_ID, **KNOWN, "title": TEXT, "description": TEXT, "is_inline": False,
    "parent": {**PARENTS[0], **PARENTS[2]}, "data_sources": [{"id": "d1", "name": "Tasks"}],
}  # fmt: skip
BLOCK = {
    "object": "block", "id": "b1", **KNOWN, "parent": PARENTS[0], "has_children": False, "type": "paragraph",
    "paragraph": {"rich_text": TEXT, "color": "default"}, "to_do": {"rich_text": TEXT, "checked": True},
    "child_page": {"title": "Sub"}, "child_database": {"title": "Sub"}, "table_row": {"cells": [TEXT]},
    "bookmark": {"url": URL, "caption": []},
    "image": {"type": "external", "external": {"url": URL}, "file": {"url": URL}, "caption": []},
}  # fmt: skip
COMMENT = {
    "object": "comment", "id": "c1", "parent": PARENTS[0], "discussion_id": "d1", "created_time": TIME,
    "last_edited_time": TIME, "created_by": {"object": "user", "id": "u1"}, "rich_text": TEXT,
    "display_name": {"type": "user", "resolved_name": "Ann"},
}  # fmt: skip
MARKDOWN = {"object": "page_markdown", "id": PAGE_ID, "markdown": "# Plan", "truncated": False, "unknown_block_ids": []}


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    """A page of a list."""
    return {"object": "list", "results": list(items), "next_cursor": "c1", "has_more": False}


ANSWERS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("/v1/users", "get"): [listed(ANN, BOT)],
    ("/v1/users/me", "get"): [BOT],
    ("/v1/search", "post"): [listed(*PAGES), listed(SOURCE)],
    ("/v1/pages", "post"): PAGES,
    ("/v1/pages/{page_id}", "get"): PAGES,
    ("/v1/pages/{page_id}", "patch"): PAGES,
    ("/v1/pages/{page_id}/move", "post"): PAGES,
    ("/v1/pages/{page_id}/markdown", "patch"): [MARKDOWN],
    ("/v1/blocks/{block_id}/children", "get"): [listed(BLOCK)],
    ("/v1/data_sources/{data_source_id}", "get"): [SOURCE],
    ("/v1/data_sources/{data_source_id}", "patch"): [SOURCE],
    ("/v1/data_sources/{data_source_id}/query", "post"): [listed(*PAGES)],
    ("/v1/databases/{database_id}", "get"): [DATABASE],
    ("/v1/comments", "get"): [listed(COMMENT)],
    ("/v1/comments", "post"): [COMMENT],
}


def with_answers(description: Description) -> Description:
    """The description, each answer that has no members there with those of the samples."""
    document = copy.deepcopy(dict(description.document))
    for (path, method), samples in ANSWERS.items():
        answer = {"description": "As the SDK has it", "content": {"application/json": {"schema": schema_of(samples)}}}
        document["paths"][path][method]["responses"] = {"200": answer}
    return Description(document)
