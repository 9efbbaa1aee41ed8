"""Markdown to an Atlassian document, as Jira and Confluence take texts (ADF version 1).

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
ADF allows less nesting than Markdown: what may not stand inside a list item or a quote is put there as what may, and no
word is lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from connectory.actions.converters.inputs import text_input
from connectory.errors import InvalidArguments

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

MAX_LENGTH = 32_767  # characters, as Jira has it; the parser needs up to 20 µs for a hostile one
MAX_NESTING = 14  # levels that the parser follows; a list takes two, and Atlassian's editor stops at six lists
MAX_TABLE_CELLS = 10_000  # the parser fills short rows up, which could multiply the input

Node = dict[str, Any]

_SHOWN_URL = re.compile(r"(?:https?://|mailto:)\S+", re.IGNORECASE)
_DELIMITER_ROW = re.compile(r"[ \t>]*[|:-][|: \t-]*")
_CONTAINERS = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "bullet_list_open": "bulletList",
    "ordered_list_open": "orderedList",
    "list_item_open": "listItem",
    "blockquote_open": "blockquote",
    "table_open": "table",
    "tr_open": "tableRow",
    "th_open": "tableHeader",
    "td_open": "tableCell",
}
_NARROW = frozenset({"paragraph", "bulletList", "orderedList", "codeBlock"})  # what list items and quotes may hold
_NESTS = frozenset({"list_item_open", "blockquote_open"})
_MARKS = {"strong_open": "strong", "em_open": "em", "s_open": "strike"}


def atlassian_document(value: Any) -> Node:
    """Return Markdown (CommonMark, tables and ~~strike~~) as an ADF document.

    A link to anything but http, https and mailto stays as it was written, as does HTML. An image becomes a link.
    """
    text = text_input(value, "The value for atlassian_document")
    if len(text) > MAX_LENGTH:
        raise InvalidArguments(
            f"The Markdown has {len(text):,} characters; at most {MAX_LENGTH:,} fit.",
            hint="Shorten it, or attach the whole as a file.",
        )
    tokens = _parser().parse(text)
    if any(token.type in _NESTS and token.level >= MAX_NESTING - 1 for token in tokens):  # it was left empty
        raise InvalidArguments(
            "The Markdown nests too deep.",
            hint=f"At most {MAX_NESTING // 2 - 1} lists or quotes may stand in one another.",
        )
    return {"type": "doc", "version": 1, "content": _blocks(tokens)}


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block.table import table

    class Markdown(MarkdownIt):
        def validateLink(self, url: str) -> bool:  # noqa: N802 the parser's name for it
            return bool(_SHOWN_URL.fullmatch(url))

    def small_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
        if start_line + 2 > end_line or not _DELIMITER_ROW.fullmatch(_line(state, start_line + 1)):
            return False
        cells = (_line(state, start_line + 1).count("|") + 1) * (end_line - start_line)
        return cells <= MAX_TABLE_CELLS and table(state, start_line, end_line, silent)

    parser = Markdown("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
    parser.block.ruler.at("table", small_table, {"alt": ["paragraph", "reference"]})
    return parser


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] : state.eMarks[number]]


def _blocks(tokens: Sequence[Token]) -> list[Node]:
    document: Node = {"type": "doc", "content": []}
    open_nodes = [document]
    for token in tokens:
        if token.nesting > 0:
            if token.type in _CONTAINERS:
                open_nodes.append(_begin(token))
        elif token.nesting < 0:
            if token.type.replace("_close", "_open") in _CONTAINERS:
                node = _finished(open_nodes.pop())
                open_nodes[-1]["content"].extend(_fitting(node, open_nodes[-1]["type"]))
        elif token.type == "inline":
            open_nodes[-1]["content"].extend(_inline(token.children or []))
        else:
            open_nodes[-1]["content"].extend(_fitting(_leaf(token), open_nodes[-1]["type"]))
    content: list[Node] = document["content"]
    return content


def _begin(token: Token) -> Node:
    node: Node = {"type": _CONTAINERS[token.type]}
    if node["type"] == "heading":
        node["attrs"] = {"level": int(token.tag[1])}
    elif node["type"] == "orderedList" and "start" in token.attrs:
        node["attrs"] = {"order": int(token.attrs["start"])}
    node["content"] = []
    return node


def _leaf(token: Token) -> Node:
    if token.type == "hr":
        return {"type": "rule"}
    node: Node = {"type": "codeBlock"}
    if language := token.info.strip().split(maxsplit=1)[:1]:
        node["attrs"] = {"language": language[0]}
    code = token.content.removesuffix("\n")
    return node | ({"content": [{"type": "text", "text": code}]} if code else {})


def _finished(node: Node) -> Node:
    content = node["content"]
    if node["type"] in ("tableHeader", "tableCell"):
        node["content"] = [{"type": "paragraph", "content": content}]
    elif node["type"] == "blockquote" and not content:
        node["content"] = [{"type": "paragraph", "content": []}]
    elif node["type"] == "listItem" and (not content or content[0]["type"] not in ("paragraph", "codeBlock")):
        node["content"] = [{"type": "paragraph", "content": []}, *content]
    return node


def _fitting(node: Node, parent: str) -> list[Node]:
    """Return the node as the parent may hold it."""
    if parent not in ("listItem", "blockquote") or node["type"] in _NARROW:
        return [node]
    if node["type"] == "heading":
        return [{"type": "paragraph", "content": node["content"]}]
    if node["type"] == "table":
        return [_row_as_paragraph(row) for row in node["content"]]
    return node["content"] if node["type"] == "blockquote" else []  # a rule says nothing


def _row_as_paragraph(row: Node) -> Node:
    content: list[Node] = []
    for cell in row["content"]:
        content += [{"type": "text", "text": " | "}] if content else []
        content += cell["content"][0]["content"]
    return {"type": "paragraph", "content": content}


def _inline(tokens: Sequence[Token]) -> list[Node]:
    nodes: list[Node] = []
    marks: list[Node] = []
    for token in tokens:
        if token.type == "link_open":
            marks.append({"type": "link", "attrs": {"href": str(token.attrs["href"])}})
        elif token.type in _MARKS:
            marks.append({"type": _MARKS[token.type]})
        elif token.nesting < 0:
            marks.pop()
        elif token.type == "hardbreak":
            nodes.append({"type": "hardBreak"})
        elif node := _text(token, marks):
            nodes.append(node)
    return nodes


def _text(token: Token, marks: list[Node]) -> Node | None:
    text = " " if token.type == "softbreak" else token.content
    shown = {mark["type"]: mark for mark in marks}  # `***a** b*` may open the same mark twice
    if token.type == "image":
        source = str(token.attrs["src"])
        text = text or source
        shown.setdefault("link", {"type": "link", "attrs": {"href": source}})
    elif token.type == "code_inline":  # ADF lets code be a link and nothing else
        shown = {"code": {"type": "code"}} | {name: mark for name, mark in shown.items() if name == "link"}
    if not text:
        return None
    return {"type": "text", "text": text} | ({"marks": list(shown.values())} if shown else {})
