"""The schemas of tool lists: fewer words, nothing that the full schema allows is forbidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connectory.catalog.brief_schema import EVERYWHERE, brief_schema
from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Action

ACTIONS = list(load_catalog([packaged_folder()], index_dir=None).actions.values())
WORDS = {"description", "examples"}


def brief(spec: dict[str, Any]) -> Any:
    return brief_schema({"type": "object", "properties": {"x": spec}, "additionalProperties": False})["properties"]["x"]


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ({"type": "string", "description": "Optional. A name."}, {"type": "string", "description": "A name."}),
        ({"type": "string", "description": "Optional."}, {"type": "string"}),
        (
            {"type": "string", "description": "Required. A name."},
            {"type": "string", "description": "Required. A name."},
        ),
        ({"type": "string", "minLength": 1, "maxLength": 9}, {"type": "string"}),
        ({"type": "string", "examples": ["ann"]}, {"type": "string"}),
        ({"type": "string", "pattern": "^a$", "examples": ["a", "b"]}, {"type": "string", "examples": ["a"]}),
        ({"type": "string", "pattern": "^a$"}, {"type": "string", "pattern": "^a$"}),
        (
            {"type": "string", "format": "date", "examples": ["2026-01-31"]},
            {"type": "string", "format": "date", "examples": ["2026-01-31"]},
        ),
        ({"type": "string", "enum": ["a", "b"], "examples": ["a"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": "integer", "minimum": 1, "maximum": 9}, {"type": "integer", "minimum": 1, "maximum": 9}),
        (
            {"type": "array", "maxItems": 3, "items": {"type": "string", "maxLength": 3}, "examples": [["a"]]},
            {"type": "array", "items": {"type": "string"}, "examples": [["a"]]},
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}, "additionalProperties": False},
            {"type": "object", "properties": {"a": {"type": "string"}}},
        ),
    ],
)
def test_what_only_the_check_needs_is_left_out(spec: dict[str, Any], shown: dict[str, Any]) -> None:
    assert brief(spec) == shown


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.tool)
def test_it_asks_for_nothing_that_the_full_one_does_not(action: Action) -> None:
    _is_looser(action.listed_schema, action.input_schema)

    assert action.listed_schema["properties"].keys() == action.input_schema["properties"].keys()
    assert action.listed_schema.get("required") == action.input_schema.get("required")


@pytest.mark.parametrize("name", EVERYWHERE)
def test_what_is_the_same_everywhere_has_the_type_that_is_checked(name: str) -> None:
    full = next(one.input_schema["properties"][name] for one in ACTIONS if name in one.input_schema["properties"])

    _is_looser(EVERYWHERE[name], full)


def _is_looser(shown: Mapping[str, Any], full: Mapping[str, Any]) -> None:
    for key in shown.keys() - WORDS:
        if key == "properties":
            for name, member in shown[key].items():
                _is_looser(member, full[key][name])
        elif key == "items":
            _is_looser(shown[key], full[key])
        else:
            assert shown[key] == full[key], key
