"""Filling in: `{x}` is an input, `{connection.x}` a fact, `{credential.x}` a secret (design 4.1).

A template is parsed once, when the manifest is read. There is no template language: a placeholder is replaced, and
how its value is escaped is decided by the place it stands in (`actions/request.py`). `{+path}` stands for several path
segments (RFC 6570 section 3.2.3); `{{` and `}}` are literal braces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Scope = Literal["input", "connection", "credential"]
_TOKEN = re.compile(r"\{\{|\}\}|\{(\+?)(?:(connection|credential)\.)?([a-z][a-z0-9_]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{...}` of a template."""

    scope: Scope
    name: str
    many: bool = False  # `{+name}`: several path segments


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and placeholders, in order."""

    text: str
    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders, in order of appearance."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def only(self) -> Placeholder | None:
        """The placeholder, if the template is exactly one and nothing else: then its value keeps its type."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Placeholder) else None


@lru_cache(maxsize=8192)  # the same few templates, for every call
def parse_template(text: str) -> Template:
    """Parse `text`. Raises `ValueError` on a brace that belongs to no placeholder."""
    parts: list[str | Placeholder] = []
    literal, position = "", 0
    for match in _TOKEN.finditer(text):
        literal += text[position : match.start()]
        position = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
        elif match[3] is None:
            raise ValueError(
                f"{text!r}: a brace at {match.start()} belongs to no placeholder; write {{{{ or }}}} for a literal one"
            )
        else:
            if literal:
                parts.append(literal)
            literal = ""
            scope: Scope = match[2] or "input"  # type: ignore[assignment]  # the pattern allows only these two words
            parts.append(Placeholder(scope, match[3], many=bool(match[1])))
    literal += text[position:]
    if literal or not parts:
        parts.append(literal)
    return Template(text, tuple(parts))
