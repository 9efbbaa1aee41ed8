"""Notion's rich text: what Notion counts is UTF-16 code units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.converters import TO
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
