"""The page of what is checked is true, and little is unchecked."""

from __future__ import annotations

import pytest
from tests.contracts.coverage import (
    MOST_UNCHECKED,
    MOST_UNCHECKED_OF_ONE,
    PAGE,
    Row,
    missing,
    page,
    rows,
)


@pytest.fixture(scope="module")
def found() -> list[Row]:
    if (why := missing()) is not None:
        pytest.skip(why)
    return rows()


def test_the_page_says_what_is_checked_today(found: list[Row]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(found), "run: python -m tests.contracts.coverage"


def test_of_all_actions_a_tenth_is_unchecked_at_most(found: list[Row]) -> None:
    every = sum(len(row.connector.actions) for row in found)

    assert sum(row.unchecked for row in found) <= MOST_UNCHECKED * every


def test_of_no_connector_more_than_three_tenths_are_unchecked(found: list[Row]) -> None:
    over = [row for row in found if row.unchecked > MOST_UNCHECKED_OF_ONE * len(row.connector.actions)]

    assert {row.connector.name: row.unchecked for row in over} == {}
