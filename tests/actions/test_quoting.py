"""Whatever a value holds, it is one literal of the query language: read back by a reader of that language's rules."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.files import File
from connectory.actions.quoting import LANGUAGES, bare_text, quote_value
from connectory.catalog.trees import QUERY_LANGUAGES
from connectory.errors import InvalidArguments

BACKSLASH = ("soql", "jql", "cql", "drive", "quickbooks")
DOUBLED = ("coql", "odata")
WITH_LISTS = ("soql", "coql", "jql", "cql", "odata", "quickbooks")
TRICKY = st.text(alphabet=st.one_of(st.sampled_from("'\"\\%_*() ,=-"), st.characters(codec="utf-8")), max_size=40)


def read_literal(language: str, text: str) -> tuple[str, str]:
    """Read one literal at the beginning of `text`, as the provider would; return its value and what is left."""
    mark = text[0]
    assert mark == ("'" if language in ("soql", "coql", "drive", "odata", "quickbooks") else '"')
    escapes = [mark * 2] if language in DOUBLED else ["\\\\", "\\" + mark] if language in BACKSLASH else []
    escapes += ["\\" + mark] if language == "stripe_search" else []
    value, at = "", 1
    while text[at : at + 2] in escapes or text[at] != mark:
        at += text[at : at + 2] in escapes
        value, at = value + text[at], at + 1
    return value, text[at + 1 :]


def read_list(language: str, text: str) -> list[str]:
    assert text[0] == "("
    found, left = [], text[1:]
    while True:
        value, left = read_literal(language, left)
        found.append(value)
        if left == ")":
            return found
        assert left.startswith(", ")
        left = left[2:]


def can_be_written(language: str, text: str) -> bool:
    refused = {"coql": "\\", "stripe_search": "\\", "github_search": '"\\'}.get(language, "")
    return not any(one in refused or unicodedata.category(one) in ("Cc", "Zl", "Zp") for one in text)


def test_every_language_of_the_format_is_known() -> None:
    assert tuple(LANGUAGES) == QUERY_LANGUAGES


@pytest.mark.parametrize("language", QUERY_LANGUAGES)
@given(text=TRICKY)
def test_a_text_reads_back_as_exactly_one_literal_or_is_refused(language: str, text: str) -> None:
    if not can_be_written(language, text):
        with pytest.raises(InvalidArguments, match="'q' holds") as refusal:
            quote_value(language, text, "q")
        assert refusal.value.hint
        return
    assert read_literal(language, quote_value(language, text, "q") + " AND x") == (text, " AND x")


@pytest.mark.parametrize("language", WITH_LISTS)
@given(texts=st.lists(TRICKY, min_size=1, max_size=5))
def test_a_list_reads_back_element_by_element(language: str, texts: list[str]) -> None:
    written = [text for text in texts if can_be_written(language, text)] or ["x"]

    assert read_list(language, quote_value(language, written, "ids")) == written


@pytest.mark.parametrize(
    ("language", "value", "literal"),
    [
        ("soql", "O'Brien \\ 50%_", r"'O\'Brien \\ 50%_'"),
        ("coql", "1' 2", "'1'' 2'"),
        ("jql", 'a "b" \\c', r'"a \"b\" \\c"'),
        ("jql", "empty", '"empty"'),
        ("cql", 'a "b"', r'"a \"b\""'),
        ("drive", "it's \\", r"'it\'s \\'"),
        ("odata", "O'Neil", "'O''Neil'"),
        ("stripe_search", 'The "Sky"', r'"The \"Sky\""'),
        ("github_search", "to do", '"to do"'),
        ("quickbooks", "Adam's", r"'Adam\'s'"),
        ("odata", ["a", "b'c"], "('a', 'b''c')"),
        ("jql", ["a", 2, True], '("a", 2, true)'),
        ("soql", 5.0, "5"),
        ("soql", -1.5, "-1.5"),
        ("soql", False, "false"),
        ("stripe_search", 1000, "1000"),
    ],
)
def test_a_value_is_written_as_its_provider_documents(language: str, value: Any, literal: str) -> None:
    assert quote_value(language, value, "q") == literal


@pytest.mark.parametrize("language", sorted(set(QUERY_LANGUAGES) - set(WITH_LISTS)))
def test_a_language_without_lists_refuses_one(language: str) -> None:
    with pytest.raises(InvalidArguments, match="'ids' is a list"):
        quote_value(language, ["a"], "ids")


@pytest.mark.parametrize("value", [None, {"a": 1}, [["a"]], [None], File(b"x"), float("nan")])
@pytest.mark.parametrize("language", WITH_LISTS)
def test_what_is_no_value_of_a_query_is_refused(language: str, value: Any) -> None:
    with pytest.raises(InvalidArguments):
        quote_value(language, value, "q")


@pytest.mark.parametrize("write", [lambda: quote_value("soql", [], "ids"), lambda: bare_text([], "ids")])
def test_an_empty_list_is_refused_for_a_query_without_it_would_match_everything(write: Any) -> None:
    with pytest.raises(InvalidArguments, match="'ids' is an empty list"):
        write()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Created_Time", "Created_Time"),
        ("2026-01-31T00:00:00+01:00", "2026-01-31T00:00:00+01:00"),
        (["Id", "Owner.Name"], "Id, Owner.Name"),
        (5.0, "5"),
        (True, "true"),
    ],
)
def test_names_and_dates_stand_bare(value: Any, text: str) -> None:
    assert bare_text(value, "x") == text


@pytest.mark.parametrize(
    "value", ["", "Id FROM Account", "a'", "a\n", "a,b", "x" * 129, None, {"a": 1}, ["Id", ""], [["Id"]], "ıd", "a\\"]
)
def test_anything_more_than_a_name_does_not_stand_bare(value: Any) -> None:
    with pytest.raises(InvalidArguments, match="'x' stands unquoted") as refusal:
        bare_text(value, "x")

    assert "letters, digits" in refusal.value.hint


@given(text=st.text(max_size=20))
def test_what_stands_bare_is_one_word(text: str) -> None:
    try:
        bare = bare_text(text, "x")
    except InvalidArguments:
        return
    assert re.fullmatch(r"[\w.:+-]+", bare, re.ASCII)
