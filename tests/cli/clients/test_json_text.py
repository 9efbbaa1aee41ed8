"""JSON files of clients: one member changes, every other character stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.cli.clients.json_text import Unreadable, drop, line_of, parse, put

PATH = ["servers", "connectory"]
ENTRY = {"command": "/bin/connectory", "args": ["stdio"]}
PEOPLES = """\
// my servers
{
\t"servers": {
\t\t"first": {"command": "x", "args": [1, 2,],}, // "quoted", with a brace }
\t\t/* the second */ "second": {} // last
\t}, // end
\t"text": "http://a // no comment, /* nor this */",
\t"inputs": [],
}
"""
INNER = """
\t\t"connectory": {
\t\t\t"command": "/bin/connectory",
\t\t\t"args": [
\t\t\t\t"stdio"
\t\t\t]
\t\t}"""


def test_an_entry_is_written_behind_the_last_one_and_its_comment_in_the_files_own_indentation() -> None:
    written = put(PEOPLES, PATH, ENTRY, comments=True)

    assert written == PEOPLES.replace('"second": {} // last', f'"second": {{}}, // last{INNER}')


def test_taking_it_out_gives_the_file_back_to_the_byte() -> None:
    assert drop(put(PEOPLES, PATH, ENTRY, comments=True), PATH, comments=True) == PEOPLES


@pytest.mark.parametrize(
    "text",
    [
        '{"servers":{"x":{}}}',
        '{\r\n  "servers": {\r\n    "x": 1\r\n  }\r\n}\r\n',
        '{\n    "servers": {\n        "x": 1,\n    },\n}\n',
        '{"servers": {}}',
        '{\n  "servers": {} // none yet\n}',
        '{"servers": {"x": {}, /* own */ }}',
    ],
)
def test_each_way_of_writing_comes_back_as_it_was(text: str) -> None:
    written = put(text, PATH, ENTRY, comments=True)

    assert parse(written, comments=True)["servers"]["connectory"] == ENTRY
    assert drop(written, PATH, comments=True) == text
    assert ("\r\n" in text) == ("\r\n" in written)
    assert "\n" not in written.replace("\r\n", "") or "\r\n" not in text


@pytest.mark.parametrize("text", ["", " \n", "{}", '{"other": 1}', "{\n}\n", "// only a comment\n{}\n"])
def test_what_is_missing_on_the_way_is_made(text: str) -> None:
    written = put(text, PATH, ENTRY, comments=True)

    assert parse(written, comments=True) == {**parse(text, comments=True), "servers": {"connectory": ENTRY}}
    assert "// only a comment" in written or "//" not in text


def test_one_value_is_replaced_and_the_comments_around_it_stay() -> None:
    text = '{"servers": {"connectory": {\n  // mine\n  "command": "old", // here\n  "env": {}\n}}}'

    assert put(text, [*PATH, "command"], "new", comments=True) == text.replace('"old"', '"new"')


def test_a_name_given_twice_counts_as_its_last_and_goes_altogether() -> None:
    text = '{"servers": {"connectory": {"command": "a"}, "connectory": {"command": "b"}, "x": 1}}'

    assert put(text, [*PATH, "command"], "c", comments=False) == text.replace('"b"', '"c"')
    assert drop(text, PATH, comments=False) == '{"servers": {"x": 1}}'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1,\n "b" 2}', 2),
        ('{\n"a": [1,\n 2}\n', 3),
        ("[1]", 1),
        ("{,}", 1),
        ('{"a": 1,,}', 1),
        ('{"a":\nNaN}', 1),
        ('{"a": 1} /* open', 1),
        ("{}\n{}", 2),
        ("[" * 100_000, 1),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refusal:
        put(text, PATH, ENTRY, comments=True)

    assert refusal.value.line == line


@pytest.mark.parametrize("text", ['{"a": 1} // note', '{"a": 1,}', "/* c */ {}"])
def test_a_client_that_reads_plain_json_has_no_comments_and_no_trailing_commas(text: str) -> None:
    assert parse(text, comments=True) is not None
    with pytest.raises(Unreadable):
        parse(text, comments=False)


@pytest.mark.parametrize("value", ["[]", "null", '"text"', "7"])
def test_what_is_no_object_is_never_written_into(value: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        put(f'{{"a": 1,\n"servers": {value}}}', PATH, ENTRY, comments=True)

    assert refusal.value.line == 2
    assert line_of(PEOPLES, ["servers", "second"]) == 5


KEYS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(st.sampled_from('ab/*",\\\n}{[]: '), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def commented(text: str, note: str) -> str:
    """Put comments and trailing commas wherever a document of `indent=1` lets them stand."""
    lines = text.split("\n")
    closes = [following.strip()[:1] in ("}", "]") for following in [*lines[1:], ""]]
    ends = ["," if close and line.strip()[-1:] not in "[{" else "" for line, close in zip(lines, closes, strict=True)]
    return "\n".join(f"{line}{end} // {note}" for line, end in zip(lines, ends, strict=True))


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), KEYS)
def test_any_document_keeps_its_other_members_and_its_comments(
    document: dict[str, Any], servers: dict[str, Any], note: str
) -> None:
    servers.pop("connectory", None)
    servers["other"] = 1
    whole = {**document, "servers": servers}
    plain = "".join(mark for mark in note if mark.isprintable())
    text = commented(json.dumps(whole, indent=1), plain)
    assert parse(text, comments=True) == whole

    written = put(text, PATH, ENTRY, comments=True)

    assert parse(written, comments=True) == {**whole, "servers": {**servers, "connectory": ENTRY}}
    assert written.count(f"// {plain}") == text.count(f"// {plain}")
    assert drop(written, PATH, comments=True) == text
