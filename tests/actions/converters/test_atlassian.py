"""Markdown to an Atlassian document and back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectory.actions.converters import FROM, TO
from connectory.actions.converters.atlassian import MAX_LENGTH
from connectory.errors import InvalidArguments

# What the JSON schema of ADF (npm @atlaskit/adf-schema) lets each node hold, as far as Markdown can make it.
BLOCKS = {"paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule", "table"}
NARROW = {"paragraph", "bulletList", "orderedList", "codeBlock"}
HOLDS = {
    "doc": BLOCKS,
    "paragraph": {"text", "hardBreak"},
    "heading": {"text", "hardBreak"},
    "codeBlock": {"text"},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": NARROW,
    "blockquote": NARROW,
    "table": {"tableRow"},
    "tableRow": {"tableHeader", "tableCell"},
    "tableHeader": {"paragraph"},
    "tableCell": {"paragraph"},
}
NEVER_EMPTY = {"bulletList", "orderedList", "listItem", "blockquote", "table", "tableRow", "tableHeader", "tableCell"}
PIECES = st.sampled_from(
    [
        *(
            "# ",
            "- ",
            "1. ",
            "> ",
            "\n",
            "\n\n",
            "  ",
            "    ",
            "```",
            "`code`",
            "**bold** ",
            "*it* ",
            "~~s~~ ",
            "***",
            "_",
        ),
        *("[l](https://e.org) ", "![i](https://e.org/i) ", "|a|b|\n|-|-|\n|c|d|\n", "---\n", "<b>", "[`c`](http://x) "),
        *("  \n", "\\\n", "- [ ] t\n", "0. x", "&amp;", "word ", "[j](javascript:x) "),
    ]
)
MARKDOWN = st.lists(PIECES, max_size=25).map("".join)


def text(words: str, *marks: Any) -> dict[str, Any]:
    return {"type": "text", "text": words} | ({"marks": list(marks)} if marks else {})


def paragraph(*content: Any) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(content)}


def items(kind: str, *contents: list[Any], **attrs: Any) -> dict[str, Any]:
    listed = [{"type": "listItem", "content": content} for content in contents]
    return {"type": kind} | ({"attrs": attrs} if attrs else {}) | {"content": listed}


def link(address: str) -> dict[str, Any]:
    return {"type": "link", "attrs": {"href": address}}


STRONG, EM, CODE, STRIKE = ({"type": name} for name in ("strong", "em", "code", "strike"))


@pytest.mark.parametrize(
    ("markdown", "content"),
    [
        ("", []),
        ("## T *x*", [{"type": "heading", "attrs": {"level": 2}, "content": [text("T "), text("x", EM)]}]),
        ("a\nb  \nc", [paragraph(text("a"), text(" "), text("b"), {"type": "hardBreak"}, text("c"))]),
        (
            "***a*** `c` ~~d~~",
            [paragraph(text("a", EM, STRONG), text(" "), text("c", CODE), text(" "), text("d", STRIKE))],
        ),
        ("**`c`**", [paragraph(text("c", CODE))]),
        ("[`c`](https://e.org)", [paragraph(text("c", CODE, link("https://e.org")))]),
        ("<mailto:a@e.org>", [paragraph(text("mailto:a@e.org", link("mailto:a@e.org")))]),
        ("![alt](https://e.org/i.png)", [paragraph(text("alt", link("https://e.org/i.png")))]),
        ("[x](javascript:alert)", [paragraph(text("[x](javascript:alert)"))]),
        ("[x](ftp://e.org)", [paragraph(text("[x](ftp://e.org)"))]),
        ("[x](/relative)", [paragraph(text("[x](/relative)"))]),
        ("<script>x</script>", [paragraph(text("<script>x</script>"))]),
        ("```py\nx\n\ny\n```", [{"type": "codeBlock", "attrs": {"language": "py"}, "content": [text("x\n\ny")]}]),
        ("```\n```", [{"type": "codeBlock"}]),
        ("---", [{"type": "rule"}]),
        ("- a\n  - b", [items("bulletList", [paragraph(text("a")), items("bulletList", [paragraph(text("b"))])])]),
        ("3. a\n4. b", [items("orderedList", [paragraph(text("a"))], [paragraph(text("b"))], order=3)]),
        ("- - a", [items("bulletList", [paragraph(), items("bulletList", [paragraph(text("a"))])])]),
        ("- # h\n- > q", [items("bulletList", [paragraph(text("h"))], [paragraph(), paragraph(text("q"))][1:])]),
        ("> a\n> > b\n> ---", [{"type": "blockquote", "content": [paragraph(text("a")), paragraph(text("b"))]}]),
        (">", [{"type": "blockquote", "content": [paragraph()]}]),
    ],
)
def test_markdown_becomes_a_document(markdown: str, content: list[Any]) -> None:
    assert TO["atlassian_document"](markdown) == {"type": "doc", "version": 1, "content": content}


def test_a_table_becomes_rows_of_cells() -> None:
    (table,) = TO["atlassian_document"]("| a | b |\n|---|---|\n| 1 |")["content"]

    kinds = [[cell["type"] for cell in row["content"]] for row in table["content"]]
    assert kinds == [["tableHeader", "tableHeader"], ["tableCell", "tableCell"]]
    assert table["content"][1]["content"][0] == {"type": "tableCell", "content": [paragraph(text("1"))]}


def test_a_table_in_a_list_becomes_lines_since_no_list_may_hold_one() -> None:
    (listed,) = TO["atlassian_document"]("- x\n\n  |a|b|\n  |-|-|\n  |1|2|")["content"]

    assert listed["content"][0]["content"][1:] == [
        paragraph(text("a"), text(" | "), text("b")),
        paragraph(text("1"), text(" | "), text("2")),
    ]


@settings(max_examples=60, deadline=None)
@given(MARKDOWN)
def test_every_document_keeps_the_rules_of_nesting(markdown: str) -> None:
    waiting = [TO["atlassian_document"](markdown)]
    while waiting:
        node = waiting.pop()
        children = node.get("content", [])
        assert {child["type"] for child in children} <= HOLDS.get(node["type"], set())
        assert children or node["type"] not in NEVER_EMPTY
        assert node["type"] != "listItem" or children[0]["type"] in ("paragraph", "codeBlock")
        marks = [mark["type"] for mark in node.get("marks", [])]
        assert len(set(marks)) == len(marks)
        assert "code" not in marks or set(marks) <= {"code", "link"}
        assert node["type"] != "text" or node["text"]
        waiting.extend(children)


WORDS = st.text(st.characters(categories=["L"]), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "# ", "- ", "1. ", "> ", "**", "`"]), WORDS), min_size=1, max_size=12))
def test_the_words_come_back(lines: list[tuple[str, str]]) -> None:
    markdown = "\n\n".join(f"{mark}{word}{mark if mark in ('**', '`') else ''}" for mark, word in lines)

    back = FROM["from_atlassian_document"](TO["atlassian_document"](markdown))

    assert re.findall(r"[^\W\d_]+", back) == re.findall(r"[^\W\d_]+", markdown)


@pytest.mark.parametrize(
    "markdown",
    [
        "# T\n\na **b** *c* ~~d~~ `e` [l](https://e.org)  \nnext",
        "- x\n  - y\n    1. z\n- w",
        "1. x\n2. y\n\n   more",
        "> q\n>\n> - l\n>\n> end",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "````\n```\n````",
        "a\n\n---\n\n```py\nx\n\n  y\n```\n\nb",
    ],
)
def test_markdown_in_our_own_spelling_comes_back_to_the_letter(markdown: str) -> None:
    assert FROM["from_atlassian_document"](TO["atlassian_document"](markdown)) == markdown


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({"type": "mention", "attrs": {"id": "1", "text": "@Ann"}}, "@Ann"),
        ({"type": "mention", "attrs": {"id": "1"}}, "@1"),
        ({"type": "emoji", "attrs": {"shortName": ":smile:", "text": "😄"}}, "😄"),
        ({"type": "emoji", "attrs": {"shortName": ":acme:"}}, ":acme:"),
        ({"type": "inlineCard", "attrs": {"url": "https://e.org"}}, "https://e.org"),
        ({"type": "blockCard", "attrs": {"url": "https://e.org"}}, "https://e.org"),
        ({"type": "date", "attrs": {"timestamp": "1772357400000"}}, "2026-03-01"),
        ({"type": "date", "attrs": {"timestamp": "9" * 15}}, "9" * 15),
        ({"type": "status", "attrs": {"text": "DONE"}}, "[DONE]"),
        (
            {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"type": "file", "alt": "a.png"}}]},
            "[file: a.png]",
        ),
        ({"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph(text("x"))]}, "> **Info:**\n>\n> x"),
        ({"type": "expand", "attrs": {"title": "More"}, "content": [paragraph(text("x"))]}, "**More**\n\nx"),
        (
            {"type": "taskList", "content": [{"type": "taskItem", "attrs": {"state": "DONE"}, "content": [text("x")]}]},
            "- [x] x",
        ),
        ({"type": "unknown", "content": [paragraph(text("x")), {"type": "new", "content": [text("y")]}]}, "x\n\ny"),
        (text(" a ", STRONG, EM), " ***a*** "),
        (text("a`b", CODE), "`` a`b ``"),
        (text("a\nb"), "a b"),
        (text("snake_case *"), "snake_case *"),
        ([paragraph(text("x")), paragraph(text("y"))], "x\n\ny"),
        ("plain text", "plain text"),
        (7, 7),
        ({}, ""),
    ],
)
def test_what_has_no_markdown_is_said_in_words(node: Any, said: Any) -> None:
    document = {"type": "doc", "content": [paragraph(node)]} if _stands_in_a_line(node) else node

    assert FROM["from_atlassian_document"](document) == said


def _stands_in_a_line(node: Any) -> bool:
    return isinstance(node, dict) and node.get("type") in ("mention", "emoji", "inlineCard", "date", "status", "text")


def test_a_cell_stays_on_its_line() -> None:
    cell = {"type": "tableCell", "content": [paragraph(text("a|b\nc")), items("bulletList", [paragraph(text("d"))])]}
    table = {"type": "table", "content": [{"type": "tableRow", "content": [cell, cell]}]}

    assert FROM["from_atlassian_document"](table) == "| a\\|b c d | a\\|b c d |\n| --- | --- |"


@pytest.mark.parametrize(
    "markdown",
    ["- " * 7 + "a", ">" * 20 + "a", "\n".join("  " * n + f"- {n}" for n in range(12))],
)
def test_what_the_parser_would_leave_out_is_refused(markdown: str) -> None:
    with pytest.raises(InvalidArguments, match="too deep"):
        TO["atlassian_document"](markdown)


def test_six_lists_in_one_another_are_taken() -> None:
    assert "5" in FROM["from_atlassian_document"](
        TO["atlassian_document"]("\n".join("  " * n + f"- {n}" for n in range(6)))
    )


def test_a_text_longer_than_jira_takes_is_refused() -> None:
    with pytest.raises(InvalidArguments, match=r"32,768 characters"):
        TO["atlassian_document"]("a" * (MAX_LENGTH + 1))


def test_a_table_that_the_parser_would_fill_up_stays_text() -> None:
    wide = "|a" * 500 + "\n" + "|-" * 500 + "\n" + "|\n" * 5_000

    kinds = {node["type"] for node in TO["atlassian_document"](wide)["content"]}

    assert "table" not in kinds


def test_deep_lists_do_not_multiply_the_text() -> None:
    node: Any = {"type": "codeBlock", "content": [text("a\n" * 50_000)]}
    for kind in ["listItem", "bulletList"] * 45:
        node = {"type": kind, "content": [node]}

    assert len(FROM["from_atlassian_document"](node)) < 20 * 100_000
