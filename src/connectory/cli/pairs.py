"""`name=value` on the command line, and the values that an action's schema wants otherwise than as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from connectory.errors import InvalidArguments

MOST_SHOWN = 40


def split_pair(text: str, *, option: str) -> tuple[str, str]:
    """Return name and value of `name=value`. Raises `InvalidArguments`, which never repeats a value."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidArguments(f"{option} takes name=value.", hint=f"Write it as {option} name=value.")
    return name, value


def unique(pairs: Iterable[tuple[str, Any]], *, option: str) -> dict[str, Any]:
    """Return the pairs as a mapping. Raises `InvalidArguments` for a name given twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidArguments(f"'{name}' is given twice.", hint=f"Give {option} once for each name.")
        found[name] = value
    return found


def parse_arguments(texts: Iterable[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Turn `k=v` and `k:=json` into an action's arguments.

    A value is text where the schema wants a string; elsewhere it is read as JSON if it is any, so that the schema can
    say what is wrong with the rest. Raises `InvalidArguments`.
    """
    return unique((_argument(text, schema.get("properties", {})) for text in texts), option="--arg")


def _argument(text: str, properties: Mapping[str, Any]) -> tuple[str, Any]:
    name, value = split_pair(text, option="--arg")
    if name.endswith(":"):
        return name[:-1], _parse_explicit(name[:-1], value)
    if properties.get(name, {}).get("type", "string") == "string":
        return name, value
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def _parse_explicit(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is too deeply nested"
        raise InvalidArguments(
            f"'{name}' is no valid JSON: {reason}.", hint=f"""Quote it for the shell, e.g. --arg '{name}:=["a", 1]'."""
        ) from None
