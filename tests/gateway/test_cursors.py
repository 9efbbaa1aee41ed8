"""A call is named by a keyed digest; a cursor opens for its own call alone."""

from __future__ import annotations

import hashlib
import json

import pytest

from connectory.errors import InvalidCursor
from connectory.gateway.cursors import digest, open_cursor, seal_cursor
from connectory.vault.keys import KeyRing

KEY = b"k" * 32
RING = KeyRing([b"\x01" * 32])


def test_the_order_of_arguments_does_not_matter_and_everything_else_does() -> None:
    call = digest(KEY, "notes_list", "cn_1", {"a": 1, "b": [1, 2]})

    assert call == digest(KEY, "notes_list", "cn_1", {"b": [1, 2], "a": 1})
    others = [
        digest(KEY, "notes_list", "cn_1", {"a": 1, "b": [2, 1]}),
        digest(KEY, "notes_list", "cn_2", {"a": 1, "b": [1, 2]}),
        digest(KEY, "notes_read", "cn_1", {"a": 1, "b": [1, 2]}),
        digest(b"x" * 32, "notes_list", "cn_1", {"a": 1, "b": [1, 2]}),
    ]
    assert call not in others


def test_a_guessed_argument_cannot_be_checked_without_the_key() -> None:
    plain = hashlib.sha256(json.dumps(["a", "", {"pin": 1234}], separators=(",", ":")).encode()).hexdigest()

    assert digest(KEY, "a", "", {"pin": 1234}) != plain


def test_a_cursor_gives_its_page_back_to_its_own_call() -> None:
    cursor = seal_cursor(RING, "https://api.example/p2", "one")

    assert open_cursor(RING, cursor, "one") == "https://api.example/p2"
    assert "api.example" not in cursor


@pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 200, "!!!!"])
def test_what_was_never_given_out_opens_nothing(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        open_cursor(RING, cursor, "one")


def test_another_call_s_cursor_opens_nothing() -> None:
    with pytest.raises(InvalidCursor):
        open_cursor(RING, seal_cursor(RING, "p", "one"), "two")
