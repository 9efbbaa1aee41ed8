"""Checks of inputs: their own schema is one, and enum, default and examples fit it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectory.catalog.checks.patterns import check_pattern
from connectory.catalog.manifest import RESERVED_INPUTS, Input
from connectory.catalog.problems import Finding
from connectory.catalog.schema import property_schema
from connectory.catalog.yaml_document import KeyPath

# Keys that mean something for values of one type only: on another they would be passed over in silence.
ONLY_FOR: Mapping[str, frozenset[str]] = {
    "pattern": frozenset({"string"}),
    "min_length": frozenset({"string"}),
    "max_length": frozenset({"string"}),
    "format": frozenset({"string"}),
    "minimum": frozenset({"integer", "number"}),
    "maximum": frozenset({"integer", "number"}),
    "items": frozenset({"array"}),
    "min_items": frozenset({"array"}),
    "max_items": frozenset({"array"}),
    "properties": frozenset({"object"}),
    "additional_properties": frozenset({"object"}),
}
LIMITS = (("minimum", "maximum"), ("min_length", "max_length"), ("min_items", "max_items"))


def check_inputs(path: KeyPath, inputs: Mapping[str, Input]) -> Iterator[Finding]:
    """Yield what is wrong with the inputs of an action."""
    for name, spec in inputs.items():
        here = (*path, name)
        if name in RESERVED_INPUTS:
            hint = "Name the input otherwise; the provider's own name stays in `query` or `body`."
            yield Finding(here, f"'{name}' is reserved: it means the same in every action.", hint)
        if spec.required and "default" in spec.model_fields_set:
            yield Finding(here, "A required input has no default.", "Remove one of the two.")
        yield from _check_file(here, spec, top=True)
        yield from _check_input(here, spec)


def _check_file(path: KeyPath, spec: Input, *, top: bool) -> Iterator[Finding]:
    if spec.type == "file":
        if not top:
            hint = "Make it an input of its own, or an array of files."
            yield Finding(path, "A file stands on top of `inputs`, or as `items` of an array there.", hint)
        for key in ("enum", "default", "examples"):
            if key in spec.model_fields_set:
                yield Finding((*path, key), f"A file has no {key}.", "Remove it.")
    if spec.items is not None:
        yield from _check_file((*path, "items"), spec.items, top=top and spec.items.type == "file")
    for name, member in (spec.properties or {}).items():
        yield from _check_file((*path, "properties", name), member, top=False)


def _check_input(path: KeyPath, spec: Input) -> Iterator[Finding]:
    """Patterns compile, limits have an order and a type they are for, and samples fit the input's own schema."""
    yield from _check_type(path, spec)
    yield from check_pattern((*path, "pattern"), spec.pattern, longest=spec.max_length, is_whole=False)
    for low, high in LIMITS:
        least, most = getattr(spec, low), getattr(spec, high)
        if least is not None and most is not None and least > most:
            yield Finding(path, f"{low} is greater than {high}.")
    if spec.enum is not None:
        yield from _check_enum((*path, "enum"), spec.enum)
    if spec.type != "file" and _are_patterns_good(spec):
        yield from _check_samples(path, spec)
    if spec.items is not None:
        yield from _check_input((*path, "items"), spec.items)
    for name, member in (spec.properties or {}).items():
        yield from _check_input((*path, "properties", name), member)


def _check_type(path: KeyPath, spec: Input) -> Iterator[Finding]:
    given = [key for key in ONLY_FOR if key in spec.model_fields_set]
    if spec.type is None and given and spec.enum is None:
        hint = "Write it like `type: string`; with an `enum` of texts it may be left out."
        yield Finding((*path, "type"), "'type' is missing.", hint)
    for key in given:
        if spec.type is not None and spec.type not in ONLY_FOR[key]:
            alias = Input.model_fields[key].alias or key
            yield Finding((*path, alias), f"'{alias}' says nothing of the type {spec.type}.", "Remove it.")


def _check_enum(path: KeyPath, enum: list[str | int | float | bool]) -> Iterator[Finding]:
    if not enum:
        yield Finding(path, "An empty enum allows nothing.")
    if len({repr(word) for word in enum}) < len(enum):
        yield Finding(path, "A word stands twice in the enum.", "Remove one.")


def _are_patterns_good(spec: Input) -> bool:
    """Whether samples may be held to them, those further in too: a bad one might never come to an end."""
    inner = [*([spec.items] if spec.items is not None else []), *(spec.properties or {}).values()]
    found = check_pattern((), spec.pattern, longest=spec.max_length, is_whole=False)
    return next(found, None) is None and all(map(_are_patterns_good, inner))


def _check_samples(path: KeyPath, spec: Input) -> Iterator[Finding]:
    samples: list[tuple[KeyPath, object]] = [
        ((*path, "examples", index), value) for index, value in enumerate(spec.examples or ())
    ]
    samples += [((*path, "enum", index), value) for index, value in enumerate(spec.enum or ()) if spec.type is not None]
    if "default" in spec.model_fields_set and spec.default is not None:
        samples.append(((*path, "default"), spec.default))
    if not samples:
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    validator = Draft202012Validator(property_schema(spec), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for here, value in samples:
        try:
            error = next(validator.iter_errors(value), None)
        except (SchemaError, RecursionError, ValueError):  # a nested pattern that is none is told at its own place
            continue
        if error is not None:
            yield Finding(here, f"This does not fit the input's own schema: {error.message[:200]}.")
