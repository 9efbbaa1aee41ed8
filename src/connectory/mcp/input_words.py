"""An action's inputs in words, with all that a value is held to: what tool lists leave out to be short (design 6.1).

An action that is left out of a tool list is called by what stands here, its members and limits included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from connectory.catalog.connector import Action
from connectory.catalog.manifest import Input
from connectory.catalog.schema import DEFAULT_LIMIT, FILE_SOURCES, MAX_LIMIT

_PLAIN = re.compile(r"[\w./:@+-]+", re.ASCII)  # a text that needs no quotes to be told from what is around it
Words = str | dict[str, Any]
_FILE = f"an object with {FILE_SOURCES}; name and media_type if known"


def arguments_in_words(action: Action) -> dict[str, Words]:
    """Return what each argument may be; of an object, or a list of them, its members too."""
    words = {name: _in_words(spec) for name, spec in action.manifest.inputs.items()}
    if action.manifest.pages is not None:
        words["limit"] = f"integer, 1 to {MAX_LIMIT}, {DEFAULT_LIMIT} unless given: Most items."
    return words


def _in_words(spec: Input) -> Words:
    """A line; where there are members, a mapping of `is`, that line, and `members`."""
    line = ", ".join([_kind(spec), *(["required"] if spec.required else []), *_limits(spec)])
    if spec.description:
        line += f": {spec.description}"
    inner = spec
    while inner.items is not None:
        inner = inner.items
    if not inner.properties:
        return line
    return {"is": line, "members": {name: _in_words(member) for name, member in inner.properties.items()}}


def _kind(spec: Input) -> str:
    if spec.items is not None:
        each = ", ".join(_limits(spec.items))
        return f"{spec.type or 'array'} of {_kind(spec.items)}{f' ({each})' if each else ''}"
    return f"file ({_FILE})" if spec.type == "file" else spec.value_type or "any"


def _limits(spec: Input) -> Iterator[str]:
    """What a value is held to besides its type."""
    if spec.nullable:
        yield "may be null"
    if spec.enum:
        yield f"one of {' | '.join(map(_shown, spec.enum))}"
    if spec.format is not None:
        yield f"format {spec.format}"
    if spec.pattern is not None:
        yield f"pattern {spec.pattern}"
    yield from _range(spec.minimum, spec.maximum)
    yield from _count(spec.min_length, spec.max_length, "characters")
    yield from _count(spec.min_items, spec.max_items, "elements")
    if spec.default is not None:
        yield f"{_shown(spec.default)} unless given"
    if spec.examples and not spec.enum:
        yield f"e.g. {_shown(spec.examples[0])}"


def _count(least: int | None, most: int | None, what: str) -> Iterator[str]:
    if least == 1:
        yield "not empty"
        least = None
    yield from (f"{found} {what}" for found in _range(least, most))


def _range(least: float | None, most: float | None) -> Iterator[str]:
    if least is not None and most is not None:
        yield f"{least} to {most}"
    elif least is not None:
        yield f"at least {least}"
    elif most is not None:
        yield f"at most {most}"


def _shown(value: Any) -> str:
    """A value as JSON, a word without quotes: each of them would be escaped where this stands."""
    is_word = isinstance(value, str) and _PLAIN.fullmatch(value)
    return str(value) if is_word else json.dumps(value, ensure_ascii=False)
