"""Changing one member of a JSON document and nothing else: comments, order, spacing and line ends stay.

No maintained library edits JSON with comments in place, so the text is changed by position, and the result is read
again to prove that it says what was meant. Comments and trailing commas are read as VS Code and Zed do.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Path = Sequence[str]
INDENT = "  "
UNSAFE = "It is written in a way that cannot be changed without changing more."
_SKIPPED = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|(?<![\[{,:\s])(\s*),(?=\s*[\]}])')
_SPACE = re.compile(r"[ \t\r\n]*")
_NOT_A_BREAK = re.compile(r"[^\r\n]")


class Unreadable(ValueError):
    """The text is no such document; `line` is where."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(f"line {line}: {problem}")
        self.problem, self.line = problem, line


@dataclass(frozen=True, slots=True)
class Member:
    """Where one member stands: its key, its value, and the comma behind it, if any."""

    key: str
    start: int
    value: int
    end: int
    comma: int | None


def parse(text: str, *, comments: bool) -> dict[str, Any]:
    """Return the document; an empty one is an empty object. Raises `Unreadable`."""
    if not text.strip():
        return {}
    plain = _plain(text) if comments else text
    try:
        found = json.loads(plain, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Unreadable(error.msg, error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable("It is nested too deeply." if isinstance(error, RecursionError) else str(error), 1) from None
    if not isinstance(found, dict):
        raise Unreadable("The document is no object in braces.", 1)
    return found


def put(text: str, path: Path, value: object, *, comments: bool) -> str:
    """Return the text with the member at `path` set; objects on the way that are missing are made.

    Raises `Unreadable` where something on the way is no object.
    """
    document = parse(text, comments=comments)
    changed = _put(text if text.strip() else f"{{}}{_line_end(text)}", path, value)
    return _proven(changed, _with(document, path, value), comments=comments)


def drop(text: str, path: Path, *, comments: bool) -> str:
    """Return the text without the member at `path`; unchanged where there is none."""
    document = parse(text, comments=comments)
    if not text.strip():
        return text
    changed = text
    while (found := _find(changed, path)) is not None:  # a name given twice: the first would come into force again
        changed = _drop(changed, *found)
    return _proven(changed, _without(document, path), comments=comments)


def line_of(text: str, path: Path) -> int:
    """Return the line on which the member at `path` begins."""
    found = _find(text, path)
    return text.count("\n", 0, found[1].start) + 1 if found is not None else 1


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number.")


def _plain(text: str) -> str:
    """The same text, place by place, with comments and trailing commas as spaces."""
    return _TRAILING_COMMA.sub(lambda found: found[1] or f"{found[2]} ", _uncommented(text))


def _uncommented(text: str) -> str:
    return _SKIPPED.sub(lambda found: found[1] or _NOT_A_BREAK.sub(" ", found[0]), text)


def _members(text: str, opening: int) -> tuple[list[Member], int]:
    """Return the members of the object that begins at `opening`, and where its closing brace stands."""
    bare, decoder = _uncommented(text), json.JSONDecoder()
    whole = _plain(text)
    listed: list[Member] = []
    at = _behind_space(bare, opening + 1)
    while bare[at] != "}":
        key, end = decoder.raw_decode(bare, at)
        value = _behind_space(bare, _behind_space(bare, end) + 1)
        _, end = decoder.raw_decode(whole, value)
        following = _behind_space(bare, end)
        comma = following if bare[following] == "," else None
        listed.append(Member(key, at, value, end, comma))
        at = following if comma is None else _behind_space(bare, comma + 1)
    return listed, at


def _find(text: str, path: Path) -> tuple[Sequence[Member], Member, int, int] | None:
    """Return the member at `path`, last of its name: its siblings, itself, and its object's two braces."""
    opening = _behind_space(_uncommented(text), 0)
    found: tuple[Sequence[Member], Member, int, int] | None = None
    for depth, key in enumerate(path):
        members, closing = _members(text, opening)
        member = next((one for one in reversed(members) if one.key == key), None)
        if member is None:
            return None
        found = (members, member, opening, closing)
        if depth < len(path) - 1:
            if text[member.value] != "{":
                return None
            opening = member.value
    return found


def _put(text: str, path: Path, value: object) -> str:
    found = _find(text, path)
    if found is not None:
        _, member, _, _ = found
        shown = _written(value, text, _indent_at(text, member.start))
        return text[: member.value] + shown + text[member.end :]
    above = _find(text, path[:-1]) if len(path) > 1 else None
    if len(path) > 1 and above is None:
        return _put(text, path[:-1], {path[-1]: value})
    if above is not None and text[above[1].value] != "{":
        raise Unreadable(f"'{path[-2]}' is no object in braces.", line_of(text, path[:-1]))
    return _insert(text, above[1].value if above else _behind_space(_uncommented(text), 0), path[-1], value)


def _insert(text: str, opening: int, key: str, value: object) -> str:
    members, closing = _members(text, opening)
    outer, line_end = _indent_at(text, opening), _line_end(text)
    is_inline = bool(members) and "\n" not in text[opening:closing]
    inner = _indent_at(text, members[0].start) if members and not is_inline else outer + _unit(text)
    place = _end_of_content(text, closing)
    if is_inline:
        member = f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
    else:
        member = f"{line_end}{inner}{json.dumps(key)}: {_written(value, text, inner)}"
    if not members:
        return text[:place] + member + line_end + outer + text[closing:]
    last = members[-1]
    if last.comma is not None:
        return text[:place] + member + "," + text[place:]
    return text[: last.end] + "," + text[last.end : place] + member + text[place:]


def _end_of_content(text: str, closing: int) -> int:
    """Where the last line before a closing brace ends: behind its comment, which so stays with its member."""
    last = len(text[:closing].rstrip())
    end = text.find("\n", last, closing)
    return last if end < 0 else end - text[:end].endswith("\r")


def _drop(text: str, members: Sequence[Member], member: Member, opening: int, closing: int) -> str:
    before = next((one for one, following in pairwise(members) if following is member), None)
    start = len(text[: member.start].rstrip(" \t"))
    if text[:start].endswith("\n"):  # it begins its line: the line goes too
        start = len(text[:start].removesuffix("\n").removesuffix("\r"))
    else:
        start = len(text[: member.start].rstrip())
    end = member.end if member.comma is None else member.comma + 1
    if text[start - 1] == "{":
        end += len(text[end:]) - len(text[end:].lstrip(" \t"))
    if len(members) == 1 and not text[opening + 1 : start].strip() and not text[end:closing].strip():
        return text[: opening + 1] + text[closing:]
    kept = text[:start] + text[end:]
    if member.comma is None and before is not None and before.comma is not None:
        kept = kept[: before.comma] + kept[before.comma + 1 :]
    return kept


def _written(value: object, text: str, indent: str) -> str:
    shown = json.dumps(value, indent=_unit(text), ensure_ascii=False)
    return shown.replace("\n", f"{_line_end(text)}{indent}")


def _behind_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _indent_at(text: str, place: int) -> str:
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """What one level is indented by: what the first indented line has."""
    found = re.search(r"^([ \t]+)\S", _uncommented(text), re.MULTILINE)
    return found[1] if found else INDENT


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _with(document: Mapping[str, Any], path: Path, value: object) -> dict[str, Any]:
    inner = value if len(path) == 1 else _with(document.get(path[0]) or {}, path[1:], value)
    return {**document, path[0]: inner}


def _without(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    inner = document.get(path[0])
    if len(path) == 1:
        return {key: value for key, value in document.items() if key != path[0]}
    return {**document, path[0]: _without(inner, path[1:])} if isinstance(inner, dict) else dict(document)


def _proven(text: str, meant: Mapping[str, Any], *, comments: bool) -> str:
    """Return the text once it is read again and says what was meant."""
    with contextlib.suppress(Unreadable):
        if parse(text, comments=comments) == meant:
            return text
    raise Unreadable(UNSAFE, 1)
