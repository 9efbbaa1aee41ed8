"""What search_actions says of an action is enough to call it, also where the tool list leaves it out (design 6.1)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Action
from connectory.gateway.shaping import BYTES_PER_TOKEN
from connectory.gateway.text import as_compact_text
from connectory.mcp.describing import describe_action
from connectory.mcp.handlers import FOOTER_TOKENS
from connectory.mcp.input_words import arguments_in_words
from connectory.settings import Settings
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider

ACTIONS = list(load_catalog([packaged_folder()], index_dir=None).actions.values())


def action_with(inputs: dict[str, Any], encoding: str = "json") -> Action:
    document = yaml.safe_load(NOTES_YAML)
    action = document["actions"]["create_note"] | {"inputs": inputs}
    body = {name: f"{{{name}}}" for name in inputs}
    action["request"] = {"post": "/x", "body": body, "encoding": encoding}
    return make_connector(yaml.safe_dump({**document, "actions": {"create_note": action}})).actions["create_note"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"type": "string", "required": True, "description": "A name."}, "string, required: A name."),
        ({"type": "string", "minLength": 1, "maxLength": 9}, "string, not empty, at most 9 characters"),
        ({"type": "string", "minLength": 2, "maxLength": 9}, "string, 2 to 9 characters"),
        ({"type": "string", "pattern": "^[a-z]{3}$", "examples": ["eur"]}, "string, pattern ^[a-z]{3}$, e.g. eur"),
        ({"type": "string", "format": "date", "nullable": True}, "string, may be null, format date"),
        ({"type": "string", "examples": ["two words"]}, 'string, e.g. "two words"'),
        ({"type": "integer", "minimum": 0, "maximum": 9, "default": 3}, "integer, 0 to 9, 3 unless given"),
        ({"type": "number", "minimum": 0.5}, "number, at least 0.5"),
        ({"enum": ["open", "not yet"]}, 'string, one of open | "not yet"'),
        ({"type": "integer", "enum": [1, 2], "examples": [1]}, "integer, one of 1 | 2"),
        ({"type": "object"}, "object"),
        (
            {"type": "array", "minItems": 1, "maxItems": 5, "items": {"type": "string", "maxLength": 50}},
            "array of string (at most 50 characters), not empty, at most 5 elements",
        ),
        (
            {
                "type": "array",
                "description": "Lines.",
                "items": {
                    "type": "object",
                    "properties": {"id": {"type": "integer", "required": True}, "tags": {"type": "array"}},
                },
            },
            {"is": "array of object: Lines.", "members": {"id": "integer, required", "tags": "array"}},
        ),
    ],
)
def test_all_that_a_value_is_held_to_is_said(spec: dict[str, Any], words: Any) -> None:
    assert arguments_in_words(action_with({"x": spec})) == {"x": words}


def test_how_a_file_is_given_is_said() -> None:
    action = action_with({"x": {"type": "file"}}, "multipart")

    assert "result (a handle, rs_...), text, base64" in str(arguments_in_words(action)["x"])


@BOTH_ERAS
async def test_search_actions_says_it(era: Era) -> None:
    async with make_application(FakeProvider(), catalog=make_catalog(make_connector())) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, era) as client:
            text, failed = await call(client, "search_actions", query="create a note")
            listed, _ = await call(client, "search_actions", query="list notes")

    assert not failed
    assert "title: string, required, at most 200 characters" in text
    assert "priority: integer, 0 to 9" in text
    assert "limit: " in listed
    assert "1 to 200, 25 unless given" in listed


def test_the_ten_longest_actions_fit_into_one_reply() -> None:
    rows = [describe_action(action, is_connected=True, is_permitted=True) for action in ACTIONS]
    sizes = sorted((len(as_compact_text([row]).encode()) for row in rows), reverse=True)

    assert sum(sizes[:10]) < (Settings().result_tokens - FOOTER_TOKENS) * BYTES_PER_TOKEN
