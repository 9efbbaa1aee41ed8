"""Compare what an action gives at one place with the schema of that place: types, words, lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.contracts.description import Description, Schema, types_of

from connectory.catalog.manifest import Input
from connectory.catalog.template import Placeholder, parse_template

LIMIT = Input(type="integer", minimum=1)
LIMIT_NAME = "limit"
EACH = "{each}"  # the element of a list, among the inputs
MANY_WORDS = 60  # of more, as currencies or countries are, a pattern says enough
WIDER = {"integer": {"integer", "number"}}  # what else takes a value of this type
TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"),
)  # fmt: skip
# Limit of an input, its word in JSON Schema, and whether it bounds from above.
LIMITS = (
    ("minimum", "minimum", False), ("maximum", "maximum", True), ("min_length", "minLength", False),
    ("max_length", "maxLength", True), ("min_items", "minItems", False), ("max_items", "maxItems", True),
)  # fmt: skip


class Inputs(dict[str, Input]):
    """The inputs of an action by name; of each of `needs` at least one is given."""

    def __init__(self, inputs: Mapping[str, Input], needs: Sequence[Sequence[str]] = ()) -> None:
        super().__init__(inputs)
        self.needs = needs

    def with_(self, more: Mapping[str, Input]) -> Inputs:
        """These, and more or others."""
        return Inputs({**self, **more}, self.needs)


@dataclass(frozen=True, slots=True)
class Given:
    """What stands at a place: an input whole, a text with inputs in it, or a constant (then `spec` is None)."""

    name: str
    spec: Input | None
    value: Any = None  # a constant of the manifest


def given_by(leaf: Any, inputs: Mapping[str, Input]) -> Given:
    """What a leaf of a query or body gives: exactly one placeholder keeps the input's type, all else is a constant."""
    if not isinstance(leaf, str):
        return Given("", None, value=leaf)
    template = parse_template(leaf)
    if template.only is not None:
        way = way_to(template.only, inputs)
        return Given(str(template.only), way[-1] if way else None)
    if template.placeholders:
        return Given(leaf, Input(type="string"))
    return Given(leaf, None, value=leaf)


def way_to(part: Placeholder, inputs: Mapping[str, Input]) -> list[Input]:
    """The input that a placeholder stands for, and behind it the members that lead to its own; none: undeclared."""
    spec = inputs.get(EACH if part.scope == "each" else part.name) if part.scope in ("input", "each") else None
    way = [] if spec is None else [spec]
    for name in part.path:
        spec = (spec.properties or {}).get(name) if spec is not None else None
        way = [] if spec is None else [*way, spec]
    return way


def check_given(given: Given, place: str, schema: Schema, description: Description) -> Iterator[str]:
    """Yield what is wrong with it at a place that follows `schema`."""
    alternatives = description.alternatives(schema)
    if given.spec is not None:
        yield from _check_spec(given.name, given.spec, place, alternatives, description)
    elif given.value is not None and not any(_takes(one, given.value) for one in alternatives):
        yield f"{place} does not take {given.value!r}"


def _check_spec(
    name: str, spec: Input, place: str, alternatives: list[Schema], description: Description
) -> Iterator[str]:
    ours = _type_of(spec)
    fitting = [one for one in alternatives if not types_of(one) or types_of(one) & WIDER.get(ours, {ours})]
    if not fitting:
        theirs = sorted({kind for one in alternatives for kind in types_of(one)})
        yield f"input '{name}' is {ours}, and {place} takes {' or '.join(theirs)}"
        return
    if spec.nullable and not any(one.get("nullable") or "null" in one.get("type", ()) for one in fitting):
        yield f"input '{name}' may be null, and {place} may not"
    yield from _check_words(name, spec, place, fitting)
    if len(fitting) == 1:
        yield from _check_limits(name, spec, place, fitting[0])
    if spec.items is not None:
        inner = [found for one in fitting for found in description.alternatives(one.get("items", {}))]
        yield from _check_spec(f"{name}[]", spec.items, f"{place}[]", inner, description)
    if spec.properties is not None:
        yield from _check_properties(name, spec, place, fitting, description)


def _check_words(name: str, spec: Input, place: str, fitting: list[Schema]) -> Iterator[str]:
    """Where the provider takes certain words only, the input allows no other."""
    if any("enum" not in one for one in fitting):
        return
    words = [word for one in fitting for word in one["enum"] if word is not None]
    fits = [word for word in words if spec.pattern is not None and re.search(spec.pattern, str(word))]
    if spec.enum is None and len(words) > MANY_WORDS and 2 * len(fits) > len(words):
        return
    if spec.enum is None:
        yield f"input '{name}' may be anything, and {place} takes only {', '.join(map(str, words))}"
    elif strange := [word for word in spec.enum if word not in words]:
        taken = ", ".join(map(str, words))
        yield f"input '{name}' allows {', '.join(map(str, strange))}, and {place} takes only {taken}"


def _check_limits(name: str, spec: Input, place: str, schema: Schema) -> Iterator[str]:
    """Where the provider has a limit, the input's own is not wider; words that are listed need none."""
    for field, word, is_upper in LIMITS:
        theirs, ours = schema.get(word), getattr(spec, field)
        if theirs is None or spec.enum is not None:
            continue
        if ours is None or (ours > theirs if is_upper else ours < theirs):
            yield f"input '{name}' has {word} {ours}, and {place} {theirs}"


def _check_properties(
    name: str, spec: Input, place: str, fitting: list[Schema], description: Description
) -> Iterator[str]:
    known = {key: one for schema in fitting for key, one in schema.get("properties", {}).items()}
    if not known:
        return
    for key, member in (spec.properties or {}).items():
        if key not in known:
            yield f"{place} has no member '{key}' as input '{name}' gives; it has {', '.join(known)}"
        else:
            inner = description.alternatives(known[key])
            yield from _check_spec(f"{name}.{key}", member, f"{place}.{key}", inner, description)
    needed = set.intersection(*(set(one.get("required", ())) for one in fitting))
    for key in sorted(needed):
        if key not in (spec.properties or {}) or not (spec.properties or {})[key].required:
            yield f"{place}.{key} is required, and input '{name}' may come without it"


def _type_of(spec: Input) -> str:
    """The JSON type of an input; a file is sent as text, words may do without a type."""
    kind: str | None = spec.type
    if kind is None and spec.enum:
        return next(name for type_, name in TYPES if isinstance(spec.enum[0], type_))
    return "string" if kind in (None, "file") else str(kind)


def _takes(schema: Schema, value: Any) -> bool:
    kind = next((name for type_, name in TYPES if isinstance(value, type_)), "")
    types = types_of(schema)
    return (not types or bool(types & WIDER.get(kind, {kind}))) and value in schema.get("enum", [value])
