"""Fill templates, escaped by the place they stand in (design 4.1). Pure functions of data.

A value reaches a path as exactly one percent-encoded segment, a query as one encoded value, a header only when it can
break no line, a body with its type. Nothing is ever decoded, so nothing can be decoded twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from connectory.catalog.template import Placeholder, parse_template
from connectory.errors import InvalidArguments, InvalidPath

_ABSENT = object()
DOT_SEGMENTS = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class Values:
    """What placeholders stand for: inputs by name, facts of the connection, secrets."""

    inputs: Mapping[str, Any]
    facts: Mapping[str, str]
    secrets: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)

    def get(self, placeholder: Placeholder) -> Any:
        """Return the value, or the absent mark for an optional input that was not given."""
        if placeholder.scope == "connection":
            return self.facts.get(placeholder.name, _ABSENT)
        if placeholder.scope == "credential":
            secret = self.secrets.get(placeholder.name)
            return _ABSENT if secret is None else secret.get_secret_value()
        value = self.inputs.get(placeholder.name)
        return _ABSENT if value is None else _whole_number(value)


def fill_path(template: str, values: Values) -> str:
    """Fill a path. Raises `InvalidPath` on a missing value, an empty or dot segment, or a control character."""
    filled = []
    for part in parse_template(template).parts:
        if isinstance(part, str):
            filled.append(part)
            continue
        value = values.get(part)
        if value is _ABSENT:
            raise InvalidPath(f"'{part.name}' is needed for the path {template}.", hint=f"Give '{part.name}'.")
        segments = as_text(value).split("/") if part.many else [as_text(value)]
        filled.append("/".join(_segment(segment, part.name) for segment in segments))
    return "".join(filled)


def fill_query(tree: Mapping[str, Any], values: Values) -> list[tuple[str, str]]:
    """Fill query parameters; a list repeats its key, absent inputs fall away."""
    filled = ((key, fill_tree(template, values)) for key, template in tree.items())
    return as_pairs({key: value for key, value in filled if value is not _ABSENT})


def as_pairs(filled: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Flatten filled values to key and text pairs, a list repeating its key."""
    pairs: list[tuple[str, str]] = []
    for key, value in filled.items():
        many = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        pairs += [(key, as_text(item)) for item in many]
    return pairs


def fill_headers(templates: Mapping[str, str], values: Values) -> dict[str, str]:
    """Fill headers; one with an absent input falls away. Raises `InvalidArguments` on what would break the line."""
    headers = {}
    for name, template in templates.items():
        value = _fill_text(template, values)
        if value is not _ABSENT:
            headers[name] = header_value(name, value)
    return headers


def fill_tree(tree: Any, values: Values) -> Any:
    """Fill a body tree: a leaf that is exactly one placeholder keeps its type, an absent input prunes its key."""
    if isinstance(tree, str):
        only = parse_template(tree).only
        return values.get(only) if only else _fill_text(tree, values)
    if isinstance(tree, Mapping):
        filled = {key: fill_tree(branch, values) for key, branch in tree.items()}
        return {key: value for key, value in filled.items() if value is not _ABSENT}
    if isinstance(tree, Sequence):
        return [value for value in (fill_tree(branch, values) for branch in tree) if value is not _ABSENT]
    return tree


def fill_plain(template: str, values: Values) -> str:
    """Fill text that is escaped nowhere: server addresses and the like. Raises `InvalidPath` where one is missing."""
    value = _fill_text(template, values)
    if value is _ABSENT:
        names = ", ".join(part.name for part in parse_template(template).placeholders)
        raise InvalidPath(
            f"The connection lacks a value for {names}.", hint="Reconnect it, so that the value is asked again."
        )
    return str(value)


def merge_headers(*sets: Mapping[str, str]) -> dict[str, str]:
    """Merge headers, the later over the earlier whatever their case (RFC 9110 section 5.1)."""
    merged: dict[str, tuple[str, str]] = {}
    for headers in sets:
        merged |= {name.lower(): (name, value) for name, value in headers.items()}
    return dict(merged.values())


def header_value(name: str, value: Any) -> str:
    """Return `value` as a header's text. Raises `InvalidArguments` on control characters and what is not Latin-1."""
    text = as_text(value).strip()
    if any(ord(character) < 32 or ord(character) in (127, 0x85) or ord(character) > 255 for character in text):
        raise InvalidArguments(
            f"The value for header {name} holds a line break, control or non-Latin character.", hint="Leave it out."
        )
    return text


def as_text(value: Any) -> str:
    """Render a scalar for a URL or header: JSON's words for truth values, numbers without exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    value = _whole_number(value)
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _fill_text(template: str, values: Values) -> Any:
    filled = []
    for part in parse_template(template).parts:
        value = part if isinstance(part, str) else values.get(part)
        if value is _ABSENT:
            return _ABSENT
        filled.append(as_text(value))
    return "".join(filled)


def _whole_number(value: Any) -> Any:
    """5.0 as 5: JSON Schema calls both an integer (2020-12 core, section 4.2.3), providers take the second alone."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _segment(text: str, name: str) -> str:
    if text == "" or text in DOT_SEGMENTS:
        raise InvalidPath(
            f"'{text}' is no name that can stand in a path (argument '{name}').", hint=f"Give a real '{name}'."
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise InvalidPath(f"Argument '{name}' holds a control character.", hint="Remove it.")
    return quote(text, safe="")


def absent(value: Any) -> bool:
    """Whether a filled value stands for nothing."""
    return value is _ABSENT
