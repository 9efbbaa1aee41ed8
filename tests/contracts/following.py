"""Whether a value follows a schema, as far as projections go: kinds, members, elements. Null may stand anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.contracts.description import Description, Schema, is_open, types_of

KINDS: tuple[tuple[type, frozenset[str]], ...] = (
    (bool, frozenset({"boolean"})),
    (int, frozenset({"integer", "number"})),
    (float, frozenset({"number"})),
    (str, frozenset({"string"})),
    (list, frozenset({"array"})),
    (dict, frozenset({"object"})),
)


def strays(value: Any, schemas: list[Schema], description: Description, place: str = "the result") -> Iterator[str]:
    """Yield where a value follows none of these schemas."""
    alternatives = [found for schema in schemas for found in description.alternatives(schema)]
    if value is None or not alternatives:
        return
    kinds = next(kinds for kind, kinds in KINDS if isinstance(value, kind))
    fitting = [one for one in alternatives if not types_of(one) or types_of(one) & kinds]
    if not fitting:
        taken = sorted({kind for one in alternatives for kind in types_of(one)})
        yield f"{place} is {value!r:.60}, and not {' or '.join(taken)}"
    elif isinstance(value, list):
        inner = [one.get("items", {}) for one in fitting]
        for index, member in enumerate(value):
            yield from strays(member, inner, description, f"{place}[{index}]")
    elif isinstance(value, dict):
        for name, member in value.items():
            found = [one["properties"][name] for one in fitting if name in one.get("properties", {})]
            if found:
                yield from strays(member, found, description, f"{place}.{name}")
            elif not any(is_open(one) for one in fitting):
                yield f"{place} has a member '{name}'"
