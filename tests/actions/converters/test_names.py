"""Names of resources that are paths."""

from __future__ import annotations

from typing import Any

import pytest

from connectory.actions.converters import FROM


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("properties/12/streams/7", "7"),
        ("/v1/things/a.b/", "a.b"),
        ("https://api.example/things/12?of=a/b#c/d", "12"),
        ("12", "12"),
        ("", ""),
        ("/", ""),
        (12, 12),
        (None, None),
        (["a/b"], ["a/b"]),
    ],
)
def test_the_last_part_of_a_name_is_its_id(value: Any, said: Any) -> None:
    assert FROM["from_last_segment"](value) == said
