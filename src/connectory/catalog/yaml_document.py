"""Read YAML strictly: one pass over the parser's events, all limits checked before anything is built (attack 103).

PyYAML's own loaders keep the last of two equal keys, build lists that hold themselves, and load an alias bomb in
milliseconds that explodes when it is copied (PyYAML 6.0, measured). So its C parser is used for events only, and the
tree is built here: no tags, no merge keys, few aliases, a limited depth. Unquoted scalars are read as YAML 1.2 does
(section 10.3): `no` and `2026-03-10` are text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]  # where in the tree: keys and positions from the root

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_NODES = 50_000  # aliases counted with all that they repeat
MAX_ANCHORS = 64
MAX_KEY = 200  # characters
_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # the pure one where libyaml is missing: slower, same events
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?")
_FORBIDDEN = re.compile(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # YAML 1.2 section 5.1
_HINT = "Check indentation, quotes and colons here."
_HINTS: Mapping[str, str] = {  # by libyaml's words
    "mapping values are not allowed": "A text that holds a colon and a space stands in quotes; keys of one mapping "
    "begin in the same column.",
    "did not find expected ',' or": "Inside { } and [ ], text with braces, brackets or a comma stands in quotes.",
    "did not find expected key": "Keys of one mapping begin in the same column, a quote is closed where the text ends, "
    "and a text that begins with a brace or a quote is quoted as a whole.",
    "did not find expected alphabetic": "A text that begins with * or & stands in quotes.",
    "did not find expected '-'": "All items of a list begin in the same column.",
    "could not find expected ':'": "Is a colon missing, or a text on several lines without quotes?",
    "found unexpected end of stream": "A quote is opened and not closed.",
    "did not find expected node content": "A value or a closing bracket is missing.",
}
_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class DocumentInvalid(ValueError):
    """The text cannot be read as one plain tree; `loading.py` turns it into a `ManifestProblem`."""

    def __init__(self, line: int, path: KeyPath, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.line, self.path, self.message, self.hint = line, path, message, hint


@dataclass(frozen=True, slots=True)
class Document:
    """A tree of dicts, lists and JSON scalars, and the line on which each part begins."""

    value: Any
    lines: Mapping[KeyPath, int]

    def line_of(self, path: KeyPath) -> int:
        """Return the line of `path`, or of the nearest part around it that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(data: bytes) -> Document:
    """Parse one YAML document. Raises `DocumentInvalid`."""
    if len(data) > MAX_BYTES:
        raise DocumentInvalid(
            1, (), f"The file is larger than {MAX_BYTES:,} bytes.", "A manifest is one provider: split it."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentInvalid(line, (), "The file is not UTF-8 text.", "Save it as UTF-8.") from None
    builder = _Builder()
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.reader.ReaderError:
        at, character = next((found.start(), found[0]) for found in _FORBIDDEN.finditer(text))
        line = text.count("\n", 0, at) + 1
        hint = f"Remove the character U+{ord(character):04X}."
        raise DocumentInvalid(
            line, (), "This is not YAML: it holds a character that YAML does not allow.", hint
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "it cannot be read"
        line = mark.line + 1 if mark is not None else 1
        raise DocumentInvalid(line, (), f"This is not YAML: {said}.", _yaml_hint(said, text, mark)) from None
    return Document(builder.root, builder.lines)


def _yaml_hint(said: str, text: str, mark: Any) -> str:
    """Say what a writer most likely did, by what the parser could not read."""
    if "tab" in said or (mark is not None and text[mark.index : mark.index + 1] == "\t"):
        return "Indent with spaces: YAML takes no tabs."
    if "cannot start any token" in said and mark is not None:
        return f"A text that begins with {text[mark.index : mark.index + 1]} stands in quotes."
    return next((hint for words, hint in _HINTS.items() if words in said), _HINT)


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_LOADER)


@dataclass(slots=True)
class _Frame:
    """A mapping or list under construction."""

    container: dict[str, Any] | list[Any]
    path: KeyPath
    anchor: str | None
    is_flow: bool  # written in { } or [ ]
    key: str | None = None
    nodes: int = 1


@dataclass(slots=True)
class _Anchor:
    value: Any = None
    nodes: int | None = None  # None while what it names is still being built


@dataclass(slots=True)
class _Builder:
    root: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    _stack: list[_Frame] = field(default_factory=list)
    _anchors: dict[str, _Anchor] = field(default_factory=dict)
    _documents: int = 0
    _nodes: int = 0

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise DocumentInvalid(
                        line, (), "The file holds more than one YAML document.", "Remove the `---` line."
                    )
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                frame = self._stack.pop()
                self._name(frame.anchor, frame.container, frame.nodes)
                self._place(frame.container, frame.nodes)
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.AliasEvent():
                self._alias(event.anchor, line)
            case _:
                pass  # the stream's and the document's ends carry nothing

    def _open(self, event: Any, line: int) -> None:
        self._check_plain(event, line)
        path = self._begin(line)
        if len(self._stack) >= MAX_DEPTH:
            raise DocumentInvalid(line, path, f"It is nested more than {MAX_DEPTH} levels deep.", "Flatten it.")
        container: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        if self._wants_key():
            hint = "A text that begins with a brace or a bracket stands in quotes; a key is one word."
            raise DocumentInvalid(line, path, "A key must be text.", hint)
        self._stack.append(_Frame(container, path, event.anchor, bool(event.flow_style)))

    def _scalar(self, event: Any, line: int) -> None:
        self._check_plain(event, line)
        plain = event.implicit[0]  # unquoted
        if self._wants_key():
            self._key(event.value, _plain_value(event.value) if plain else event.value, line, plain=plain)
            self._name(event.anchor, event.value, 1)
            return
        path = self._begin(line)
        if plain and event.value == "" and self._stack and self._stack[-1].is_flow and path:
            name = str(path[-1])
            raise DocumentInvalid(
                line,
                path,
                f"{{{name}}} without quotes is a mapping whose '{name}' is empty.",
                f'Write it in quotes: "{{{name}}}". A key that means null says so: {{{name}: null}}.',
            )
        value = _plain_value(event.value) if plain else event.value
        self._name(event.anchor, value, 1)
        self._place(value, 1)

    def _alias(self, name: str | None, line: int) -> None:
        anchor = self._anchors.get(name or "")
        path = self._path()
        if anchor is None or anchor.nodes is None:
            what = "is not defined before it" if anchor is None else "stands inside what it names"
            raise DocumentInvalid(line, path, f"The alias *{(name or '')[:60]} {what}.", "Write the value out.")
        if self._wants_key():
            raise DocumentInvalid(line, path, "A key must be text, not an alias.", "Write the key out.")
        self._begin(line, anchor.nodes)
        self._place(anchor.value, anchor.nodes)

    def _key(self, text: str, value: Any, line: int, *, plain: bool) -> None:
        frame = self._stack[-1]
        assert isinstance(frame.container, dict)
        if len(text) > MAX_KEY:
            raise DocumentInvalid(line, frame.path, f"A key has more than {MAX_KEY} characters.", "Is a quote missing?")
        if plain and not text:
            raise DocumentInvalid(line, frame.path, "A key is empty.", "Write a word before the colon.")
        path = (*frame.path, text)
        if not isinstance(value, str):
            raise DocumentInvalid(
                line, path, f"The key {text or 'null'} is not text.", f'Write it in quotes: "{text}".'
            )
        if plain and text == "<<":
            raise DocumentInvalid(line, path, "Merge keys (<<) are not supported.", "Write the keys out.")
        if text in frame.container:
            first = self.lines[path]
            raise DocumentInvalid(
                line, path, f"The key '{text}' stands here twice; first on line {first}.", "Keep one of them."
            )
        frame.key = text
        self.lines[path] = line
        frame.container[text] = None

    def _begin(self, line: int, nodes: int = 1) -> KeyPath:
        """Count a value that begins, and note its line: for a value in a mapping the line of its key, already noted."""
        path = self._path()
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise DocumentInvalid(
                line, path, f"It holds more than {MAX_NODES:,} values, aliases counted in full.", "Make it smaller."
            )
        self.lines.setdefault(path, line)
        return path

    def _place(self, value: Any, nodes: int) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        frame.nodes += nodes
        if isinstance(frame.container, list):
            frame.container.append(value)
        elif frame.key is not None:
            frame.container[frame.key] = value
            frame.key = None

    def _name(self, anchor: str | None, value: Any, nodes: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = _Anchor(value, nodes)

    def _path(self) -> KeyPath:
        if not self._stack:
            return ()
        frame = self._stack[-1]
        if isinstance(frame.container, list):
            return (*frame.path, len(frame.container))
        return frame.path if frame.key is None else (*frame.path, frame.key)

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].container, dict) and self._stack[-1].key is None

    def _check_plain(self, event: Any, line: int) -> None:
        """Refuse tags, and count anchors when they open, so that a million of them cost nothing."""
        if event.tag is not None:
            raise DocumentInvalid(
                line, self._path(), f"Tags such as {event.tag[:60]} are not allowed.", "Write a plain value."
            )
        if event.anchor is not None:
            if event.anchor not in self._anchors and len(self._anchors) >= MAX_ANCHORS:
                raise DocumentInvalid(
                    line, self._path(), f"It has more than {MAX_ANCHORS} anchors.", "Write values out."
                )
            self._anchors[event.anchor] = _Anchor()


def _plain_value(text: str) -> Any:
    """Read an unquoted scalar: JSON's numbers and words, all else text."""
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if number[2] is None and number[3] is None:
        return int(text)
    value = float(text)
    return value if math.isfinite(value) else text
