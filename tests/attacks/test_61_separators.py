"""Attack 61: separators inside a path parameter are percent-encoded once and never decoded twice."""

import pytest

from connectory.actions.filling import Values
from connectory.actions.request import prepare
from connectory.testing.connectors import make_connector

NOTES = make_connector()


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("1?admin=true", "1%3Fadmin%3Dtrue"),
        ("1#x", "1%23x"),
        ("1;v=2", "1%3Bv%3D2"),
        ("1&x=2", "1%26x%3D2"),
        ("a/b", "a%2Fb"),
        ("%2F", "%252F"),
        ("%252F", "%25252F"),
    ],
)
def test_attack_61_a_separator_stays_inside_its_segment(typed: str, sent: str) -> None:
    request = prepare(
        NOTES, "token", NOTES.actions["delete_note"].manifest.request, Values({"book": typed, "id": 1}, {})
    )

    assert request.url == f"https://api.notes.example/v1/books/{sent}/notes/1"
