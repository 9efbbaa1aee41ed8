"""An Atlassian document (ADF) to Markdown that a model reads.

Text is not escaped (`snake_case` stays as it is): this is for reading, not for a round trip to the byte. What has no
Markdown, such as mentions, panels and media, is said in words; of unknown nodes their text is kept.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

MAX_INDENT = 8  # levels of lists and quotes that are shown; more would multiply the text

_BACKTICKS = re.compile("`+")
_WRAPPED = {"strong": "**", "em": "*", "strike": "~~"}
_INLINE = frozenset(
    "text hardBreak mention emoji inlineCard mediaInline date status placeholder inlineExtension".split()  # noqa: SIM905 a list of words
)
_CARDS = frozenset({"inlineCard", "blockCard", "embedCard"})
_LISTS = frozenset({"bulletList", "orderedList", "taskList", "decisionList"})


def from_atlassian_document(value: Any) -> Any:
    """Return the document, or a list of its nodes, as Markdown. What is no object or list comes back unchanged."""
    if not isinstance(value, dict | list):
        return value
    page = _Page()
    page.blocks(value if isinstance(value, list) else [value], "", "")
    return "\n".join(page.lines).strip("\n")


class _Page:
    """Lines written so far. `first` stands before a block's first line, `rest` before the others."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def blocks(self, nodes: list[Any], first: str, rest: str) -> None:
        """Write nodes one below the other, with a blank line between them."""
        row: list[Any] = []
        for node in [*nodes, None]:
            if _is_inline(node):
                row.append(node)
                continue
            if row:
                first = self._paragraph(_inline(row), first, rest)
                row = []
            if isinstance(node, dict):
                first = self._block(node, first, rest)

    def _block(self, node: dict[str, Any], first: str, rest: str) -> str:
        """Write one block; return what stands before the next one's first line."""
        kind, attrs, content = _kind(node), _attrs(node), _content(node)
        if kind in _LISTS:
            return self._list(node, first, rest)
        if kind == "heading":
            level = attrs.get("level")
            mark = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
            return self._paragraph(f"{mark} {_inline(content)}", first, rest)
        if kind == "codeBlock":
            return self._code(_inline(content, plain=True), _said(attrs, "language"), first, rest)
        if kind == "rule":
            return self._paragraph("---", first, rest)
        if kind == "table":
            return self._table(content, first, rest)
        if kind in ("blockquote", "panel"):
            return self._quote(node, first, rest)
        if kind in _CARDS or kind in ("media", "extension", "inlineExtension"):
            return self._paragraph(_inline([node]), first, rest)
        if kind in ("expand", "nestedExpand") and (title := _said(attrs, "title")):
            first = self._paragraph(f"**{title}**", first, rest)
        elif _is_text_only(content):
            return self._paragraph(_inline(content), first, rest)
        self.blocks(content, first, rest)
        return rest if content else first

    def _paragraph(self, text: str, first: str, rest: str) -> str:
        if not text.strip():
            return first
        self._gap(first, rest)
        for at, line in enumerate(text.split("\n")):
            self.lines.append(f"{rest if at else first}{line}")
        return rest

    def _gap(self, first: str, rest: str) -> None:
        if self.lines and first == rest and self.lines[-1].strip("> "):
            self.lines.append(rest.rstrip())

    def _code(self, code: str, language: str, first: str, rest: str) -> str:
        self._gap(first, rest)
        fence = "`" * max(3, _longest_run(code) + 1)
        self.lines.append(f"{first}{fence}{language}")
        self.lines.extend(f"{rest}{line}".rstrip() for line in code.split("\n"))
        self.lines.append(f"{rest}{fence}")
        return rest

    def _quote(self, node: dict[str, Any], first: str, rest: str) -> str:
        self._gap(first, rest)
        inner_first, inner = _deeper(first, "> "), _deeper(rest, "> ")
        if _kind(node) == "panel" and (kind := _said(_attrs(node), "panelType")):
            inner_first = self._paragraph(f"**{kind.capitalize()}:**", inner_first, inner)
        self.blocks(_content(node), inner_first, inner)
        return rest

    def _list(self, node: dict[str, Any], first: str, rest: str) -> str:
        if self.lines and not _is_item(self.lines[-1]):
            self._gap(first, rest)
        order = _attrs(node).get("order")
        number = order if isinstance(order, int) and 0 <= order < 10**9 else 1
        for item in _content(node):
            if _kind(item) in _LISTS:  # a task list holds its sublists directly
                self._list(item, _deeper(rest, "  "), _deeper(rest, "  "))
                continue
            mark = _mark(node, item, number)
            before = len(self.lines)
            indent = " " * (2 if mark.startswith("-") else len(mark))
            self.blocks([item], _deeper(first, mark), _deeper(rest, indent))
            if len(self.lines) == before:
                self.lines.append(_deeper(first, mark).rstrip())
            number, first = number + 1, rest
        return rest

    def _table(self, rows: list[Any], first: str, rest: str) -> str:
        self._gap(first, rest)
        for at, row in enumerate(rows):
            cells = _content(row)
            self.lines.append(f"{rest if at else first}| {' | '.join(_cell(cell) for cell in cells)} |")
            if at == 0:
                self.lines.append(f"{rest}|{' --- |' * max(len(cells), 1)}")
        return rest if rows else first


