"""Compact text reads back as the same value, shows what is hidden, and is smaller than JSON."""

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connectory.gateway.text import as_compact_text

TRICKY = st.text(alphabet="ab \n:-#'\"|x>&*![]{},?%@`~\t\r1.eE\u200b\x85", max_size=30)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | TRICKY
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | TRICKY, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_every_value_reads_back_as_itself(value: object) -> None:
    assert yaml.safe_load(as_compact_text(value) + "\n") == value


def test_a_list_of_objects_is_smaller_than_escaped_json() -> None:
    issues = [
        {"number": n, "title": "Fix the login page", "state": "open", "body": "Line one\nLine two"} for n in range(20)
    ]

    text = as_compact_text(issues)

    assert len(json.dumps(text)) < len(json.dumps(json.dumps(issues, separators=(",", ":"))))


def test_hidden_characters_are_shown_as_escapes() -> None:
    assert as_compact_text("pay\u202eload\U000e0041") == '"pay\\u202eload\\U000e0041"'


def test_joined_emoji_and_persian_survive() -> None:
    assert "👨\u200d👩" in as_compact_text({"a": "👨\u200d👩"})
