"""When a provider wants to be asked again: Retry-After (RFC 9110 section 10.2.3), and what manifests name beside it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectory.actions.expressions import evaluate_or_none
from connectory.catalog.manifest import Bucket, RetryTime

LONGEST_S = 86_400.0
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,9}(?:\.\d{1,9})?)(ms|[dhms]))", re.ASCII)  # of Go and OpenAI: 6m0s, 1.5s, 250ms
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds_to_wait(headers: Mapping[str, str], body: Any, *places: RetryTime | None) -> float | None:
    """Return the seconds until the next try by the first place that tells them, or None; at most a day."""
    told = _retry_after(headers.get("retry-after", "").strip())
    for place in places:
        if told is None and place is not None:
            told = (
                _refilled(place.bucket, body)
                if place.bucket is not None
                else _seconds(place, _found(place, headers, body))
            )
    return None if told is None else max(0.0, min(told, LONGEST_S))


def _found(place: RetryTime, headers: Mapping[str, str], body: Any) -> Any:
    return evaluate_or_none(place.body, body) if place.body is not None else headers.get(str(place.header))


def _seconds(place: RetryTime, found: Any) -> float | None:
    match place.kind:
        case "duration":
            return _duration(str(found))
        case "date_time":
            return _date_time(str(found))
        case kind:
            number = _number(found)
    if number is None:
        return None
    value = number / 1000 if kind in ("milliseconds", "unix_milliseconds") else number
    return value - time.time() if kind in ("unix_seconds", "unix_milliseconds") else value


def _refilled(bucket: Bucket, body: Any) -> float | None:
    """How long it takes until what is missing has come back."""
    places = (bucket.needed, bucket.left, bucket.per_second)
    needed, left, rate = (_number(evaluate_or_none(place, body)) for place in places)
    return None if needed is None or left is None or not rate or rate < 0 else (needed - left) / rate


def _number(found: Any) -> float | None:
    if isinstance(found, str):
        return float(found) if _NUMBER.fullmatch(found.strip()) else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if abs(found) < 1e15 and math.isfinite(found) else None


def _duration(text: str) -> float | None:
    parts = list(_DURATION.finditer(text.strip()[:60]))
    whole = "".join(part[0] for part in parts)
    return sum(float(part[1]) * _UNITS[part[2]] for part in parts) if parts and whole == text.strip() else None


def _date_time(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _retry_after(text: str) -> float | None:
    """A number of seconds, or an HTTP date."""
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time() if text else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
