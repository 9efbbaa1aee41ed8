"""Answers that a provider's own description allows: every member there is, values that tell where they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.contracts.description import Description, Schema, types_of
from tests.contracts.reading import Paths, below

ABSENT = object()  # of a member: leave it out
EVERYTHING = 2  # levels down to which every member is there
DEEPEST = 20  # levels below which nothing is there
FORMATS = {
    "date-time": "2026-01-31T12:30:00Z", "date": "2026-01-31", "time": "12:30:00", "email": "ann@example.org",
    "uri": "https://example.org/page", "url": "https://example.org/page",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "byte": "aGVsbG8=", "binary": "hello", "ipv4": "192.0.2.1", "duration": "PT1H", "decimal": "12.50",
    "int64": "1234", "uint64": "1234",
}  # fmt: skip
TEXTS = ("a", "1", "12", "1234", "ABC", "US", "a1", "2026-01-31", "2026-01-31T12:30:00Z", *FORMATS.values())


@dataclass(frozen=True)
class Maker:
    """Makes values for a description's schemas: by the richest alternative of each, or (`last`) by the last one.

    `given` are members, by name, that have this value wherever they stand. Of lists and objects those are made that are
    read or required, and all of the first levels: some providers' answers lead to all others without end.
    """

    description: Description
    given: Mapping[str, Any] = field(default_factory=dict)
    last: bool = False
    read: Paths = frozenset()

    def make(self, schema: Schema, name: str = "value") -> Any:
        """A value that follows `schema`."""
        made = self._make(schema, name, (), self.read)
        return None if made is ABSENT else made

    def _make(self, schema: Schema, name: str, within: tuple[int, ...], read: Paths) -> Any:
        here = id(self.description.resolved(schema))
        if here in within or len(within) > DEEPEST:
            return ABSENT
        inside = (*within, here)
        alternatives = [one for one in self.description.alternatives(schema) if not _is_null(one)]
        if not alternatives:
            return None
        chosen = self._chosen(alternatives, read)
        if "const" in chosen:
            return chosen["const"]
        if words := [word for word in chosen.get("enum", ()) if word is not None]:
            return words[0]
        return self._of_kind(chosen, name, inside, read)

    def _chosen(self, alternatives: Sequence[Schema], read: Paths) -> Schema:
        """Of those that have most of what is read, the richest or the last one."""
        names = {path[0] for path in read if path}
        most = max(len(names & _members(one)) for one in alternatives)
        able = [one for one in alternatives if len(names & _members(one)) == most]
        return able[-1] if self.last else max(able, key=_riches)

    def _of_kind(self, schema: Schema, name: str, within: tuple[int, ...], read: Paths) -> Any:
        kinds = types_of(schema)
        if "object" in kinds:
            return self._object(schema, within, read)
        if "array" in kinds:
            one = self._make(schema.get("items", {}), name, within, read)
            return [] if one is ABSENT else [one] * max(1, schema.get("minItems", 1))
        if "string" in kinds or not kinds:
            return _text(schema, name)
        if "boolean" in kinds:
            return True
        return _number(schema, is_whole="integer" in kinds)

    def _object(self, schema: Schema, within: tuple[int, ...], read: Paths) -> dict[str, Any]:
        properties, required = schema.get("properties", {}), schema.get("required", ())
        made: dict[str, Any] = {}
        for name, one in properties.items():
            inner = below(read, name)
            if name in self.given:
                made[name] = self.given[name]
            elif name in required or inner or len(within) <= EVERYTHING or self._is_single(one):
                made[name] = self._make(one, name, within, inner)
        further = schema.get("additionalProperties")
        if not properties and isinstance(further, Mapping):
            made["a_key"] = self._make(further, "a_key", within, below(read, "a_key"))
        return {name: one for name, one in made.items() if one is not ABSENT}

    def _is_single(self, schema: Schema) -> bool:
        return not any(types_of(one) & {"object", "array"} for one in self.description.alternatives(schema))


def _is_null(schema: Schema) -> bool:
    return schema.get("type") == "null" or schema.get("enum") == [None]


def _members(schema: Schema) -> set[str]:
    return set(schema.get("properties", ()))


def _riches(schema: Schema) -> int:
    kinds = types_of(schema)
    return 1 + len(schema.get("properties", ())) if "object" in kinds else int("array" in kinds)


def _text(schema: Schema, name: str) -> str:
    least, most, pattern = schema.get("minLength", 0), schema.get("maxLength", 1000), schema.get("pattern")
    usual = FORMATS.get(schema.get("format", ""), f"a {name}")
    for text in (usual, *TEXTS, *map(str, [schema.get("example"), schema.get("default")])):
        if least <= len(text) <= most and (pattern is None or _found(pattern, text)):
            return text
    return str(usual * (least // len(usual) + 1))[: max(least, min(most, len(usual)))]


def _found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # one of another language: any text may be right
        return True


def _number(schema: Schema, *, is_whole: bool) -> int | float:
    least, most = schema.get("minimum"), schema.get("maximum")
    value = least if isinstance(least, int | float) else min(7, most) if isinstance(most, int | float) else 7
    return int(value) if is_whole else value
