"""What a double finds wrong with a request, less what the contract accepts of the action."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

WORD = re.compile(r"[\w\-\[\]$]+")
NO_NAMES = frozenset(["body", "query", "path", "header", "request", "parameter", "property", "properties"])


def intolerable(problems: Sequence[str], accepted: Mapping[str, str]) -> list[str]:
    """The problems about names that nothing accepted names: `body.blocks: must be string` is about blocks."""
    known = {word for part in accepted for word in _names(part)}
    return [one for one in problems if not known & _names(one.partition(":")[0] + " " + " ".join(_quoted(one)))]


def _names(text: str) -> set[str]:
    words = {word.strip("[]$") for word in WORD.findall(text)}
    return {word for word in words if word and not word.isdecimal()} - NO_NAMES


def _quoted(text: str) -> list[str]:
    return re.findall(r"['\"]([^'\"]+)['\"]", text)
