"""Notion's rich text, cut into the pieces that it takes."""

from __future__ import annotations

from typing import Any

from connectory.actions.converters.inputs import text_input
from connectory.errors import InvalidArguments

# Notion's own limits: 2,000 characters a piece, 100 pieces a list (its OpenAPI description, `maxItems`). A character
# is one UTF-16 code unit, as JavaScript's `length` has it: one emoji counts two.
# https://developers.notion.com/reference/request-limits
MAX_UNITS = 2_000
MAX_PIECES = 100


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
