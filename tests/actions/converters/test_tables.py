"""Columns and rows, CSV and pairs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.converters import FROM
from connectory.actions.converters.tables import MAX_COLUMNS, MAX_ROWS, distinct


@pytest.mark.parametrize(
    ("columns", "rows", "said"),
    [
        (["a", "b"], [[1, 2], [3, 4]], [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
        ([{"name": "date"}, {"name": "users"}], [["20260301", "5"]], [{"date": "20260301", "users": "5"}]),
        (["a", "b"], [[1], [1, 2, 3]], [{"a": 1}, {"a": 1, "b": 2, "column_3": 3}]),
        (["a", "a", "", "a_2"], [[1, 2, 3, 4]], [{"a": 1, "a_3": 2, "column_3": 3, "a_2": 4}]),
        ([1, None], [[1, 2]], [{"1": 1, "column_2": 2}]),
        (["a"], [{"kept": 1}, "x"], [{"kept": 1}, "x"]),
        (["a"], "rows", "rows"),
        ("a", [[1]], [[1]]),
        (["a"], None, None),
        (None, [[1]], None),
    ],
)
def test_rows_become_objects(columns: Any, rows: Any, said: Any) -> None:
    assert FROM["from_table"](columns, rows) == said


@given(st.lists(st.sampled_from(["", "a", "a_2", "a_3", "column_1", "b"])))
def test_names_are_made_distinct_and_none_is_lost(names: list[str]) -> None:
    made = distinct(names)

    assert len(set(made)) == len(names)
    assert all(was in ("", now) or now.startswith(f"{was}_") for was, now in zip(names, made, strict=True))


def test_many_columns_and_empty_rows_do_not_multiply() -> None:
    rows = FROM["from_table"]([f"c{n}" for n in range(20_000)], [[]] * 20_000)

    assert rows == [{}] * 20_000


def test_a_long_column_name_is_cut() -> None:
    (row,) = FROM["from_table"](["n" * 500], [[1]])

    assert list(row) == ["n" * 99 + "…"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3,4\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ('\ufeffa;b\r\n"x;y";2\r\n\r\n', [{"a": "x;y", "b": "2"}]),
        ('a\tb\n"1\n1"\t2', [{"a": "1\n1", "b": "2"}]),
        ("a,a\n1,2,3", [{"a": "1", "a_2": "2", "column_3": "3"}]),
        ("a,b", []),
        ("", []),
        (5, 5),
    ],
)
def test_csv_becomes_objects_by_its_head_line(text: Any, said: Any) -> None:
    assert FROM["from_csv"](text) == said


@pytest.mark.parametrize(
    "text", ["a\n" * (MAX_ROWS + 2), "," * (MAX_COLUMNS + 1), "a\n" + "x" * 200_000], ids=["rows", "columns", "field"]
)
def test_csv_beyond_its_bounds_stays_text(text: str) -> None:
    assert FROM["from_csv"](text) is text


def test_csv_up_to_its_bounds_is_read() -> None:
    assert len(FROM["from_csv"]("a\n" * (MAX_ROWS + 1))) == MAX_ROWS


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([{"name": "From", "value": "a"}, {"name": "To", "value": "b"}], {"From": "a", "To": "b"}),
        ([{"name": "x", "value": 1}, {"name": "x", "value": 2}, {"name": "y"}], {"x": 1, "x_2": 2, "y": None}),
        ([{"value": 1}, 5, {"name": ["x"], "value": 2}, {"name": 7, "value": 3}], {"7": 3}),
        ([], {}),
        ("text", "text"),
    ],
)
def test_pairs_become_one_object(pairs: Any, said: Any) -> None:
    assert FROM["from_pairs"](pairs, "name", "value") == said


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["x"], {"a": 1, "inner": {"b": [{"c": 2}, "x", [None]]}}),
        (["x", "inner", 7, None], {"a": 1}),
        ([], {"x": {"deep": 1}, "a": 1, "inner": {"x": 3, "b": [{"x": 4, "c": 2}, "x", [None]]}}),
        ("x", {"x": {"deep": 1}, "a": 1, "inner": {"x": 3, "b": [{"x": 4, "c": 2}, "x", [None]]}}),
    ],
)
def test_members_are_taken_out_at_any_depth(names: Any, said: Any) -> None:
    value = {"x": {"deep": 1}, "a": 1, "inner": {"x": 3, "b": [{"x": 4, "c": 2}, "x", [None]]}}
    before = repr(value)

    assert FROM["from_trimmed"](value, names) == said
    assert repr(value) == before
