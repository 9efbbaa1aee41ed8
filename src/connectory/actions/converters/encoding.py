"""Base64 in both alphabets (RFC 4648 sections 4 and 5), and JSON that stands as text inside JSON."""

from __future__ import annotations

import base64 as codec
import binascii
import json
import math
import re
from decimal import Decimal
from typing import Any

from connectory.actions.converters.inputs import kind_of, text_input
from connectory.actions.files import File
from connectory.errors import InvalidArguments

MAX_DEPTH = 50  # levels of JSON that was text; whatever handles an answer later goes down level by level

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_WHITESPACE = re.compile(r"[ \t\r\n]+")
_URL_ALPHABET = str.maketrans("-_", "+/")


def base64(value: Any) -> str:
    """Return text (as UTF-8), bytes or a file in base64 with padding."""
    return codec.b64encode(_to_bytes(value, "base64")).decode("ascii")


def base64url(value: Any) -> str:
    """Return text (as UTF-8), bytes or a file in the URL's alphabet, without padding."""
    return codec.urlsafe_b64encode(_to_bytes(value, "base64url")).decode("ascii").rstrip("=")


def json_text(value: Any) -> str:
    """Return any JSON value as compact JSON text."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_number)
    except TypeError as error:
        raise InvalidArguments(
            "json_text can only write JSON values, no files.", hint="Encode a file first."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidArguments(
            "json_text cannot write this value: it nests too deep or holds a number that JSON does not have.",
            hint="Flatten it, and give null in place of NaN or Infinity.",
        ) from error
    return text_input(text, "The value for json_text")


def from_base64(value: Any) -> Any:
    """Return the text that base64 holds; bad UTF-8 becomes U+FFFD. What is no base64 comes back unchanged."""
    data = decode_base64(value)
    return value if data is None else data.decode("utf-8", "replace")


def from_base64url(value: Any) -> Any:
    """Return the text that base64 in the URL's alphabet holds; each of the two reads both: providers mix them up."""
    return from_base64(value)


def from_json_text(value: Any) -> Any:
    """Return what JSON text says; text that is not JSON, nests over 50 levels or has impossible numbers: unchanged."""
    if not isinstance(value, str):
        return value
    try:
        said = json.loads(value, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        return value
    return said if _is_shallow(said) else value


def decode_base64(value: Any) -> bytes | None:
    """Return the bytes of base64 text in either alphabet, padded or not; None for anything else."""
    if not isinstance(value, str):
        return None
    text = _WHITESPACE.sub("", value).translate(_URL_ALPHABET)
    if not _BASE64.fullmatch(text):
        return None
    text = text.rstrip("=")
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except binascii.Error:  # one character over: no bytes end like that
        return None


def _to_bytes(value: Any, converter: str) -> bytes:
    if isinstance(value, File):
        return value.data
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise InvalidArguments(f"{converter} takes text or a file, not {kind_of(value)}.", hint="Give it as a string.")
    return text_input(value, f"The value for {converter}").encode()


def _number(value: Any) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError
    return int(value) if value == value.to_integral_value() else float(value)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # 1e999 and Infinity: no JSON could carry them on
        raise ValueError
    return number


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for one in level if isinstance(one, list | dict) for child in _children(one)]
        if not level:
            return True
    return False


def _children(value: list[Any] | dict[str, Any]) -> list[Any]:
    return value if isinstance(value, list) else list(value.values())
