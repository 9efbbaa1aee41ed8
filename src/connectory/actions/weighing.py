"""Weigh JSON values before anything costly is done with them: walking, writing, keeping (attacks 107, 108)."""

from __future__ import annotations

import sys
from itertools import chain
from typing import Any, NamedTuple

_END = object()


class Weight(NamedTuple):
    """How many values there are, and a number of bytes below which no rendering of them stays."""

    values: int
    least_bytes: int


def weigh(value: Any, most_bytes: int, most_values: int = sys.maxsize) -> Weight:
    """Count a JSON value step by step, and stop soon after `most_bytes` or `most_values`.

    A value may hold the same list a million times without being large itself: only its rendering is, or would be.
    """
    values, least, waiting = 0, 0, [iter((value,))]
    while waiting and least <= most_bytes and values <= most_values:
        item = next(waiting[-1], _END)
        if item is _END:
            waiting.pop()
            continue
        values += 1
        least += 1 + len(item) if isinstance(item, str) else 1
        if isinstance(item, dict):
            waiting.append(chain(item, item.values()))
        elif isinstance(item, list):
            waiting.append(iter(item))
    return Weight(values, least)
