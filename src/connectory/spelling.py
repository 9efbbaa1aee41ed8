"""What somebody meant by a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Return up to `most` known names that resemble `word`, best first: those containing it, then close spellings."""
    names = sorted(set(known))
    within = [name for name in names if word and word.lower() in name.lower()]
    return list(dict.fromkeys([*difflib.get_close_matches(word.lower(), names, n=most, cutoff=0.55), *within]))[:most]


def did_you_mean(word: str, known: Iterable[str], *, few: int = 0) -> str:
    """Return "Did you mean 'a' or 'b'?"; where nothing resembles `word`, all of `known` if they are at most `few`."""
    if near := nearest(word, names := sorted(set(known))):
        return f"Did you mean {' or '.join(repr(name) for name in near)}?"
    return f"There is only {', '.join(names)}." if 0 < len(names) <= few else ""
