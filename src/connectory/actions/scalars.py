"""How single values are spelled as text: in URLs, headers, forms and queries; and what no text can spell."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from connectory.errors import InvalidArguments

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # JSON can spell half of a surrogate pair, UTF-8 cannot


def is_single(value: Any) -> bool:
    """Whether a value has one spelling as text; lists, objects and files have none."""
    return value is None or isinstance(value, str | int | float)


def as_text(value: Any) -> str:
    """Render a single value: JSON's words for truth values, numbers without exponent, null as nothing.

    Raises `InvalidArguments` on numbers that JSON has not, and on half a character, which nothing can send.
    """
    if isinstance(value, str):
        if _HALF_CHARACTER.search(value):
            raise InvalidArguments("A text holds half of a character (a lone surrogate).", hint="Send whole ones.")
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidArguments("A number is infinite, or none at all.", hint="Give a finite number.")
    value = whole_number(value)
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def whole_number(value: Any) -> Any:
    """5.0 as 5: JSON Schema calls both an integer (2020-12 core, section 4.2.3), providers take the second alone."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def whole_characters(value: Any) -> Any:
    """Return a JSON value with U+FFFD for half characters, which JSON can write and no encoding can send."""
    if isinstance(value, str):
        return _HALF_CHARACTER.sub("\ufffd", value)
    if isinstance(value, list):
        return [whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {whole_characters(key): whole_characters(item) for key, item in value.items()}
    return value
