"""What a tool list shows of an action's arguments: enough to call it right, in as few words as that takes (design 6.1).

Every token of the list is paid in every conversation. What is left out here (lengths, counts, patterns beside an
example) is still checked, and the error says what would be right; `search_actions` says it in words
(`mcp/input_words.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectory.catalog.schema import DEFAULT_LIMIT, MAX_LIMIT

CHECKED_ONLY = frozenset({"minLength", "maxLength", "minItems", "maxItems", "additionalProperties"})
OPTIONAL = "Optional."
# The arguments that are the same everywhere: their words stand in every tool, so they are the shortest.
EVERYWHERE: Mapping[str, Mapping[str, Any]] = {
    "connection": {"type": "string", "description": "Which account, where several fit."},
    "limit": {"type": "integer", "description": f"Most items, up to {MAX_LIMIT}; {DEFAULT_LIMIT} unless given."},
    "cursor": {"type": "string", "description": "next_cursor of the answer before."},
    "fields": {"type": "array", "items": {"type": "string"}, "description": "Only these of each item."},
}


def brief_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an action's arguments as tool lists show it; everything valid by `schema` is valid by it."""
    properties = {name: dict(EVERYWHERE.get(name) or _brief(spec)) for name, spec in schema["properties"].items()}
    return {
        key: properties if key == "properties" else value for key, value in schema.items() if key not in CHECKED_ONLY
    }


def _brief(spec: Mapping[str, Any]) -> dict[str, Any]:
    """One value's schema, and those inside it."""
    brief = {key: value for key, value in spec.items() if key not in CHECKED_ONLY}
    examples = brief.pop("examples", None)
    if examples and "enum" not in spec and (spec.get("type") in ("array", "object") or _is_formed(spec)):
        brief["examples"] = examples[:1]
        brief.pop("pattern", None)
    if description := str(brief.pop("description", "")).removeprefix(OPTIONAL).strip():
        brief["description"] = description
    if isinstance(spec.get("items"), Mapping):
        brief["items"] = _brief(spec["items"])
    if isinstance(spec.get("properties"), Mapping):
        brief["properties"] = {name: _brief(member) for name, member in spec["properties"].items()}
    return brief


def _is_formed(spec: Mapping[str, Any]) -> bool:
    return "pattern" in spec or "format" in spec