def _inline(nodes: list[Any], *, plain: bool = False, cell: bool = False) -> str:
    parts: list[str] = []
    _write_inline(nodes, parts, plain=plain, cell=cell)
    return "".join(parts)


def _write_inline(nodes: list[Any], parts: list[str], *, plain: bool, cell: bool) -> None:
    for node in nodes:
        if not isinstance(node, dict):
            continue
        text = _leaf(node)
        if text is None:
            _write_inline(_content(node), parts, plain=plain, cell=cell)
            parts.append(" " if cell else "")
            continue
        if not plain:
            text = _marked(_one_line(text) if _kind(node) == "text" else text, node)
        parts.append(_one_line(text).replace("|", "\\|") if cell else text)


def _leaf(node: dict[str, Any]) -> str | None:
    """Return what a node without content says; None for one that holds others."""
    kind, attrs = _kind(node), _attrs(node)
    if kind == "text":
        return node["text"] if isinstance(node.get("text"), str) else ""
    if kind == "hardBreak":
        return "  \n"
    if kind in _CARDS:
        return _said(attrs, "url")
    if kind == "mention":
        name = _said(attrs, "text") or _said(attrs, "id")
        return name if name.startswith("@") else f"@{name}"
    if kind == "emoji":
        return _said(attrs, "text") or _said(attrs, "shortName")
    if kind == "date":
        return _day(attrs.get("timestamp"))
    if kind == "status":
        return f"[{_said(attrs, 'text')}]"
    if kind in ("media", "mediaInline"):
        return (
            f"[{_said(attrs, 'type') or 'media'}: {_said(attrs, 'alt') or _said(attrs, 'url') or _said(attrs, 'id')}]"
        )
    if kind == "placeholder" or (isinstance(attrs.get("text"), str) and not _content(node)):
        return _said(attrs, "text")
    return node["text"] if isinstance(node.get("text"), str) and not _content(node) else None


def _marked(text: str, node: dict[str, Any]) -> str:
    marks = node.get("marks")
    found = {
        mark["type"]: mark
        for mark in (marks if isinstance(marks, list) else [])
        if isinstance(mark, dict) and isinstance(_kind(mark), str)
    }
    core = text.strip()
    if not found or not core:
        return text
    before, _, after = text.partition(core)
    if "code" in found:
        fence = "`" * (_longest_run(core) + 1)
        core = f"{fence} {core} {fence}" if len(fence) > 1 else f"`{core}`"
    else:
        core = _wrapped(core, found)
    address = _said(_attrs(found.get("link", {})), "href")
    shown = f"[{core}]({address})" if address and address != core else core
    return f"{before}{shown}{after}"


def _wrapped(text: str, marks: dict[str, Any]) -> str:
    for name, sign in _WRAPPED.items():
        text = f"{sign}{text}{sign}" if name in marks else text
    return text


def _mark(parent: dict[str, Any], item: Any, number: int) -> str:
    if _kind(parent) == "orderedList":
        return f"{number}. "
    if _kind(parent) == "taskList":
        return "- [x] " if _attrs(item).get("state") == "DONE" else "- [ ] "
    return "- "


def _cell(cell: Any) -> str:
    return " ".join(_inline(_content(cell), cell=True).split())


def _day(timestamp: Any) -> str:
    """Return the day of a timestamp in milliseconds, which ADF writes as text."""
    text = str(timestamp) if isinstance(timestamp, int | str) else ""
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        return ""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))).date().isoformat()
    except OverflowError:
        return text


def _deeper(prefix: str, sign: str) -> str:
    return prefix + sign if len(prefix) < 2 * MAX_INDENT else prefix


def _one_line(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines()) if "\n" in text else text


def _is_item(line: str) -> bool:
    return bool(re.match(r"[ >]{0,40}(?:-|[0-9]{1,9}\.) ", line))


def _is_inline(node: Any) -> bool:
    return _kind(node) in _INLINE


def _is_text_only(nodes: list[Any]) -> bool:
    return bool(nodes) and all(_is_inline(node) for node in nodes)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)


def _content(node: Any) -> list[Any]:
    content = node.get("content") if isinstance(node, dict) else None
    return content if isinstance(content, list) else []


def _attrs(node: Any) -> dict[str, Any]:
    attrs = node.get("attrs") if isinstance(node, dict) else None
    return attrs if isinstance(attrs, dict) else {}


def _kind(node: Any) -> str:
    return _said(node, "type") if isinstance(node, dict) else ""


def _said(attrs: dict[str, Any], name: str) -> str:
    value = attrs.get(name)
    return value if isinstance(value, str) else ""
