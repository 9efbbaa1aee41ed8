"""Arguments for an action out of its own schema: examples, words, the least that fits."""

from __future__ import annotations

from typing import Any

from connectory.catalog.connector import Action
from connectory.catalog.manifest import Input


def all_arguments(action: Action) -> dict[str, Any]:
    """A value for every input."""
    return {name: sample(spec) for name, spec in action.manifest.inputs.items()}


def required_arguments(action: Action) -> dict[str, Any]:
    """A value for every input that must be given, and no other."""
    return {name: sample(spec) for name, spec in action.manifest.inputs.items() if spec.required}


def sample(spec: Input) -> Any:
    """A value that fits. Raises `ValueError` where the input has a pattern and no example."""
    if spec.examples:
        return spec.examples[0]
    if spec.enum:
        return spec.enum[0]
    match spec.type:
        case "array":
            return [sample(spec.items)] if spec.items is not None else []
        case "object":
            return {name: sample(member) for name, member in (spec.properties or {}).items()}
        case "boolean":
            return True
        case "integer" | "number":
            return spec.minimum if spec.minimum is not None else 1
    if spec.pattern is not None or spec.format is not None:
        raise ValueError("an input with a pattern or format needs an example")
    return "x" * max(spec.min_length or 1, 1)
