"""Cut HTML into tags and texts in linear time, as far as reading its words needs.

Not the standard library's html.parser: until its releases of mid-2025 it takes quadratic time on unclosed markup
(CVE-2025-6069), and a megabyte of `<!--` from a provider would stop the server. No tree is built either, since those
that repair HTML are quadratic on deep nesting. The rules are the tokenizer's of the HTML standard (section 13.2.5).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

RAW = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})  # hold text, no tags

_MARKUP = re.compile(r"<(?:(/?[A-Za-z][^\s/>]{0,100})(>)?|[!?])")
_TAG_STEP = re.compile(r">|=\s*([\"'])")
_ATTRIBUTE = re.compile(r"([^\s=/>\"']+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+))?")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}(?![0-9])|#[xX][0-9A-Fa-f]{1,6}(?![0-9A-Fa-f])|[A-Za-z][A-Za-z0-9]{1,31});?")
_MAX_ATTRIBUTES = 50  # that are read of one tag

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Tag(NamedTuple):
    """One tag: its name in lower case, whether it closes, and its attributes where it opens."""

    name: str
    closes: bool = False
    attributes: Mapping[str, str] = _NOTHING


def tokens(source: str) -> Iterator[Tag | str]:
    """Yield tags and texts in order, entities resolved, comments and the content of raw elements left out."""
    at = 0
    while found := _MARKUP.search(source, at):
        start = found.start()
        if start > at:
            yield unescape(source[at:start])
        name, at = found[1], found.end()
        if name is None:
            at = _comment_end(source, start)
            continue
        if found[2]:
            tag = _bare_tag(name)
        else:
            end = _tag_end(source, at)
            tag, at = _tag(name, source[at:end]), end + 1
        yield tag
        if tag.name in RAW and not tag.closes:
            at = _raw_end(source, tag.name, at)
    if at < len(source):
        yield unescape(source[at:])


def unescape(text: str) -> str:
    """Resolve entities. `html.unescape` alone raises ValueError on a reference of 5,000 digits."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _comment_end(source: str, start: int) -> int:
    mark = "-->" if source.startswith("<!--", start) else ">"
    end = source.find(mark, start + 2)  # `<!-->` is a whole comment
    return len(source) if end < 0 else end + len(mark)


def _tag_end(source: str, at: int) -> int:
    """Return where the tag ends; a `>` between quotes does not end it, unless nobody closes the quote.

    Linear: a quote that is sought in vain to the end of the source cannot occur again behind it.
    """
    first = source.find(">", at)
    while first >= 0 and (step := _TAG_STEP.search(source, at)):
        if step[0] == ">":
            return step.start()
        closing = source.find(step[1], step.end())
        if closing < 0:
            break
        at = closing + 1
    return first if first >= 0 else len(source)


def _tag(name: str, rest: str) -> Tag:
    if not rest or name.startswith("/"):
        return _bare_tag(name)
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(rest):
        key, value = match[1].lower(), match[2] or ""
        found.setdefault(key, unescape(value[1:-1] if value[:1] in ('"', "'") else value))
        if len(found) >= _MAX_ATTRIBUTES:
            break
    return Tag(name.lower(), attributes=found)


@lru_cache(maxsize=256)
def _bare_tag(name: str) -> Tag:
    return Tag(name.removeprefix("/").lower(), closes=name.startswith("/"))


def _raw_end(source: str, name: str, at: int) -> int:
    closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(source, at)
    return closing.start() if closing else len(source)
