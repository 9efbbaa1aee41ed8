"""HTML and plain text: escaped on the way out, readable on the way in."""

from __future__ import annotations

import html
import re
from typing import Any

from connectory.actions.converters.inputs import text_input
from connectory.actions.converters.markup import RAW, Tag, tokens

MAX_INDENT = 8  # levels of lists; more is not shown, so that deep nesting cannot multiply the text
MAX_URL_LENGTH = 2_000

_LINE_BREAK = re.compile(r"\r\n?|\n")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_SPACES = re.compile(r"[ \t\n\r\f]+")
_SHOWN_URL = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
_HIDING_STYLE = re.compile(r"display:none|visibility:hidden|mso-hide:all|opacity:0(?![.0-9])")

_BORDER = " | "
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 blockquote pre table ul ol dl figure hr article section".split())  # noqa: SIM905 a list of words
_LINES = frozenset(
    "div tr li dt dd address header footer main nav aside form fieldset legend caption figcaption body".split()  # noqa: SIM905 a list of words
)
_DROPPED = RAW | frozenset("head noscript template svg math object audio video canvas select datalist".split())  # noqa: SIM905 a list of words
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905 a list of words
_CLOSED_BY_THE_NEXT = frozenset("p li dt dd tr td th option".split())  # noqa: SIM905 a list of words
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}


def html_paragraphs(value: Any) -> str:
    """Return plain text as HTML: a blank line begins a paragraph, a line break is `<br>`, everything is escaped."""
    text = _LINE_BREAK.sub("\n", text_input(value, "The value for html")).strip("\n")
    paragraphs = [one for one in _BLANK_LINES.split(text) if one.strip()]
    return "".join(f"<p>{html.escape(one).strip().replace(chr(10), '<br>')}</p>" for one in paragraphs)


def from_html(value: Any) -> Any:
    """Return the words of HTML as a person sees them; what is no text comes back unchanged.

    Links are `text (url)`, list items `- ` or `1. `, headings `# `, cells are divided by ` | `. Scripts, styles and
    elements hidden by attribute or inline style are left out; what a style sheet hides is not.
    """
    return html_to_text(value) if isinstance(value, str) else value


def html_to_text(source: str) -> str:
    """Return the words of HTML. Takes linear time, whatever the source is."""
    page, hidden = _Page(), _Hidden()
    for token in tokens(source):
        if isinstance(token, str):
            if not hidden.is_open:
                page.write(token)
        elif not hidden.covers(token):
            if token.closes:
                page.close(token.name)
            else:
                page.open(token)
    return page.text()


class _Hidden:
    """Whether we are inside an element that nobody sees."""

    def __init__(self) -> None:
        self._name = ""
        self._depth = 0

    @property
    def is_open(self) -> bool:
        return self._depth > 0

    def covers(self, tag: Tag) -> bool:
        """Take the next tag in; return whether it belongs to what is hidden."""
        if not self._depth:
            return self._begins(tag)
        if tag.name == self._name:
            if not tag.closes and tag.name in _CLOSED_BY_THE_NEXT:
                self._depth = 0
            else:
                self._depth += -1 if tag.closes else 1
                return True
        if self._name == "head" and tag.name == "body":  # `</head>` may be left out
            self._depth = 0
        return self._depth > 0 or self._begins(tag)

    def _begins(self, tag: Tag) -> bool:
        if tag.closes or tag.name in _VOID or not _is_hidden(tag):
            return False
        self._name, self._depth = tag.name, 1
        return True


def _is_hidden(tag: Tag) -> bool:
    if tag.name in _DROPPED:
        return True
    if not tag.attributes:
        return False
    style = tag.attributes.get("style", "").lower()
    return tag.attributes.get("hidden", "until-found") != "until-found" or bool(
        _HIDING_STYLE.search(_SPACES.sub("", style))
    )


