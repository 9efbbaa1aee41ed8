"""When to try again, in every way that providers say it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.retry_times import LONGEST_S, seconds_to_wait
from connectory.catalog.manifest import RetryTime

KINDS = ["seconds", "milliseconds", "unix_seconds", "unix_milliseconds", "duration", "date_time"]


def in_half_a_minute() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=30)


def place(kind: str, *, in_body: bool) -> RetryTime:
    return RetryTime.model_validate({"as": kind, **({"body": "error.wait"} if in_body else {"header": "X-Reset"})})


def wait(kind: str, said: Any, *, in_body: bool = False) -> float | None:
    headers = httpx2.Headers({} if in_body else {"x-reset": str(said)})
    return seconds_to_wait(headers, {"error": {"wait": said}}, place(kind, in_body=in_body))


@pytest.mark.parametrize("in_body", [False, True])
@pytest.mark.parametrize(
    ("kind", "said", "seconds"),
    [
        ("seconds", "12", 12), ("seconds", "0.5", 0.5), ("milliseconds", "1500", 1.5),
        ("unix_seconds", lambda: str(int(time.time()) + 30), 30),
        ("unix_milliseconds", lambda: str(int(time.time() * 1000) + 30_000), 30),
        ("duration", "6m0s", 360), ("duration", "1h2m3.5s", 3723.5), ("duration", "250ms", 0.25),
        ("duration", "2d", 86_400), ("date_time", lambda: in_half_a_minute().isoformat(), 30),
        ("date_time", lambda: f"{in_half_a_minute():%Y-%m-%dT%H:%M:%SZ}", 30),
        ("unix_seconds", "1", 0), ("seconds", "999999", LONGEST_S),
    ],
)  # fmt: skip
def test_every_form_is_read(in_body: bool, kind: str, said: Any, seconds: float) -> None:
    found = wait(kind, said() if callable(said) else said, in_body=in_body)

    assert found == pytest.approx(seconds, abs=2 if callable(said) else 0.01)


@pytest.mark.parametrize("said", [3, 2.5])
def test_a_number_of_the_body_is_one(said: float) -> None:
    assert wait("seconds", said, in_body=True) == said


@pytest.mark.parametrize(
    "kind", ["seconds", "milliseconds", "unix_seconds", "unix_milliseconds", "duration", "date_time"]
)
@pytest.mark.parametrize("said", ["", "soon", "-5", "1e9", "٣", None, True, [], {}, "12 s 4", float("nan"), 10**400])
def test_what_cannot_be_read_says_nothing(kind: str, said: Any) -> None:
    assert wait(kind, said, in_body=True) is None


BUCKET = RetryTime.model_validate({"bucket": {"needed": "needed", "left": "left", "per_second": "rate"}})


@pytest.mark.parametrize(
    ("needed", "left", "rate", "seconds"),
    [(700, 200, 100, 5), (12.5, 10, 50.0, 0.05), (10, 40, 50, 0), (10**9, 0, 1, LONGEST_S), ("70", "20", "10", 5)],
)
def test_a_bucket_is_waited_for_until_what_is_missing_has_come_back(
    needed: Any, left: Any, rate: Any, seconds: float
) -> None:
    found = seconds_to_wait({}, {"needed": needed, "left": left, "rate": rate}, BUCKET)

    assert found == pytest.approx(seconds)


@pytest.mark.parametrize("said", [{"rate": 0}, {"rate": -1}, {"rate": None}, {"left": None}, {"needed": "many"}])
def test_a_bucket_that_does_not_fill_or_is_not_told_says_nothing(said: dict[str, Any]) -> None:
    assert seconds_to_wait({}, {"needed": 7, "left": 2, "rate": 1, **said}, BUCKET) is None


def test_retry_after_goes_first_then_the_places_in_turn() -> None:
    headers = httpx2.Headers({"retry-after": "7", "x-reset": "9"})
    places = (place("seconds", in_body=True), place("seconds", in_body=False))

    assert seconds_to_wait(headers, {"error": {"wait": 8}}, *places) == 7
    del headers["retry-after"]
    assert seconds_to_wait(headers, {"error": {"wait": 8}}, *places) == 8
    assert seconds_to_wait(headers, {}, *places) == 9
    assert seconds_to_wait(headers, {}, None) is None


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)

    assert seconds_to_wait({"retry-after": later}, None) == pytest.approx(40, abs=2)


@given(
    st.text(),
    st.sampled_from(KINDS),
)
def test_any_text_is_a_wait_within_bounds_or_none(text: str, kind: str) -> None:
    for found in (seconds_to_wait({"retry-after": text}, None), wait(kind, text, in_body=True)):
        assert found is None or 0 <= found <= LONGEST_S
