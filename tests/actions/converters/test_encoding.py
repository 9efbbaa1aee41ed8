"""Base64 and JSON text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.converters import FROM, TO
from connectory.actions.files import File
from connectory.errors import InvalidArguments

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("name", ["base64", "base64url"])
@given(TEXT)
def test_text_comes_back_from_base64(name: str, text: str) -> None:
    assert FROM[f"from_{name}"](TO[name](text)) == text


@pytest.mark.parametrize("value", ["ü?>", "ü?>".encode(), File("ü?>".encode(), "text/plain")])
def test_text_bytes_and_files_are_encoded_alike(value: Any) -> None:
    assert TO["base64"](value) == "w7w/Pg=="
    assert TO["base64url"](value) == "w7w_Pg"


@pytest.mark.parametrize("text", ["w7w/Pg==", "w7w_Pg", "w7w_Pg==", " w7w\r\n/Pg= "])
def test_either_alphabet_is_read_with_or_without_padding(text: str) -> None:
    assert FROM["from_base64"](text) == "ü?>"
    assert FROM["from_base64url"](text) == "ü?>"


def test_bytes_that_are_no_text_are_marked() -> None:
    assert FROM["from_base64"]("/2E=") == "\ufffda"


@pytest.mark.parametrize("value", ["not base64!", "abcde", "a=b", 12, ["YQ=="], {"a": "YQ=="}])
def test_what_is_no_base64_comes_back_unchanged(value: Any) -> None:
    assert FROM["from_base64"](value) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": [1, 2.5]}', {"a": [1, 2.5]}),
        ("null", None),
        ("{bad", "{bad"),
        ("NaN", "NaN"),
        ("[Infinity]", "[Infinity]"),
        ("[" * 50 + "]" * 50, eval("[" * 50 + "]" * 50)),
        ("[" * 60 + "]" * 60, "[" * 60 + "]" * 60),
    ],
)
def test_json_text_is_read_within_bounds(text: str, said: Any) -> None:
    assert FROM["from_json_text"](text) == said


@pytest.mark.parametrize("value", [float("nan"), float("inf"), File(b"x"), {"a": b"x"}, Decimal("NaN")])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArguments):
        TO["json_text"](value)


def test_whole_decimals_are_written_as_integers() -> None:
    assert TO["json_text"]([Decimal("2.0"), Decimal("2.5")]) == "[2,2.5]"
