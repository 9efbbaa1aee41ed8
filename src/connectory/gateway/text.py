"""Write JSON values as compact plain text: a subset of YAML 1.2 that costs a model fewer tokens than JSON (design 6.3).

Some clients hand the whole result object to the model as one JSON string, so that JSON in it would be escaped twice.
Every text written here reads back as the same value with a YAML loader; a property test holds that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from connectory.actions.hidden import UNSEEN
from connectory.actions.weighing import weigh

_PLAIN = re.compile(r"[A-Za-z_/][\w./@+()%~$^=;,'!?&*<>-]*(?: [\w./@+()%~$^=;,'!?&*<>-]+)*")
_WORDS = frozenset(
    {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "none", "~", "nan", "inf", ".inf", ".nan", "="}
)
_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f]")  # what no block of text can hold


def as_compact_text(value: Any) -> str:
    """Render a JSON value; the last line has no line break yet."""
    return "\n".join(_lines(value))


def compact_within(value: Any, room: int) -> str | None:
    """Render a JSON value, or return None once it is longer than `room` bytes: a huge value costs no more than that."""
    if weigh(value, room).least_bytes > room:
        return None
    lines: list[str] = []
    for line in _lines(value):
        room -= len(line.encode()) + 1
        if room < -1:
            return None
        lines.append(line)
    return "\n".join(lines)


def as_block(text: str) -> str:
    """Render a text as it stands, indented below a mark so that its end is clear; hidden characters as escapes."""
    shown = _CONTROL.sub(_escape, UNSEEN.sub(_escape, text.replace("\r\n", "\n")))
    if not shown.strip("\n"):
        return _scalar(text)
    return "\n".join([_block_mark(shown), *_block_lines(shown)])


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(_scalar(str(key)), item)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _item(item)
    else:
        yield _scalar(value)


def _entry(key: str, value: Any) -> Iterator[str]:
    """`key: value`, or the key with the value's lines indented below it."""
    if isinstance(value, dict | list) and value:
        yield f"{key}:"
        for line in _lines(value):
            yield f"  {line}"
    elif isinstance(value, str) and _fits_block(value):
        yield f"{key}: {_block_mark(value)}"
        yield from _block_lines(value)
    else:
        yield f"{key}: {_scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    """`- value`, nested lines indented by two."""
    if isinstance(value, str) and _fits_block(value):
        yield f"- {_block_mark(value)}"
        yield from _block_lines(value)
        return
    mark = "- "
    for line in _lines(value):
        yield mark + line
        mark = "  "


def _fits_block(text: str) -> bool:
    """Whether a block literal can hold it: several lines, all visible, none that the indentation would change."""
    return (
        "\n" in text
        and text.strip("\n") != ""
        and text[0] not in " \n\t"
        and not text.endswith("\n\n")
        and not UNSEEN.search(text)
        and not any(ord(character) < 32 and character not in "\n\t" for character in text)
    )


def _block_mark(text: str) -> str:
    return "|" if text.endswith("\n") else "|-"


def _block_lines(text: str) -> list[str]:
    return [f"  {line}" if line else "" for line in text.removesuffix("\n").split("\n")]


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and len(value) < 500
        return value if plain else UNSEEN.sub(_escape, json.dumps(value, ensure_ascii=False))
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("e", ".0e") if isinstance(value, float) and "e" in text and "." not in text else text


def _escape(match: re.Match[str]) -> str:
    codes = map(ord, match[0])
    return "".join(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}" for code in codes)
