"""Changing one member of a YAML document and nothing else: comments, order, quotes and spacing stay.

PyYAML tells where each member stands; the text is changed there and read again to prove that it says what was meant.
ruamel.yaml would write the whole document anew: it spells nulls its own way, and with a member it takes away the
comment that follows it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from connectory.cli.clients.json_text import UNSAFE, Path, Unreadable

INDENT = "  "
UNBROKEN = 1_000_000  # columns: a long value stays one line


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a mapping: its key, its value, and where the member ends."""

    key: yaml.ScalarNode
    value: yaml.Node
    end: int

    @property
    def start(self) -> int:
        """Where its key begins."""
        return int(self.key.start_mark.index)


def parse(text: str) -> dict[str, Any]:
    """Return the document; an empty one is an empty mapping. Raises `Unreadable`."""
    try:
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(str(error.problem or error.context), mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"It is no YAML ({type(error).__name__}).", 1) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Unreadable("The document is no mapping.", 1)
    return found


def put(text: str, path: Path, value: object) -> str:
    """Return the text with the member at `path` set; mappings on the way that are missing are made.

    Raises `Unreadable` where something on the way is no mapping.
    """
    meant = _with(parse(text), path, value)
    return _proven(_put(text, path, value), meant)


def drop(text: str, path: Path) -> str:
    """Return the text without the member at `path`; unchanged where there is none."""
    meant = _without(parse(text), path)
    changed = text
    while (found := _find(changed, path)) is not None:
        changed = _drop(changed, path, *found)
    return _proven(changed, meant)


def line_of(text: str, path: Path) -> int:
    """Return the line on which the member at `path` begins."""
    found = _find(text, path)
    return found[1].key.start_mark.line + 1 if found is not None else 1


def _put(text: str, path: Path, value: object) -> str:
    found = _find(text, path)
    if found is not None:
        above, member = found
        return text[: member.start] + _written(text, path[-1], value, above) + text[member.end :]
    if len(path) == 1:
        return _insert(text, _root(text), path[0], value)
    outer = _find(text, path[:-1])
    if outer is None:
        return _put(text, path[:-1], {path[-1]: value})
    _, member = outer
    if isinstance(member.value, yaml.MappingNode) and member.value.value:
        return _insert(text, member.value, path[-1], value)
    if not isinstance(member.value, yaml.MappingNode) and member.value.tag != "tag:yaml.org,2002:null":
        raise Unreadable(f"'{path[-2]}' is no mapping.", line_of(text, path[:-1]))
    return _fill(text, member, path[-1], value, outer[0])


def _insert(text: str, mapping: yaml.MappingNode | None, key: str, value: object) -> str:
    """Write a member behind the last one of a mapping that has some, or at the document's end."""
    if mapping is None:
        return _ended(_without_braces(text)) + _written(text, key, value, None, "") + _line_end(text)
    last = _members(mapping)[-1]
    if mapping.flow_style:
        return text[: last.end] + ", " + _written(text, key, value, mapping) + text[last.end :]
    place = _end_of_line(text, last.end)
    indent = " " * last.key.start_mark.column
    return text[:place] + _line_end(text) + indent + _written(text, key, value, mapping, indent) + text[place:]


def _fill(text: str, member: Member, key: str, value: object, above: yaml.MappingNode) -> str:
    """Write the first member of a mapping that is empty."""
    start, end = int(member.value.start_mark.index), member.end
    if above.flow_style:
        return text[:start].rstrip() + " {" + _written(text, key, value, above) + "}" + text[end:]
    indent = " " * member.key.start_mark.column + INDENT
    place = _end_of_line(text, end)
    inner = indent + _written(text, key, value, None, indent)
    return text[:start].rstrip(" ") + text[end:place] + _line_end(text) + inner + text[place:]


def _drop(text: str, path: Path, above: yaml.MappingNode, member: Member) -> str:
    members = _members(above)
    at = next(place for place, one in enumerate(members) if one.start == member.start)
    if above.flow_style:
        start = members[at - 1].end if at else member.start
        end = members[1].start if at == 0 and len(members) > 1 else member.end
        return text[:start] + text[end:]
    begin, end = text.rfind("\n", 0, member.start) + 1, _end_of_line(text, member.end)
    rest = text[end:].removeprefix("\r").removeprefix("\n")
    outer = _find(text, path[:-1]) if len(path) > 1 and len(members) == 1 else None
    if outer is None:
        return text[:begin] + rest
    colon = text.index(":", int(outer[1].key.end_mark.index)) + 1  # nothing below it: not null, but an empty mapping
    return text[:colon] + " {}" + text[colon:begin] + rest


def _root(text: str) -> yaml.MappingNode | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return root if isinstance(root, yaml.MappingNode) and root.value else None


def _without_braces(text: str) -> str:
    """The text of an empty document without the `{}` that may stand for it."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return text if root is None else text[: root.start_mark.index] + text[root.end_mark.index :].lstrip()


def _find(text: str, path: Path) -> tuple[yaml.MappingNode, Member] | None:
    """Return the member at `path`, the last of its name, and the mapping that it is in."""
    mapping: yaml.Node | None = _root(text)
    found: tuple[yaml.MappingNode, Member] | None = None
    for key in path:
        if not isinstance(mapping, yaml.MappingNode):
            return None
        member = next((one for one in reversed(_members(mapping)) if one.key.value == key), None)
        if member is None:
            return None
        found, mapping = (mapping, member), member.value
    return found


def _members(mapping: yaml.MappingNode) -> list[Member]:
    return [Member(key, value, _end(value, int(key.end_mark.index))) for key, value in mapping.value]


def _end(node: yaml.Node, least: int) -> int:
    """Where a value ends: PyYAML lets block collections reach over the comments behind them."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        inner = [part for one in node.value for part in (one if isinstance(one, tuple) else (one,))]
        return max((_end(one, least) for one in inner), default=least)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return max(least, len(str(node.end_mark.buffer)[: node.end_mark.pointer].rstrip()))
    return max(least, int(node.end_mark.index))


def _written(text: str, key: str, value: object, above: yaml.MappingNode | None, indent: str | None = None) -> str:
    """One member without the indent of its first line; JSON, which is YAML too, in a mapping in braces."""
    if above is not None and above.flow_style:
        return f"{key}: {json.dumps(value, ensure_ascii=False)}"
    if indent is None:
        indent = " " * _members(above)[0].key.start_mark.column if above is not None else ""
    shown = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=UNBROKEN)
    return shown.rstrip("\n").replace("\n", f"{_line_end(text)}{indent}")


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1] == "\r" and end > at else end


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + _line_end(text)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _with(document: Mapping[str, Any], path: Path, value: object) -> dict[str, Any]:
    inner = document.get(path[0]) or {}
    if len(path) > 1 and not isinstance(inner, dict):
        return dict(document)  # `_put` says what is wrong
    return {**document, path[0]: value if len(path) == 1 else _with(inner, path[1:], value)}


def _without(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    inner = document.get(path[0])
    if len(path) == 1:
        return {key: value for key, value in document.items() if key != path[0]}
    return {**document, path[0]: _without(inner, path[1:])} if isinstance(inner, dict) else dict(document)


def _proven(text: str, meant: Mapping[str, Any]) -> str:
    """Return the text once it is read again and says what was meant."""
    with contextlib.suppress(Unreadable):
        if parse(text) == meant:
            return text
    raise Unreadable(UNSAFE, 1)
