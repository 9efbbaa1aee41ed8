from __future__ import annotations

from datetime import timedelta

import pytest

from connectory.cli.durations import parse_duration
from connectory.errors import InvalidArguments


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90d", timedelta(days=90)),
        ("12h", timedelta(hours=12)),
        ("30m", timedelta(minutes=30)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_spans_are_written_as_people_do(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5h", "90 days", "1y", "99999w"])
def test_anything_else_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        parse_duration(text)

    assert refusal.value.hint
