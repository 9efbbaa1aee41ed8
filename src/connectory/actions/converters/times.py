"""Unix times and RFC 3339: what a person or a model writes, and what APIs count in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectory.actions.converters.inputs import kind_of
from connectory.errors import InvalidArguments

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,30})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_MOST = 10**18  # beyond any date in any unit, and small enough for exact arithmetic


def unix_seconds(value: Any) -> int:
    """Return the whole seconds since 1970 of an RFC 3339 date-time, or of a date's beginning in UTC."""
    return (_moment(value) - _EPOCH) // timedelta(seconds=1)


def unix_milliseconds(value: Any) -> int:
    """Return the whole milliseconds since 1970 of an RFC 3339 date-time, or of a date's beginning in UTC."""
    return (_moment(value) - _EPOCH) // timedelta(milliseconds=1)


def utc_without_zone(value: Any) -> str:
    """Return an RFC 3339 date-time, or a date's beginning, as whole seconds in UTC without the zone."""
    try:
        moment = _moment(value).astimezone(UTC)
    except OverflowError as error:
        raise _refusal("and in UTC this one has no year") from error
    return moment.replace(microsecond=0, tzinfo=None).isoformat()


def from_unix_seconds(value: Any) -> Any:
    """Return seconds since 1970 (a number, or text of one) in RFC 3339, UTC; anything else unchanged."""
    return _rfc3339(value, 1)


def from_unix_milliseconds(value: Any) -> Any:
    """Return milliseconds since 1970 (a number, or text of one) in RFC 3339, UTC; anything else unchanged."""
    return _rfc3339(value, 1000)


def format_utc(moment: datetime) -> str:
    """Return an aware time in RFC 3339, in UTC with `Z`, with a fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise _refusal(f"not {kind_of(value)}")
    try:
        if _DATE.fullmatch(value):
            return datetime.fromisoformat(f"{value}T00:00:00+00:00")
        if whole := _DATE_TIME.fullmatch(value):
            day, clock, fraction, zone = whole.groups()
            return datetime.fromisoformat(
                f"{day}T{clock}{(fraction or '')[:7].ljust(7, '0') if fraction else ''}{zone.upper()}"
            )
    except ValueError as error:
        raise _refusal("and this day or hour does not exist") from error
    raise _refusal("with its zone")


def _refusal(why: str) -> InvalidArguments:
    return InvalidArguments(
        f"A time must be an RFC 3339 date-time or a date, {why}.",
        hint="Write 2026-03-01T09:30:00Z, 2026-03-01T09:30:00+01:00 or 2026-03-01.",
    )


def _rfc3339(value: Any, per_second: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return value
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return value
    if not isinstance(value, str) and not -_MOST < value < _MOST:  # NaN compares false
        return value
    number = Decimal(value) if isinstance(value, int | str) else Decimal(str(value))
    try:
        return format_utc(_EPOCH + timedelta(microseconds=int(number * 1_000_000 / per_second)))
    except OverflowError:
        return value
