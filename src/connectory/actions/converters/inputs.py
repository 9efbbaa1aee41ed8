"""What a request's converters accept, and how they refuse: in words that never repeat a long value."""

from __future__ import annotations

import re
from typing import Any

from connectory.actions.files import File
from connectory.errors import InvalidArguments

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # JSON can write half of a surrogate pair; UTF-8 cannot


def text_input(value: Any, subject: str) -> str:
    """Return `value` if it is text that UTF-8 can hold. `subject` begins the sentence of a refusal."""
    if not isinstance(value, str):
        raise InvalidArguments(f"{subject} must be text, not {kind_of(value)}.", hint="Give it as a string.")
    if _HALF_CHARACTER.search(value):
        raise InvalidArguments(
            f"{subject} holds half a character (a lone surrogate), which no encoding can send.",
            hint="Write the whole character, or leave it out.",
        )
    return value


def kind_of(value: Any) -> str:
    """Say what `value` is, in JSON's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object", File: "a file"}
    return names.get(type(value), "binary data" if isinstance(value, bytes) else "a value of another kind")