class _Page:
    """Text on its way to the reader: breaks and spaces are only written once a word follows."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0  # line breaks due before the next word
        self._gap = ""  # a space or a cell's border due before the next word of the same line
        self._mark = ""  # a list item's or heading's mark due at the beginning of the line
        self._lists: list[int] = []  # per open list the number of the next item, 0 for bullets
        self._row = 0  # the part that the open table row begins with
        self._preformatted = 0
        self._link: tuple[str, int] | None = None  # its address, and the part it begins with

    def text(self) -> str:
        """Return what was written."""
        self._end_link()
        return "".join(self._parts).strip()

    def write(self, text: str) -> None:
        """Write text; white space counts as one space unless it is preformatted."""
        if self._preformatted:
            lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            for at, line in enumerate(lines):
                if at:
                    self._breaks = min(self._breaks + 1, 3)
                if line:
                    self._put(line)
            return
        words = _SPACES.sub(" ", text)
        if words.startswith(" ") and not self._gap:
            self._gap = " "
        if core := words.strip(" "):
            self._put(core)
            self._gap = " " if words.endswith(" ") else ""

    def open(self, tag: Tag) -> None:
        """Take an opening tag."""
        name = tag.name
        if name == "br":
            self._breaks = min(self._breaks + 1, 2)
        elif name in ("ul", "ol"):
            self._break(1 if self._lists else 2)
            self._lists.append(_first_number(tag) if name == "ol" else 0)
        elif name == "li":
            self._begin_item()
        elif name in ("td", "th"):
            if len(self._parts) > self._row:
                self._breaks, self._gap = 0, _BORDER
        elif name == "a":
            self._end_link()
            address = tag.attributes.get("href", "").strip()
            if len(address) <= MAX_URL_LENGTH and _SHOWN_URL.fullmatch(address):
                self._link = (address, len(self._parts))
        elif name == "img":
            self.write(tag.attributes.get("alt", ""))
        else:
            self._open_block(name)

    def close(self, name: str) -> None:
        """Take a closing tag."""
        if name == "a":
            self._end_link()
        elif name in ("ul", "ol"):
            if self._lists:
                self._lists.pop()
            self._break(1 if self._lists else 2)
        elif name in _PARAGRAPHS:
            self._break(1 if self._lists else 2)
        elif name in _LINES:
            self._break(1)
        if name == "pre":
            self._preformatted = max(self._preformatted - 1, 0)
        if name in _HEADINGS or name == "li":
            self._mark = ""

    def _open_block(self, name: str) -> None:
        if self._gap == _BORDER:  # the first block of a cell stays on the row's line
            pass
        elif name in _PARAGRAPHS:
            self._break(1 if self._mark or self._lists else 2)
        elif name in _LINES:
            self._break(1)
        if name in ("table", "tr"):
            self._row = len(self._parts)
        elif name == "pre":
            self._preformatted += 1
        elif name == "hr":
            self._put("---")
            self._break(2)
        elif name in _HEADINGS:
            self._mark = self._mark or _HEADINGS[name]

    def _begin_item(self) -> None:
        self._break(1)
        indent = "  " * min(max(len(self._lists) - 1, 0), MAX_INDENT)
        number = self._lists[-1] if self._lists else 0
        if number:
            self._lists[-1] += 1
        self._mark = f"{indent}{number}. " if number else f"{indent}- "

    def _break(self, lines: int) -> None:
        self._breaks, self._gap = max(self._breaks, lines), ""

    def _put(self, text: str) -> None:
        if self._breaks or not self._parts:
            self._parts.append("\n" * self._breaks if self._parts else "")
            self._parts.append(self._mark)
            self._mark = ""
        elif self._gap:
            self._parts.append(self._gap)
        self._breaks, self._gap = 0, ""
        self._parts.append(text)

    def _end_link(self) -> None:
        if self._link is None:
            return
        address, start = self._link
        self._link = None
        words = "".join(self._parts[start:]).strip()
        if not words:
            self._put(address)
        elif words not in (address, address.partition(":")[2], address.partition("://")[2].rstrip("/")):
            self._parts.append(f" ({address})")


def _first_number(tag: Tag) -> int:
    start = tag.attributes.get("start", "1")
    return int(start) if re.fullmatch(r"[1-9][0-9]{0,8}", start) else 1
