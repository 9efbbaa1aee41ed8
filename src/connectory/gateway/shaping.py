"""Fit an answer into the result budget: cut at item borders, say what was left out (design 6.3). Pure.

A list keeps its first items, an object the keys that fit, a text its beginning. What does not fit is named, with the
path (JMESPath) or the offset at which `read_result` goes on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from connectory.gateway.text import as_block, as_compact_text, compact_within

BYTES_PER_TOKEN = 4  # design 6.1: how a token is counted, of compact text and of the JSON of tool lists
NOTE_BYTES = 360  # no `Cut.left_out` is longer
PATH_BYTES = 160  # no `Cut.next_path` is longer; a name of over half of it goes in by its number
NAME_CHARACTERS = 40
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A path that more steps can be put behind: no projection, no operator that would bind them otherwise.
_PLAIN_PATH = re.compile(
    r'\s*(@|[A-Za-z_]\w*|"[^"|\\]*"|values\(@\)|\[\d+\])(\.([A-Za-z_]\w*|"[^"|\\]*"|values\(@\))|\[\d+\])*\s*', re.ASCII
)


class Unit(StrEnum):
    """What a cut counts."""

    WHOLE = "whole"  # nothing was cut
    ITEMS = "items"
    KEYS = "keys"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Cut:
    """The part that fits, and where its rest is.

    `shown` of `total` units stand in `text` whole; where not even the first one fits, `text` is a part of that one and
    `shown` is 0. `next_path`, from the value that was cut, and `next_offset` in it are the first thing left out.
    """

    text: str
    unit: Unit
    shown: int
    total: int
    left_out: str = ""
    next_path: str = ""
    next_offset: int = 0


def fit(value: Any, room: int, *, offset: int = 0) -> Cut:
    """Render as much of a JSON value as fits in `room` bytes; costs no more than that much, however large it is.

    `offset` is where `value` begins in the whole that it was taken from: the words and the way on count from there.
    """
    room = max(room, 0)
    text = _whole(value, room)
    if text is not None:
        total = len(value) if isinstance(value, list | Mapping | str) else 1
        return Cut(text, Unit.WHOLE, total, total)
    if isinstance(value, list) and value:
        return _fit_list(value, room, offset)
    if isinstance(value, Mapping) and value:
        return _fit_object(value, room)
    return _fit_text(value if isinstance(value, str) else as_compact_text(value), room, offset)


def fit_text(value: Any, budget_tokens: int) -> str:
    """Render a JSON value within a budget; where it was cut, the last line says what was left out."""
    room = budget_tokens * BYTES_PER_TOKEN
    text = _whole(value, room)
    if text is not None:
        return text
    cut = fit(value, max(room - NOTE_BYTES, 0))
    return f"{cut.text}\n{cut.left_out}"


def step_into(path: str, step: str) -> str:
    """Put a step (`[0]`, `name`, `"x-y"`) behind a path so that it applies to what the whole path gives."""
    if not path:
        return step
    tail = re.split(r"(?<!\|)\|(?!\|)", path)[-1]
    if not _PLAIN_PATH.fullmatch(tail):
        return f"{path} | {step}"
    return f"{path}{step}" if step.startswith("[") else f"{path}.{step}"


def _whole(value: Any, room: int) -> str | None:
    if not isinstance(value, str):
        return compact_within(value, room)
    if len(value) > room:
        return None
    text = as_compact_text(value)
    text = as_block(value) if text.startswith('"') else text
    return text if len(text.encode()) <= room else None


def _fit_list(items: list[Any], room: int, offset: int) -> Cut:
    parts, left = [], room
    for item in items:
        part = compact_within([item], left)
        if part is None:
            break
        parts.append(part)
        left -= len(part.encode()) + 1
    shown = len(parts)
    if shown:
        note = f"Items {offset + 1} to {offset + shown} are shown; {len(items) - shown} more were left out."
        return Cut("\n".join(parts), Unit.ITEMS, shown, len(items), note, next_offset=offset + shown)
    others = f"; {len(items) - 1} more were left out" if len(items) > 1 else ""
    note = f"Item {offset + 1} is too large, a part of it is shown{others}."
    return _part_of(items[0], f"[{offset}]", room, Cut("", Unit.ITEMS, 0, len(items), note))


def _fit_object(value: Mapping[str, Any], room: int) -> Cut:
    parts, missing, left = [], [], room
    for number, (key, item) in enumerate(value.items()):
        part = compact_within({key: item}, left)
        if part is None:
            missing.append((number, key))
        else:
            parts.append(part)
            left -= len(part.encode()) + 1
    cut = Cut("\n".join(parts), Unit.KEYS, len(parts), len(value), _names_of(value, missing))
    step = _step(*missing[0])
    return replace(cut, next_path=step) if parts else _part_of(value[missing[0][1]], step, room, cut)


def _part_of(value: Any, step: str, room: int, cut: Cut) -> Cut:
    """Show a part of the first thing, which is too large as a whole; the way on leads into it."""
    part = fit(value, room)
    path = step_into(step, part.next_path) if part.next_path else step
    if len(path.encode()) > PATH_BYTES:
        return replace(cut, text=part.text, next_path=step)
    return replace(cut, text=part.text, next_path=path, next_offset=part.next_offset)


def _fit_text(text: str, room: int, offset: int) -> Cut:
    end = min(len(text), room)
    while len(_block(text[:end]).encode()) > room:  # characters of several bytes, escapes, indentation
        end = end * 3 // 4
    note = f"Characters {offset + 1} to {offset + end} are shown; {len(text) - end} more were left out."
    return Cut(_block(text[:end]), Unit.CHARACTERS, end, len(text), note, next_offset=offset + end)


def _block(text: str) -> str:
    return as_block(text) if text else ""


def _step(number: int, key: str) -> str:
    """The JMESPath step to one key of an object; a long or odd name by its place among the values."""
    quoted = key if _IDENTIFIER.fullmatch(key) else json.dumps(key, ensure_ascii=False)
    is_odd = not key.isprintable() or "|" in key or "\\" in quoted or key == ""
    return f"values(@)[{number}]" if is_odd or len(quoted.encode()) > PATH_BYTES // 2 else quoted


def _names_of(value: Mapping[str, Any], missing: list[tuple[int, str]]) -> str:
    named: list[str] = []
    for _, key in missing:
        name = f"{as_compact_text(key[:NAME_CHARACTERS])}{'…' if len(key) > NAME_CHARACTERS else ''}"
        named.append(f"{name} ({_size(value[key])})")
        if len(", ".join(named).encode()) > NOTE_BYTES - 60:
            named.pop()
            break
    others = len(missing) - len(named)
    also = f" and {others} more" if named and others else f"{others} keys" if others else ""
    return f"Left out for size: {', '.join(named)}{also}."


def _size(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} items"
    if isinstance(value, Mapping):
        return f"{len(value)} keys"
    return f"{len(value if isinstance(value, str) else str(value))} characters"
