"""Fit an answer into the result budget: cut at item borders, say what was left out (design 6.3). Pure.

A list keeps its first items, an object its first keys, a text its beginning; what does not fit is named, with the
`read_result` call that gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectory.gateway.text import as_compact_text

BYTES_PER_TOKEN = 4  # design 6.1: how a token is counted
NOTE_BYTES = 400  # room for the header and the note about what was left out


@dataclass(frozen=True, slots=True)
class Cut:
    """The part that fits; `shown` counts items, keys or characters. `left_out` is empty when nothing was cut."""

    text: str
    shown: int
    total: int
    left_out: str = ""


def fit(value: Any, budget_tokens: int, *, offset: int = 0) -> Cut:
    """Render as much of `value` as fits in `budget_tokens`, at least something of its first part.

    `offset` is where `value` begins in the whole that it was taken from; it only serves the wording.
    """
    room = max(budget_tokens * BYTES_PER_TOKEN - NOTE_BYTES, NOTE_BYTES)
    text = as_compact_text(value)
    if len(text.encode()) <= room:
        return Cut(text, _size(value), _size(value))
    if isinstance(value, list):
        return _fit_list(value, room, offset)
    if isinstance(value, Mapping):
        return _fit_object(value, room)
    return _fit_text(value if isinstance(value, str) else text, room, offset)


def _fit_list(items: list[Any], room: int, offset: int) -> Cut:
    parts, used = [], 0
    for item in items:
        part = as_compact_text([item])
        used += len(part.encode()) + 1
        if used > room:
            break
        parts.append(part)
    if parts:
        shown = len(parts)
        note = f"Items {offset + 1} to {offset + shown} are shown; {len(items) - shown} more were left out."
        return Cut("\n".join(parts), shown, len(items), note)
    first = fit(items[0], room // BYTES_PER_TOKEN)
    note = f"Item {offset + 1} alone is too large: {first.left_out} {len(items) - 1} more items were left out."
    return Cut(first.text, 1, len(items), note)


def _fit_object(value: Mapping[str, Any], room: int) -> Cut:
    shown: dict[str, Any] = {}
    missing, used = [], 0
    for key, item in value.items():
        size = len(as_compact_text({key: item}).encode()) + 1
        if used + size <= room:
            shown[key] = item
            used += size
        else:
            missing.append(f"{key} ({_measure(item)})")
    note = f"Left out for size: {', '.join(missing[:20])}{' and more' if len(missing) > 20 else ''}."
    return Cut(as_compact_text(shown), len(shown), len(value), note)


def _fit_text(text: str, room: int, offset: int) -> Cut:
    shown = text.encode()[: room * 9 // 10].decode("utf-8", "ignore")
    while len(as_compact_text(shown).encode()) > room:  # escapes may make it longer than it was
        shown = shown[: len(shown) * 3 // 4]
    note = f"Characters {offset + 1} to {offset + len(shown)} are shown; {len(text) - len(shown)} more were left out."
    return Cut(as_compact_text(shown), len(shown), len(text), note)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list | Mapping | str) else 1


def _measure(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} items"
    return f"{len(value)} keys" if isinstance(value, Mapping) else f"{len(str(value))} characters"
