"""The two sets of converters as the manifest sees them: their names, and what holds for every one."""

from __future__ import annotations

import inspect
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectory.actions.converters import FROM, TO
from connectory.actions.files import File
from connectory.errors import InvalidArguments

ARITY = {
    "from_atlassian_document": 1,
    "from_base64": 1,
    "from_base64url": 1,
    "from_csv": 1,
    "from_html": 1,
    "from_json_text": 1,
    "from_last_segment": 1,
    "from_mime_message": 1,
    "from_mime_parts": 1,
    "from_notion_properties": 1,
    "from_pairs": 3,
    "from_table": 2,
    "from_trimmed": 2,
    "from_unix_milliseconds": 1,
    "from_unix_seconds": 1,
}
# Keys and texts that a converter looks for, so that what hypothesis makes gets past the first `isinstance`.
SOUGHT = (
    "type content text attrs marks level order url href parts body data size headers name value mimeType filename doc "
    "paragraph heading bulletList orderedList taskList listItem table tableRow tableCell codeBlock media mention date "
    "timestamp panel panelType blockquote expand title state link code strong From Date Content-Type text/plain "
    "rollup formula array start end prefix number relation name id "
    "text/html multipart/mixed PGI+aGk8L2I+ <b> 1700000000 a,b 1e999 YQ \ud800"
)
WORDS = st.sampled_from(SOUGHT.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=30,
)
MEGABYTE = 1_000_000
PLENTY_S = 10.0  # a quadratic converter takes minutes for a megabyte; the machine may be busy


def test_the_sets_are_closed_and_have_a_fixed_arity() -> None:
    arity = {name: len(inspect.signature(converter).parameters) for name, converter in FROM.items()}

    assert arity == ARITY
    assert sorted(TO) == [
        "atlassian_document",
        "base64",
        "base64url",
        "html",
        "json_text",
        "mime_message",
        "notion_rich_text",
        "unix_milliseconds",
        "unix_seconds",
        "utc_without_zone",
    ]


@pytest.mark.parametrize("name", ARITY)
def test_null_gives_null(name: str) -> None:
    assert FROM[name](*[None] * ARITY[name]) is None


@pytest.mark.parametrize("name", ARITY)
@settings(max_examples=50, deadline=None)
@given(st.data())
def test_no_answer_makes_a_converter_raise(name: str, data: st.DataObject) -> None:
    FROM[name](*(data.draw(JSON) for _ in range(ARITY[name])))


@pytest.mark.parametrize("name", [name for name in ARITY if ARITY[name] == 1])
@pytest.mark.parametrize("value", [True, 7.5, "wörds, and «more»!"])
def test_what_cannot_be_read_is_said_unchanged(name: str, value: Any) -> None:
    result = FROM[name](value)

    assert result in (value, "1970-01-01T00:00:07.500000Z", "1970-01-01T00:00:00.007500Z", [])


@pytest.mark.parametrize("name", sorted(set(TO) - {"json_text"}))
@pytest.mark.parametrize("value", [None, True, 12, 1.5, ["a"], {"surely": "unknown"}, "half \ud800"])
def test_a_request_with_the_wrong_value_is_refused_with_a_cure(name: str, value: Any) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        TO[name](value)

    assert refusal.value.hint
    assert len(refusal.value.text) < 300
    assert "\ud800" not in refusal.value.text


@pytest.mark.parametrize("name", sorted(set(TO) - {"json_text", "base64", "base64url", "html", "notion_rich_text"}))
def test_a_refusal_never_repeats_a_long_value(name: str) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        TO[name]("0123456789" * 10_000)

    assert "0123456789" not in refusal.value.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "unit"),
    [
        *(
            ("from_html", unit)
            for unit in ("<", "<a ", '<a b="', "<!--", "<ul><li>a", "<td>a", "&#9", "<a =", "<p hidden>")
        ),
        *(("from_csv", unit) for unit in ("a,b\n", ",", '"', "a\n", '"a,"\n')),
        *(("from_json_text", unit) for unit in ("[", '{"a":', "1", "[1,")),
        *(("from_base64", unit) for unit in ("=", " ", "YWFh")),
        *(("from_last_segment", unit) for unit in ("/", "a/", "#?/")),
        ("from_unix_seconds", "1"),
    ],
)
def test_a_hostile_megabyte_of_text_is_quick(name: str, unit: str) -> None:
    text = unit * (MEGABYTE // len(unit))
    started = time.perf_counter()

    FROM[name](text)

    assert time.perf_counter() - started < PLENTY_S


def test_a_file_shows_no_content_in_its_repr() -> None:
    assert "secret" not in repr(File(b"secret", "text/plain", "a.txt"))


def test_a_numeric_bomb_stays_text() -> None:
    assert FROM["from_unix_seconds"]("1e999999999") == "1e999999999"
    assert FROM["from_json_text"]("1e999") == "1e999"
    assert FROM["from_json_text"]("9" * 5_000) == "9" * 5_000
    assert FROM["from_html"]("&#" + "9" * 5_000 + ";") == "&#" + "9" * 5_000 + ";"


def test_json_text_can_be_read_back() -> None:
    value = {"a": [1, None, "ü"], "b": {"c": 1.5}}

    assert TO["json_text"](value) == '{"a":[1,null,"ü"],"b":{"c":1.5}}'
    assert FROM["from_json_text"](TO["json_text"](value)) == value
    assert json.loads(TO["json_text"]("text")) == "text"
