"""Which declared actions a raw request amounts to, so that policy judges it as those (design 2).

A provider may read a path more loosely than we do: in another case, decoded twice, with empty or trailing segments,
with `;params`, a trailing dot or space, or the name of a format (`/trigger.json`).
So there are two readings. `exact` is what the request says; `alike` is what a loose provider may understand. The second
only ever makes the judgement stricter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from connectory.actions.filling import Values
from connectory.actions.raw import RawRequest
from connectory.actions.request import server_base
from connectory.catalog.connector import Action, Connector
from connectory.catalog.template import parse_template
from connectory.errors import InvalidPath

_ENDS = re.compile(r"[;?#]")
_FORMAT = re.compile(r"\.[a-z0-9]{1,8}$")
MOST_DECODINGS = 8  # more than any provider does
SAME_METHOD = {"HEAD": "GET"}  # HEAD is GET without the body (RFC 9110 section 9.3.2)


@dataclass(frozen=True, slots=True)
class Matches:
    """The actions that a raw request is, and those that a loose provider may take it for."""

    exact: tuple[Action, ...]
    alike: tuple[Action, ...]


def match_actions(connector: Connector, raw: RawRequest, values: Values) -> Matches:
    """Compare whole URLs, server included, segment by segment. Raises `InvalidPath` for an unknown server."""
    origin, before = _split(server_base(connector, raw.server, values))
    asked = [*before, *raw.path.split("/")[1:]]
    method = SAME_METHOD.get(raw.method.upper(), raw.method.upper())
    exact, alike = [], []
    for action in connector.actions.values():
        request = action.manifest.request
        if SAME_METHOD.get(request.method, request.method) != method:
            continue
        try:
            own_origin, own_before = _split(server_base(connector, request.server, values))
        except InvalidPath:  # a server of facts that this connection lacks: the action cannot be meant
            continue
        if own_origin != origin:
            continue
        literal, path = tuple(own_before), "/{+address}" if request.is_address else request.path
        if _exactly(literal, path).fullmatch("\n".join(map(unquote, asked))):
            exact.append(action)
        elif any(_fits(_loosely(literal, path), line) for line in _loose_lines(asked)):
            alike.append(action)
    return Matches(tuple(exact), tuple(alike))


def _split(base: str) -> tuple[str, list[str]]:
    """The origin of a base URL, and the segments of its path."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}".lower(), [segment for segment in parts.path.split("/") if segment]


def _loose_lines(segments: Sequence[str]) -> tuple[str, ...]:
    """What a loose provider may read, joined by a mark that no segment can hold: as it is, and without an ending."""
    whole = "/".join(segments)
    for _ in range(MOST_DECODINGS):
        whole = unquote(whole)
    parts = [_ENDS.split(segment)[0].rstrip(". ") for segment in whole.replace("\\", "/").casefold().split("/")]
    line = "\n".join(part for part in parts if part)
    return line, _FORMAT.sub("", line)


@lru_cache(maxsize=8192)
def _exactly(before: tuple[str, ...], path: str) -> re.Pattern[str]:
    """A path template as a pattern over lines of segments: a placeholder is one segment, `{+x}` one or more."""
    return re.compile("\n".join([*map(re.escape, before), *map(_segment, path.split("/")[1:])]))


def _segment(template: str) -> str:
    parts = parse_template(template).parts
    return "".join(
        re.escape(unquote(part)) if isinstance(part, str) else r"[^\n]+(?:\n[^\n]+)*" if part.many else r"[^\n]+"
        for part in parts
    )


@lru_cache(maxsize=8192)
def _loosely(before: tuple[str, ...], path: str) -> tuple[str, ...]:
    """What stands between the placeholders of a path template, folded as `_loose_lines` folds."""
    segments = [*before, *(segment for segment in path.split("/") if segment)]
    between = [""]
    for part in parse_template("/".join(segments)).parts:
        if isinstance(part, str):
            between[-1] += unquote(part).replace("/", "\n").casefold()
        else:
            between.append("")
    return tuple(between)


def _fits(between: tuple[str, ...], line: str) -> bool:
    """Whether each placeholder can be some of the line: a value may have held a slash that is a border now.

    Each text is looked for where it stands first, which finds a way if there is one, in linear time for each.
    """
    first, *others = between
    if not others:
        return line == first
    if not line.startswith(first):
        return False
    at = len(first)
    for text in others[:-1]:
        found = line.find(text, at + 1)
        if found < 0:
            return False
        at = found + len(text)
    return len(line) - len(others[-1]) > at and line.endswith(others[-1])
