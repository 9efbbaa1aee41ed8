from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectory.web.states import moment_of

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(days=2, hours=5), "2 days ago"),
        (timedelta(days=30), "1 March 2026"),
        (timedelta(seconds=-5), "in a moment"),
        (timedelta(hours=-3), "in 3 hours"),
        (timedelta(hours=-11, minutes=-59, seconds=-58), "in 12 hours"),
        (timedelta(hours=-11, minutes=-20), "in 11 hours"),
        (timedelta(minutes=-59, seconds=-58), "in 1 hour"),
        (timedelta(days=-13, seconds=1), "in 13 days"),
        (timedelta(seconds=-59), "in a moment"),
        (timedelta(days=-30), "30 April 2026"),
    ],
)
def test_a_time_is_said_by_what_has_passed(passed: timedelta, words: str) -> None:
    moment = moment_of(NOW - passed, NOW)
    assert moment is not None
    assert moment.text == words
    assert datetime.fromisoformat(moment.iso) == NOW - passed
    assert moment.full.endswith("UTC")


def test_no_time_is_none() -> None:
    assert moment_of(None, NOW) is None
