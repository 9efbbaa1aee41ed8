"""Notion's rich text, of which Notion counts UTF-16 code units, and its properties as a person sees them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.converters import FROM, TO
from connectory.errors import InvalidArguments


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def pieces(text: str) -> list[str]:
    made = TO["notion_rich_text"](text)
    assert all(one == {"type": "text", "text": {"content": one["text"]["content"]}} for one in made)
    return [one["text"]["content"] for one in made]


@pytest.mark.parametrize(
    ("text", "lengths"),
    [("", []), ("a", [1]), ("a" * 2000, [2000]), ("a" * 2001, [2000, 1]), ("😀" * 1001, [2000, 2])],
)
def test_text_is_cut_at_two_thousand_units(text: str, lengths: list[int]) -> None:
    assert [units(piece) for piece in pieces(text)] == lengths


def test_a_character_is_never_cut_in_half() -> None:
    assert [units(piece) for piece in pieces("a" * 1999 + "😀" + "b")] == [1999, 3]


@given(st.text(st.sampled_from("aé😀\n"), max_size=50), st.integers(1, 500))
def test_the_pieces_are_the_text(text: str, times: int) -> None:
    made = pieces(text * times)

    assert "".join(made) == text * times
    assert all(1 <= units(piece) <= 2000 for piece in made)


def test_more_than_notion_takes_is_refused() -> None:
    assert len(pieces("a" * 200_000)) == 100

    with pytest.raises(InvalidArguments, match=r"200,001 characters"):
        TO["notion_rich_text"]("a" * 200_001)


ANN = {"object": "user", "id": "u1", "name": "Ann", "type": "person", "person": {"email": "ann@example.com"}}
TITLE = [{"type": "text", "plain_text": "Road"}, {"type": "mention", "plain_text": "map"}]


@pytest.mark.parametrize(
    ("kind", "held", "plain"),
    [
        ("title", TITLE, "Roadmap"),
        ("rich_text", [], ""),
        ("number", None, None),
        ("number", 0, 0),
        ("checkbox", False, False),
        ("select", {"id": "x", "name": "Open", "color": "red"}, "Open"),
        ("status", None, None),
        ("multi_select", [{"name": "a"}, {"name": "b"}], ["a", "b"]),
        ("date", {"start": "2026-01-31", "end": None, "time_zone": None}, "2026-01-31"),
        ("date", {"start": "2026-01-31", "end": "2026-02-01"}, {"start": "2026-01-31", "end": "2026-02-01"}),
        ("people", [ANN, {"object": "user", "id": "u2"}], ["Ann", "u2"]),
        ("created_by", {"object": "user", "id": "u1"}, "u1"),
        ("relation", [{"id": "p1"}, {"id": "p2"}], ["p1", "p2"]),
        ("files", [{"name": "a", "type": "file", "file": {"url": "https://x"}}], [{"name": "a", "url": "https://x"}]),
        ("files", [{"name": "b", "type": "external", "external": {"url": "y"}}], [{"name": "b", "url": "y"}]),
        ("formula", {"type": "string", "string": "x"}, "x"),
        ("formula", {"type": "date", "date": {"start": "2026-01-31", "end": None}}, "2026-01-31"),
        ("rollup", {"type": "number", "number": 5, "function": "sum"}, 5),
        ("rollup", {"type": "array", "array": [{"type": "title", "title": TITLE}]}, ["Roadmap"]),
        ("rollup", {"type": "array", "array": [{"type": "people", "people": [ANN]}]}, [["Ann"]]),
        ("rollup", {"type": "unsupported", "unsupported": {}}, None),
        ("unique_id", {"prefix": "TASK", "number": 4}, "TASK-4"),
        ("unique_id", {"prefix": None, "number": 4}, "4"),
        ("verification", {"state": "verified", "verified_by": None, "date": None}, "verified"),
        ("place", {"lat": 1.0, "lon": 2.0, "name": "Bern"}, "Bern"),
    ],
)
def test_a_property_is_what_a_person_sees_of_it(kind: str, held: Any, plain: Any) -> None:
    converted = FROM["from_notion_properties"]({"It": {"id": "abc", "type": kind, kind: held}})

    assert converted == {"It": plain}


def test_a_button_is_left_out_and_what_is_no_property_stays() -> None:
    convert = FROM["from_notion_properties"]

    assert convert({"Go": {"type": "button", "button": {}}, "New": {"type": "hologram"}, "Odd": 3}) == {
        "New": {"type": "hologram"}, "Odd": 3,
    }  # fmt: skip
    assert convert([1]) == [1]
    assert convert(None) is None
