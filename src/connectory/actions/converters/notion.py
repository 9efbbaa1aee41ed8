"""Notion's rich text, cut into the pieces that it takes; and its properties, as plain as a person sees them."""

from __future__ import annotations

from typing import Any

from connectory.actions.converters.inputs import text_input
from connectory.errors import InvalidArguments

# Notion's own limits: 2,000 characters a piece, 100 pieces a list (its OpenAPI description, `maxItems`). A character
# is one UTF-16 code unit, as JavaScript's `length` has it: one emoji counts two.
# https://developers.notion.com/reference/request-limits
MAX_UNITS = 2_000
MAX_PIECES = 100
MAX_DEPTH = 4  # a rollup of formulas of a date: Notion has no deeper ones


def notion_rich_text(value: Any) -> list[dict[str, Any]]:
    """Return text as Notion's list of rich text objects; an empty text is an empty list, which clears a property."""
    text = text_input(value, "The value for notion_rich_text")
    pieces = _cut(text)
    if len(pieces) > MAX_PIECES:
        raise InvalidArguments(
            f"The text has {len(text):,} characters; Notion takes about {MAX_UNITS * MAX_PIECES:,} in one place.",
            hint="Split it over several blocks, one call each.",
        )
    return [{"type": "text", "text": {"content": piece}} for piece in pieces]


def _cut(text: str) -> list[str]:
    pieces, start = [], 0
    while start < len(text):
        piece = text[start : start + MAX_UNITS]
        room = MAX_UNITS
        for at, character in enumerate(piece):
            room -= 2 if character > "\uffff" else 1
            if room < 0:
                piece = piece[:at]
                break
        pieces.append(piece)
        start += len(piece)
    return pieces


def from_notion_properties(value: Any) -> Any:
    """Return the properties of a page as plain values by name: texts, numbers, names, ids; unchanged, if no object.

    A date with an end is `{start, end}`, a file `{name, url}`; a relation is a list of page ids. What is empty is null,
    and what has no value of its own (a button) is left out.
    """
    if not isinstance(value, dict):
        return value
    return {name: _plain(one, MAX_DEPTH) for name, one in value.items() if _kind(one) != "button"}


def _kind(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else None


def _plain(value: Any, depth: int) -> Any:
    """What a property holds, or an element of a rollup, which has a property's form."""
    kind = _kind(value)
    if kind is None or kind not in value or depth == 0:
        return value
    held = value[kind]
    if kind in ("formula", "rollup"):
        return _plain(held, depth - 1)
    if not isinstance(held, list):
        return _one(held)
    if kind in ("title", "rich_text"):
        return _text(held)
    return [_plain(one, depth - 1) if kind == "array" else _one(one) for one in held]


def _one(held: Any) -> Any:
    """A single value, told by its members: a date, a unique id, a file, or what has a name or at least an id."""
    if not isinstance(held, dict):
        return held
    if "start" in held:
        return held["start"] if held.get("end") is None else {"start": held["start"], "end": held["end"]}
    if "prefix" in held and "number" in held:
        return "-".join(str(part) for part in (held["prefix"], held["number"]) if isinstance(part, str | int))
    file = held.get(_kind(held) or "")
    if isinstance(file, dict) and "url" in file:
        return {"name": held.get("name"), "url": file["url"]}
    return held.get("name") or held.get("id") or held.get("state") or held or None


def _text(pieces: list[Any]) -> str:
    texts = (one.get("plain_text") for one in pieces if isinstance(one, dict))
    return "".join(one for one in texts if isinstance(one, str))
