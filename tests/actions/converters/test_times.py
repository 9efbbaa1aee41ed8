"""Unix times and RFC 3339."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.converters import FROM, TO
from connectory.errors import InvalidArguments

MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01", 0),
        ("2026-03-01T09:30:00Z", 1772357400000),
        ("2026-03-01t10:30:00+01:00", 1772357400000),
        ("2026-03-01 09:30:00.1239z", 1772357400123),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("0001-01-01", -62135596800000),
    ],
)
def test_a_date_time_becomes_a_number(text: str, milliseconds: int) -> None:
    assert TO["unix_milliseconds"](text) == milliseconds
    assert TO["unix_seconds"](text) == milliseconds // 1000


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00"),
        ("2026-03-01T00:30:00.9+01:00", "2026-02-28T23:30:00"),
        ("2026-03-01", "2026-03-01T00:00:00"),
    ],
)
def test_a_date_time_loses_its_zone_and_keeps_its_moment(text: str, plain: str) -> None:
    assert TO["utc_without_zone"](text) == plain


def test_a_time_before_the_first_year_in_utc_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="no year"):
        TO["utc_without_zone"]("0001-01-01T00:30:00+01:00")


@pytest.mark.parametrize(
    "value",
    ["2026-03-01T09:30:00", "2026-13-01", "2026-03-01T25:00:00Z", "yesterday", "", "1772357400", 1772357400, None],
)
def test_a_time_without_zone_or_sense_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        TO["unix_seconds"](value)

    assert "2026-03-01T09:30:00Z" in refusal.value.hint


@pytest.mark.parametrize("unit", ["seconds", "milliseconds"])
@given(MOMENTS)
def test_a_time_comes_back(unit: str, moment: datetime) -> None:
    text = moment.isoformat().replace("+00:00", "Z")

    assert FROM[f"from_unix_{unit}"](TO[f"unix_{unit}"](text)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        ("1772357400", "2026-03-01T09:30:00Z"),
        (1772357400.5, "2026-03-01T09:30:00.500000Z"),
        ("-1.25", "1969-12-31T23:59:58.750000Z"),
        (10**15, 10**15),
        (True, True),
        ("soon", "soon"),
        ("٣", "٣"),
        ([1], [1]),
    ],
)
def test_a_number_becomes_a_date_time(seconds: Any, text: Any) -> None:
    assert FROM["from_unix_seconds"](seconds) == text


def test_a_number_of_thousands_of_digits_stays_a_number() -> None:
    assert FROM["from_unix_seconds"](10**5000) == 10**5000


def test_what_python_calls_a_number_and_json_does_not_stays_as_it_is() -> None:
    assert math.isnan(FROM["from_unix_seconds"](math.nan))
    assert FROM["from_unix_milliseconds"](-math.inf) == -math.inf


def test_milliseconds_keep_their_fraction() -> None:
    assert FROM["from_unix_milliseconds"](1772357400123) == "2026-03-01T09:30:00.123000Z"
