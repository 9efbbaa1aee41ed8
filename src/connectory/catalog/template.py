"""Filling in: `{x}` is an input, `{connection.x}` a fact, `{credential.x}` a secret, `{each}` an element (design 4.1).

A template is parsed once, when the manifest is read. There is no template language: a placeholder is replaced, and
how its value is escaped is decided by the place it stands in (`actions/filling.py`). `{+path}` stands for several path
segments (RFC 6570 section 3.2.3); `{x.y}` is a member of an input that is an object; `{{` and `}}` are literal braces.
`{steps.x}` is what an earlier request of the same call gave. `{limit}`, `{cursor}` and `{idempotency_key}` are no
inputs: pages and writes bring them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

KEY = "idempotency_key"  # what stands for a text that is made anew for each write, the same in all its tries
Scope = Literal["input", "connection", "credential", "steps", "each"]
_TOKEN = re.compile(r"\{\{|\}\}|\{(\+?)([a-z][a-z0-9_]*)((?:\.[A-Za-z_][A-Za-z0-9_]*)*)\}|[{}]")
_NAMED: dict[str, Scope] = {"connection": "connection", "credential": "credential", "steps": "steps"}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{...}` of a template."""

    scope: Scope
    name: str  # of `each` empty: it has no name
    many: bool = False  # `{+name}`: several path segments
    path: tuple[str, ...] = ()  # members of the value, outermost first

    def __str__(self) -> str:
        """As it is written in a manifest."""
        words = [*(() if self.scope == "input" else (self.scope,)), *((self.name,) if self.name else ()), *self.path]
        return f"{{{'+' if self.many else ''}{'.'.join(words)}}}"


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
        elif match[2] is None:
            raise ValueError(
                f"{text!r}: a brace at {match.start()} belongs to no placeholder; write {{{{ or }}}} for a literal one"
            )
        else:
            if literal:
                parts.append(literal)
            literal = ""
            parts.append(_placeholder(match))
    literal += text[position:]
    if literal or not parts:
        parts.append(literal)
    return Template(text, tuple(parts))


def _placeholder(match: re.Match[str]) -> Placeholder:
    word, members = match[2], tuple(match[3].split(".")[1:])
    many = bool(match[1])
    if word == "each":
        return Placeholder("each", "", many, members)
    if word in _NAMED and len(members) == 1:
        return Placeholder(_NAMED[word], members[0], many)
    return Placeholder("input", word, many, members)
