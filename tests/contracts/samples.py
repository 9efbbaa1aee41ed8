"""Arguments for an action out of its own schema: examples, words, the least that fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectory.catalog.connector import Action
from connectory.catalog.manifest import Input

FORMATS = {
    "date": "2026-01-31", "date-time": "2026-01-31T12:30:00Z", "email": "ann@example.org",
    "uri": "https://example.org/page", "uuid": "123e4567-e89b-12d3-a456-426614174000",
}  # fmt: skip


def all_arguments(action: Action) -> dict[str, Any]:
    """A value for every input."""
    return _samples(action.manifest.inputs)


def required_arguments(action: Action) -> dict[str, Any]:
    """A value for every input that must be given, and for the first of those of which one must."""
    needed = {names[0] for names in action.manifest.needs}
    inputs = action.manifest.inputs
    return _samples({name: spec for name, spec in inputs.items() if spec.required or name in needed})


def sample(spec: Input) -> Any:
    """A value that fits. Raises `ValueError` where the input has a pattern and no example."""
    for known in (spec.examples, [spec.default] if spec.default is not None else None, spec.enum):
        if known:
            return known[0]
    match spec.type:
        case "array":
            return [sample(spec.items)] if spec.items is not None else []
        case "object":
            return {name: sample(one) for name, one in (spec.properties or {}).items()} or {"a_key": "a value"}
        case "boolean":
            return True
        case "integer" | "number":
            return spec.minimum if spec.minimum is not None else 1
        case "file":
            return {"text": "the file's text", "name": "a.txt", "media_type": "text/plain"}
    return _text(spec)


def _samples(inputs: Mapping[str, Input]) -> dict[str, Any]:
    made = {}
    for name, spec in inputs.items():
        try:
            made[name] = sample(spec)
        except ValueError as error:
            raise ValueError(f"input '{name}': {error}") from None
    return made


def _text(spec: Input) -> str:
    if spec.format in FORMATS and spec.pattern is None:
        return FORMATS[spec.format]
    if spec.pattern is not None or spec.format is not None:
        raise ValueError("an input with a pattern or an unusual format needs an example")
    return "x" * max(spec.min_length or 1, 1)
