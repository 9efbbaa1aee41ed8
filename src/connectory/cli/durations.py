"""Spans of time as people write them: 90d, 12h, 30m, 2w."""

from __future__ import annotations

import re
from datetime import timedelta

from connectory.errors import InvalidArguments

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST = timedelta(days=3660)


def parse_duration(text: str) -> timedelta:
    """Return the span. Raises `InvalidArguments` naming the form."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", text.strip())
    if match is None:
        raise InvalidArguments("This is no span of time.", hint="Write a number and m, h, d or w, e.g. 90d or 12h.")
    span = timedelta(**{UNITS[match[2]]: int(match[1])})
    if span > MOST:
        raise InvalidArguments("This is longer than ten years.", hint="Leave it out for a token that does not expire.")
    return span
