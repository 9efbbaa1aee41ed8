"""YAML is read strictly, with lines kept."""

from __future__ import annotations

import pytest

from connectory.catalog.yaml_document import DocumentInvalid, read_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: -1.5e3", {"a": -1500.0}),
        ("a: 2026-03-10", {"a": "2026-03-10"}),
        ("a: no", {"a": "no"}),
        ("a: 'true'", {"a": "true"}),
        ("a: true", {"a": True}),
        ("a:", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: 007", {"a": "007"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: .inf", {"a": ".inf"}),
        ("a: 1e999", {"a": "1e999"}),
        ("a: 0x1F", {"a": "0x1F"}),
        ("a: 99999999999999999999999", {"a": "99999999999999999999999"}),
        ("a: [x, {b: c}]", {"a": ["x", {"b": "c"}]}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: >-\n  x\n  y", {"a": "x y"}),
        ("\ufeffa: 1", {"a": 1}),
        ("'404': x", {"404": "x"}),
        ("", None),
    ],
)
def test_scalars_are_read_as_json_has_them_and_all_else_is_text(text: str, value: object) -> None:
    assert read_document(text.encode()).value == value


def test_every_part_knows_its_line_and_what_is_absent_the_line_around_it() -> None:
    document = read_document(b"a: 1\nb:\n  - x\n  - c:\n      d: 2\n")

    assert document.line_of(("a",)) == 1
    assert document.line_of(("b", 0)) == 3
    assert document.line_of(("b", 1, "c", "d")) == 5
    assert document.line_of(("b", 1, "c", "missing")) == 4
    assert document.line_of(("nothing",)) == 1


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: 2\na: 3", 3, "twice; first on line 1"),
        ("a: 1\n---\nb: 2", 2, "more than one"),
        ("a: !!str 1", 1, "Tags"),
        ("a: !x 1", 1, "Tags"),
        ("a: {<<: {b: 1}}", 1, "Merge keys"),
        ("a:\n  1: x", 2, "not text"),
        ("a:\n  ? [x]\n  : y", 2, "must be text"),
        ("a: &x [*x]", 1, "inside what it names"),
        ("a: *x", 1, "not defined"),
        ("a: b: c", 1, "not YAML"),
        ("a: [", 2, "not YAML"),
        ("a: \x07", 1, "not YAML"),
        ("a: 1\n\nb: \x7f", 3, "a character that YAML does not allow"),
        ("a: 1\nb: {x}", 2, "{x} without quotes is a mapping whose 'x' is empty"),
        ("a: 1\nb: [{x.y}]", 2, "{x.y} without quotes"),
        ("?\n: x", 1, "A key is empty"),
        ("a: {b: }", 1, "whose 'b' is empty"),
        ("a: {{x}}", 1, "must be text"),
    ],
)
def test_what_has_no_single_meaning_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(DocumentInvalid) as refusal:
        read_document(text.encode())

    assert refusal.value.line in (line, line - 1)  # libyaml sees the end of a file on either
    assert says in refusal.value.message


def test_a_file_that_is_not_utf8_is_refused_with_the_line() -> None:
    with pytest.raises(DocumentInvalid, match="not UTF-8") as refusal:
        read_document(b"a: 1\nb: \xff")

    assert refusal.value.line == 2
