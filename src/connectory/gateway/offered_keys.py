"""Keep what looks like a key out of our words about a call (attack 40).

Whoever pastes a key into a call, in whatever argument, must not read it again in the error: errors are kept in chats
and logs. The shapes are those that providers gave their keys so that scanners can find them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

INSTEAD = "the value given"
_SHAPE = re.compile(
    r"""
    \b(?:
        (?:sk|pk|rk|whsec|gh[opsur]|github_pat|glpat|xox[a-z]|shp(?:at|ss|ca|pa)|cny|npm|pypi|hf|dop_v1|sq0[a-z]{3})[-_]\w
      | (?:AKIA|ASIA|AIza)\w{8}
      | eyJ\w{8}
      | (?:bearer|basic)\s+\S{6}
    )
    | -----BEGIN
    """,
    re.VERBOSE | re.IGNORECASE,
)


def looks_like_key(text: str) -> bool:
    """Whether a text has the shape of a provider's key, or holds one."""
    return _SHAPE.search(text) is not None


def without_keys(text: str, arguments: Mapping[str, Any]) -> str:
    """Return `text` without those of the arguments' values and names that look like keys."""
    for value in sorted(filter(looks_like_key, _texts(arguments)), key=len, reverse=True):
        text = text.replace(value, INSTEAD)
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
