"""Lead the path of a request to the operation of a description that it calls, and tell what stands for what in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from urllib.parse import urlsplit

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Input, Request
from connectory.catalog.template import Placeholder, parse_template

PARAMETER = re.compile(r"\{([^{}]*)\}")
_HOLE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class OurPath:
    """A path from the host on, its placeholders numbered: `/v2/things/{0}`, and which these are."""

    text: str
    placeholders: tuple[Placeholder, ...]

    def moved(self, rules: Mapping[str, str]) -> OurPath:
        """The path after each of these regular expressions was replaced."""
        return OurPath(moved(self.text, rules), self.placeholders)

    def standing_for(self, described: str) -> dict[str, Placeholder | str]:
        """What of ours stands for each parameter of a described path that matches: a placeholder, or a text."""
        match = _pattern(described).fullmatch(self.text)
        names = PARAMETER.findall(described)
        found = zip(names, match.groups() if match else (), strict=False)
        return {name: self._placeholder(text) or text for name, text in found}

    def spelled_out(self, inputs: Mapping[str, Input]) -> Iterator[OurPath]:
        """The path with each placeholder that allows only certain words replaced by each of these words."""
        choices: list[Sequence[str]] = []
        for index, part in enumerate(self.placeholders):
            spec = inputs.get(part.name) if part.scope == "input" and not part.path else None
            choices.append([str(word) for word in spec.enum] if spec and spec.enum else [f"{{{index}}}"])
        for words in product(*choices):
            text = _HOLE.sub(lambda match, words=words: words[int(match[1])], self.text)  # type: ignore[misc]
            yield OurPath(text, self.placeholders)

    def _placeholder(self, text: str) -> Placeholder | None:
        match = _HOLE.fullmatch(text)
        return self.placeholders[int(match[1])] if match else None


def path_of(connector: Connector, request: Request) -> OurPath:
    """The path that a request goes to, its server's own included."""
    servers = connector.manifest.servers
    server = parse_template(servers[request.server or next(iter(servers))])
    filled = "".join(part if isinstance(part, str) else "x" for part in server.parts)
    # A fact may be the whole origin.
    base = urlsplit(filled if "://" in filled else f"https://{filled}").path.rstrip("/")
    parts = parse_template(request.path).parts
    placeholders = tuple(part for part in parts if not isinstance(part, str))
    text, index = base, 0
    for part in parts:
        text += part if isinstance(part, str) else f"{{{index}}}"
        index += not isinstance(part, str)
    return OurPath(text, placeholders)


def moved(path: str, rules: Mapping[str, str]) -> str:
    """A path after each of these regular expressions was replaced."""
    for pattern, replacement in rules.items():
        path = re.sub(pattern, replacement, path)
    return path


def fits(described: str, ours: str) -> int:
    """How well our path fits a described one: the letters that both spell out, more is better; -1: not at all."""
    if not _pattern(described).fullmatch(ours):
        return -1
    return len(PARAMETER.sub("", described))


@cache
def _pattern(described: str) -> re.Pattern[str]:
    """Only a parameter takes a placeholder of ours: what we leave open is not what is spelled out there."""
    pieces = PARAMETER.split(described)
    return re.compile(
        "".join(r"(\{\d+\}|[^/{}]+)" if index % 2 else re.escape(one) for index, one in enumerate(pieces))
    )
