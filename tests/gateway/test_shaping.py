"""What is cut fits its room, says what was left out, and names a way on that a reader can follow."""

from __future__ import annotations

import json
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gateway.test_text import JSON

from connectory.gateway.shaping import NOTE_BYTES, PATH_BYTES, Unit, fit, fit_text, step_into

LARGE = st.text('aß\n\u202e"', min_size=50, max_size=800)
VALUES = st.recursive(
    JSON | LARGE,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=90), inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(VALUES, st.integers(0, 2000))
def test_whatever_it_is_it_fits_its_room_and_so_do_the_words_about_the_rest(value: Any, room: int) -> None:
    cut = fit(value, room)

    assert len(cut.text.encode()) <= room
    assert len(cut.left_out.encode()) <= NOTE_BYTES
    assert len(cut.next_path.encode()) <= PATH_BYTES
    assert (cut.unit is Unit.WHOLE) == (cut.left_out == "")


@settings(max_examples=60, deadline=None)
@given(VALUES, st.integers(100, 1000))
def test_a_text_for_another_tool_fits_its_budget_and_ends_with_what_was_left_out(value: Any, tokens: int) -> None:
    text = fit_text(value, tokens)

    assert len(text.encode()) <= tokens * 4
    if len(json.dumps(value, ensure_ascii=False)) > 40_000:
        assert "left out" in text.splitlines()[-1].lower()


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(VALUES, st.integers(0, 600))
def test_the_way_on_leads_to_what_was_left_out(value: Any, room: int) -> None:
    cut = fit(value, room)
    if cut.unit is not Unit.WHOLE and cut.next_path:
        assert jmespath.search(cut.next_path, value) is not None or "null" in json.dumps(value)


def test_a_list_is_cut_at_items() -> None:
    cut = fit([{"id": n, "title": "x" * 90} for n in range(10)], 350, offset=20)

    assert (cut.unit, cut.shown, cut.next_offset, cut.next_path) == (Unit.ITEMS, 3, 23, "")
    assert cut.left_out == "Items 21 to 23 are shown; 7 more were left out."


def test_of_a_first_item_that_is_too_large_a_part_is_shown_and_its_rest_named() -> None:
    cut = fit([{"id": 1, "body": "b" * 5000}, {"id": 2}], 300, offset=4)

    assert cut.text == "id: 1"
    assert (cut.unit, cut.shown, cut.next_path, cut.next_offset) == (Unit.ITEMS, 0, "[4].body", 0)
    assert cut.left_out == "Item 5 is too large, a part of it is shown; 1 more were left out."


def test_of_a_first_item_that_is_one_long_text_the_beginning_is_shown() -> None:
    cut = fit(["b" * 5000, "c"], 300)

    assert cut.text.startswith("|-\n  bbb")
    assert (cut.next_path, cut.next_offset) == ("[0]", cut.text.count("b"))


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("body", "body"),
        ("x-y", '"x-y"'),
        ("größe", '"größe"'),
        ("1st", '"1st"'),
        ("", "values(@)[1]"),
        ('a"b', "values(@)[1]"),
        ("a|b", "values(@)[1]"),
        ("a\u202eb", "values(@)[1]"),
        ("k" * 300, "values(@)[1]"),
    ],
)
def test_a_key_is_written_as_jmespath_reads_it(key: str, step: str) -> None:
    value = {"id": 7, key: "long " * 1000}

    cut = fit(value, 200)

    assert (cut.unit, cut.shown, cut.next_path) == (Unit.KEYS, 1, step)
    assert jmespath.search(step, value) == value[key]
    assert jmespath.search(step_into("[0]", step), [value]) == value[key]


def test_a_name_that_is_too_long_is_not_repeated() -> None:
    cut = fit({f"{n}{'k' * 3000}": "v" * 3000 for n in range(500)}, 500)

    assert len(cut.left_out) <= NOTE_BYTES
    assert "more" in cut.left_out


@pytest.mark.parametrize(
    ("path", "gives"),
    [
        ("", "c"), ("a", "c"), ('"a".b', "c"), ("a || b", "c"), ("l[*]", "c"), ("l[*] | [0]", "c"), ("!a", "c"),
        ("a && a", "c"), ("values(@)[0]", "c"), ("l[?x=='a|b']", "c"),
    ],
)  # fmt: skip
def test_a_step_applies_to_what_the_whole_path_gives(path: str, gives: str) -> None:
    whole = {"a": {"b": {"c": 1}, "c": 2}, "b": {"c": 3}, "l": [{"c": 4, "x": "a|b"}], "c": 5}
    start = jmespath.search(path, whole) if path else whole
    for step in ("c", "[0]"):
        assert jmespath.search(step_into(path, step), whole) == jmespath.search(step, start)


def test_a_text_stands_as_it_is_below_a_mark_and_shows_what_is_hidden() -> None:
    text = '# Title\r\n\n  "quoted" \\ and\ta tab\u202e\x1b[31m\n'

    assert fit(text, 1000).text == '|\n  # Title\n\n    "quoted" \\ and\ta tab\\u202e\\u001b[31m'
    assert fit("plain words", 1000).text == "plain words"
    assert fit('He said "no".', 1000).text == '|-\n  He said "no".'


def test_a_huge_value_costs_no_more_than_what_is_shown_of_it() -> None:
    value: Any = "x"
    for _ in range(100):
        value = [value, value]  # 2^100 texts, if anything looked at all of them

    cut = fit(value, 1000)

    assert cut.unit is Unit.ITEMS
    assert len(cut.text) <= 1000
