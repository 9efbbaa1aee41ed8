"""Characters that a reader cannot see and a model reads: one set of them for all that a provider says (attack 112).

Single joiners and variation selectors stay: Persian, Hindi and joined emoji need them. In a row they only carry what
nobody is to see: a byte for each, or a bit.
"""

from __future__ import annotations

import re

_CONTROLS = r"\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
_BLANKS = r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # fillers, and marks without a shape
_TAGS = r"\U000e0000-\U000e0fff"
_RUNS = r"[\ufe00-\ufe0f]{2,}|[\u200c\u200d\ufe00-\ufe0f]{3,}"  # ❤️‍🔥 has two of them in a row

UNSEEN = re.compile(f"[{_CONTROLS}{_BLANKS}{_TAGS}]|{_RUNS}")
_BETWEEN_WORDS = re.compile(f"(?:[\\x00-\\x1f{_CONTROLS}{_BLANKS}{_TAGS}]|{_RUNS})+")


def one_line(text: str) -> str:
    """Return a provider's words on one line, each run of hidden characters and line breaks as a space."""
    return _BETWEEN_WORDS.sub(" ", text).strip()
