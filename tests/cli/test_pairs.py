from __future__ import annotations

from typing import Any

import pytest

from connectory.cli.pairs import parse_arguments
from connectory.errors import InvalidArguments

SCHEMA = {
    "properties": {
        "title": {"type": "string"},
        "id": {"type": "integer"},
        "done": {"type": "boolean"},
        "labels": {"type": "array", "items": {"type": "string"}},
    }
}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("title=12", "title", "12"),
        ("title=a=b", "title", "a=b"),
        ("title=", "title", ""),
        ('title=["a"]', "title", '["a"]'),
        ("id=12", "id", 12),
        ("id=twelve", "id", "twelve"),
        ("done=true", "done", True),
        ('labels=["a", "b"]', "labels", ["a", "b"]),
        ("unknown=1", "unknown", "1"),
        ("title:=12", "title", 12),
        ('unknown:={"a": 1}', "unknown", {"a": 1}),
    ],
)
def test_a_value_becomes_what_the_schema_wants(text: str, name: str, value: Any) -> None:
    assert parse_arguments([text], SCHEMA) == {name: value}


@pytest.mark.parametrize("texts", [["title"], ["=x"], ["id:={"], ["title=a", "title=b"], ["id:=" + "[" * 100_000]])
def test_what_is_no_pair_is_refused_without_repeating_the_value(texts: list[str]) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        parse_arguments(texts, SCHEMA)

    assert refusal.value.hint
    assert "[[" not in refusal.value.text
