"""What is wrong with a manifest, said so that its writer can mend it: file, line, key, message, and what was meant.

Pydantic names the place by the model's ways (union tags, "[key]"); here it becomes the key path as the file has it. The
published JSON Schema is walked beside it, because it knows which keys are allowed where.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectory.catalog.manifest import Manifest
from connectory.errors import did_you_mean

if TYPE_CHECKING:
    from connectory.catalog.yaml_document import Document, KeyPath

MOST = 50  # problems told of one file
MOST_TEXT = 500  # characters of one message
WORD_HINT = "Use a-z, 0-9 and _, a letter first."
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ManifestProblem:
    """One thing wrong with a manifest, or with a folder of them (`line` 0, `key` empty)."""

    file: str
    line: int
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """`file:line: key path: message hint`, as editors and people expect it."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.key, f"{self.message} {self.hint}".strip()) if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that knows its key path, but not yet its file and line."""

    path: KeyPath
    message: str
    hint: str = ""


def file_text(file: Path) -> str:
    """Write a path so that it can be printed and stored: a name that is not UTF-8 has `\\xNN` for its odd bytes."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def key_text(path: KeyPath) -> str:
    """Write a key path as people do: `actions.list_issues.inputs.labels.enum[0]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def place(findings: Sequence[Finding], document: Document, file: Path) -> tuple[ManifestProblem, ...]:
    """Give findings their file and line, in the order of the file."""
    placed = [
        ManifestProblem(
            file_text(file), document.line_of(item.path), key_text(item.path), item.message[:MOST_TEXT], item.hint
        )
        for item in findings[:MOST]
    ]
    return tuple(sorted(placed, key=lambda problem: problem.line))


def explain(error: ValidationError) -> list[Finding]:
    """Turn pydantic's errors into findings, with the nearest key or word where something was misspelt."""
    findings = [_explain(item) for item in error.errors(include_url=False)[:MOST]]
    return list({item.path: item for item in reversed(findings)}.values())[::-1]  # of a union's branches, the first


@lru_cache(maxsize=1)
def _schema() -> Schema:
    return Manifest.model_json_schema(by_alias=True)


def _explain(error: ErrorDetails) -> Finding:
    path, node = _locate(error)
    last = str(path[-1]) if path else ""
    match error["type"]:
        case "extra_forbidden":
            known = _keys(node)
            hint = did_you_mean(last, known) or (f"Allowed here: {', '.join(known)}." if known else "")
            return Finding(path, f"'{last}' is no key of this place.", hint)
        case "missing":
            return Finding(path, f"'{last}' is missing.")
        case "union_tag_not_found":
            return Finding((*path, "method"), "'method' is missing.", f"It is one of {', '.join(_tags(node))}.")
        case "union_tag_invalid":
            given = str(error["ctx"]["tag"]) if "ctx" in error else ""
            hint = did_you_mean(given, _tags(node)) or f"It is one of {', '.join(_tags(node))}."
            return Finding((*path, "method"), f"There is no method {given[:60]!r}.", hint)
        case "literal_error" | "enum":
            return Finding(path, f"{_sentence(error['msg'])}", did_you_mean(str(error["input"])[:60], _words(node)))
        case "string_pattern_mismatch" if error["loc"][-1] == "[key]":
            return Finding(
                path,
                f"The name '{last[:60]}' is not allowed.",
                WORD_HINT,
            )
        case _:
            return Finding(path, _sentence(error["msg"].removeprefix("Value error, ")))


def _sentence(message: str) -> str:
    text = message[:1].upper() + message[1:]
    return text if text.endswith(".") else text + "."


def _locate(error: ErrorDetails) -> tuple[KeyPath, Schema]:
    """Follow pydantic's `loc` through the schema: what only names a branch of a union falls away.

    The schema node at the end comes back too; of an unknown key, the node that does not know it.
    """
    path: list[str | int] = []
    node: Schema = _schema()
    for part in error["loc"]:
        tagged = node.get("discriminator", {}).get("mapping", {}).get(part) if isinstance(part, str) else None
        if tagged is not None:
            node = _resolve({"$ref": tagged})
            continue
        following = _step(node, part)
        if following is not None:
            node = following
            path.append(part)
        elif error["type"] == "extra_forbidden":
            path.append(part)
    return tuple(path), node


def _resolve(node: Schema) -> Schema:
    while "$ref" in node:
        node = _schema()["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _step(node: Schema, part: str | int) -> Schema | None:
    """Return the schema of `node`'s member `part`, or None."""
    node = _resolve(node)
    for alternative in node.get("anyOf", ()):
        if (found := _step(alternative, part)) is not None:
            return found
    if isinstance(part, int):
        return _resolve(node["items"]) if "items" in node else None
    members: list[Any] = [node.get("properties", {}).get(part), *node.get("patternProperties", {}).values()]
    members.append(node.get("additionalProperties"))
    return next((_resolve(member) for member in members if isinstance(member, dict)), None)


def _keys(node: Schema) -> list[str]:
    node = _resolve(node)
    found = [key for alternative in node.get("anyOf", ()) for key in _keys(alternative)]
    return [*node.get("properties", {}), *found]


def _words(node: Schema) -> list[str]:
    node = _resolve(node)
    found = [word for alternative in node.get("anyOf", ()) for word in _words(alternative)]
    return [*(str(word) for word in node.get("enum", ())), *found]


def _tags(node: Schema) -> list[str]:
    return list(_resolve(node).get("discriminator", {}).get("mapping", {}))
