"""Constants in a JMESPath expression, of a manifest or an agent's path: what stands there can come out in an answer."""

from __future__ import annotations

import json
from typing import Any

UNWRITABLE = "it holds half of a character, or a number that is infinite or none at all"


def are_writable(tree: Any) -> bool:
    """Whether a parsed expression holds only what JSON and UTF-8 can write; Python reads some more as JSON."""
    try:
        json.dumps(tree, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True
