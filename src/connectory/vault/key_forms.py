"""The forms in which an encryption key may be written, and the values that are no keys.

64 hex digits or base64 of 32 bytes (standard or URL-safe alphabet, padded or not) hold 256 bits. 32 hex digits are the
original design's form: the 32 ASCII characters themselves are the key, so it holds 128.
"""

from __future__ import annotations

import base64
import re
from itertools import pairwise

import structlog

from connectory.errors import KeyInvalid

KEY_BYTES = 32
_FORMS = "64 hex digits, or base64 of 32 bytes; several are separated by commas, and the first encrypts"
_MAKE_ONE = 'python3 -c "import secrets; print(secrets.token_hex(32))"'
# An existing key is worth more than a new one: that comes first.
_HOW_TO_MEND = f"Put back the key that stood there before; if there was none, make one with: {_MAKE_ONE}"
_FEWEST_SYMBOLS = 6  # 32 random hex digits have fewer once in 10^9; random bytes practically never

_log = structlog.get_logger(__name__)


def parse_keys(text: str, *, source: str) -> list[bytes]:
    """Return the keys in `text`, separated by commas or line ends, 32 bytes each, without repetitions.

    `source` says in errors where the text stands; the text itself is never shown. Raises `KeyInvalid`.
    """
    keys = [_parse_key(part, source) for part in _parts(text)]
    if not keys:
        raise KeyInvalid(f"{source} holds no encryption key.", hint=f"It takes {_FORMS}. {_HOW_TO_MEND}")
    return list(dict.fromkeys(keys))


def holds_short_key(text: str) -> bool:
    """Whether one of the keys in `text` has the form of 128 bits."""
    return any(len(part) == KEY_BYTES for part in _parts(text))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,\r\n]", text) if part.strip()]


def _parse_key(text: str, source: str) -> bytes:
    key = _decode(text)
    if key is None:
        raise KeyInvalid(
            f"{source} holds something that is not an encryption key ({len(text)} characters).",
            hint=f"It takes {_FORMS}. {_HOW_TO_MEND}",
        )
    if _is_example(key) or _is_example(text.lower().encode()):
        raise KeyInvalid(
            f"{source} holds an example value, which anybody could guess, and no random key.",
            hint=_HOW_TO_MEND,
        )
    if len(text) == KEY_BYTES:
        _log.warning("an encryption key of 32 hex digits holds 128 bits; 64 hex digits would hold 256", source=source)
    return key


def _decode(text: str) -> bytes | None:
    """The 32 bytes that `text` stands for, None if it has no accepted form."""
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return bytes.fromhex(text)
    if re.fullmatch(r"[0-9a-fA-F]{32}", text):
        return text.encode()
    if re.fullmatch(r"[A-Za-z0-9+/_-]{43}=?", text):  # 32 bytes: 43 characters and one of padding
        return base64.b64decode(text.rstrip("=").translate(str.maketrans("-_", "+/")) + "=")
    return None


def _is_example(key: bytes) -> bool:
    """Whether the bytes follow a pattern that no random key has: few symbols, a repeated piece, a plain count."""
    repeats = any(key == (key[:size] * len(key))[: len(key)] for size in range(1, len(key) // 2 + 1))
    counts = len({(after - before) % 256 for before, after in pairwise(key)}) == 1
    return len(set(key)) < _FEWEST_SYMBOLS or repeats or counts
