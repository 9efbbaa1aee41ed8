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

from connectory.catalog.habits import as_list, as_mapping, as_scalar, as_word, instead_of_key, instead_of_word
from connectory.catalog.manifest import CONNECTOR_NAME, WORD, Manifest
from connectory.spelling import did_you_mean

if TYPE_CHECKING:
    from connectory.catalog.yaml_document import Document, KeyPath

MOST = 50  # problems told of one file
MOST_TEXT = 500  # characters of one message
NEWER = "Or the file is for a newer Connectory."
WORD_HINT = "Use a-z, 0-9 and _, a letter first."
# What a text must look like, by how its pattern begins, and how it is written.
PATTERNS = {
    CONNECTOR_NAME: (
        "This is no connector's name.",
        "Write it like my-shop: a-z, 0-9 and -, a letter first, 24 at most.",
    ),
    WORD: ("This is no name.", WORD_HINT),
    "^https?": ("This is no web address.", "Write it like https://example.com/docs."),
    r"^\s*<svg": ("This is no SVG.", "Begin with <svg."),
}
# What pydantic misses, by its error's type, and JSON Schema's types, in the words of who writes YAML.
KINDS = {
    "string_type": "text", "int_type": "a whole number", "int_from_float": "a whole number",
    "float_type": "a number", "bool_type": "true or false", "list_type": "a list", "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys", "model_attributes_type": "a mapping of keys",
    "int_parsing": "a whole number", "float_parsing": "a number", "bool_parsing": "true or false",
}  # fmt: skip
TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
    "object": "a mapping of keys",
}  # fmt: skip
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
    located = [(item, *_locate(item)) for item in error.errors(include_url=False)[:MOST]]
    findings = [_explain(item, path, node) for item, path, node in located if not _is_shadowed(path, item, located)]
    return list({item.path: item for item in reversed(findings)}.values())[::-1]  # of a union's branches, the first


@lru_cache(maxsize=1)
def _schema() -> Schema:
    return Manifest.model_json_schema(by_alias=True)


def _explain(error: ErrorDetails, path: KeyPath, node: Schema) -> Finding:
    last = str(path[-1]) if path else ""
    kind = error["type"]
    match kind:
        case "extra_forbidden":
            known = _keys(node)
            hint = instead_of_key(_models(node), last) or did_you_mean(last[:60], known)
            hint = hint or (f"Allowed here: {', '.join(known)}. {NEWER}" if known else NEWER)
            return Finding(path, f"'{last[:60]}' is no key of this place.", hint)
        case "missing":
            words = _words(node)
            hint = f"It is one of {', '.join(words)}." if words else str(node.get("description", ""))
            return Finding(path, f"'{last}' is missing.", hint)
        case "union_tag_not_found" | "union_tag_invalid":
            return _explain_tag(error, path, node)
        case "literal_error" | "enum":
            hint = instead_of_word(last, error["input"]) or did_you_mean(str(error["input"])[:60], _words(node))
            hint = hint or (NEWER if isinstance(error["input"], str) or path == ("format",) else "")
            return Finding(path, _sentence(error["msg"].replace("Input", "This", 1)), hint)
        case "string_pattern_mismatch" if error["loc"][-1] == "[key]":
            word = as_word(last)[:60]
            hint = f"Write {word}. {WORD_HINT}" if word else WORD_HINT
            own = " The provider's own spelling stays in `query` or `body`." if path[-2:-1] == ("inputs",) else ""
            return Finding(path, f"The name '{last[:60]}' is not allowed.", hint + own)
        case "string_pattern_mismatch":
            pattern = str(error.get("ctx", {}).get("pattern", ""))
            told = next((told for start, told in PATTERNS.items() if pattern.startswith(start)), None)
            return Finding(path, *(told or (_sentence(error["msg"]),)))
        case "value_error":
            message = error["msg"].removeprefix("Value error, ")
            return Finding(_nearer(path, node, message), _sentence(message))
        case _ if kind in KINDS:
            kinds = _kinds(node) or [KINDS[kind]]
            hint = _cure(path, kinds, error["input"])
            return Finding(path, f"This should be {' or '.join(kinds)}.", hint)
        case _:
            return Finding(path, _sentence(error["msg"]))


def _explain_tag(error: ErrorDetails, path: KeyPath, node: Schema) -> Finding:
    """The key that chooses a model, such as `method` or `style`, is not there or names none."""
    key = str(error["ctx"]["discriminator"]).strip("'") if "ctx" in error else ""
    known = f"It is one of {', '.join(_tags(node))}."
    if error["type"] == "union_tag_not_found" or "ctx" not in error:
        return Finding((*path, key), f"'{key}' is missing.", known)
    given = str(error["ctx"]["tag"])[:60]
    return Finding(
        (*path, key),
        f"There is no {key} {given!r}.",
        instead_of_word(key, given) or did_you_mean(given, _tags(node)) or f"{known} {NEWER}",
    )


def _cure(path: KeyPath, kinds: Sequence[str], given: object) -> str:
    """How the value is written, where it may be of one kind only."""
    if len(kinds) != 1:
        return as_scalar("", given)
    if kinds[0] == TYPES["array"]:
        return as_list(str(path[-1]), given)
    return as_mapping(path, given) if kinds[0] == TYPES["object"] else as_scalar(kinds[0], given)


def _nearer(path: KeyPath, node: Schema, message: str) -> KeyPath:
    """What a model says of itself is about the first of its keys that the message names in backticks."""
    known = _keys(node)
    found = next((word for word in message.split("`")[1::2] if word in known), None)
    return path if found is None else (*path, found)


def _is_shadowed(path: KeyPath, error: ErrorDetails, located: Sequence[tuple[ErrorDetails, KeyPath, Schema]]) -> bool:
    """Whether another branch of the same union got further: then what is wrong is wrong further in."""
    return error["type"] in KINDS and any(
        len(other) > len(path) and other[: len(path)] == path for _, other, _ in located
    )


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
        tagged = _branches(node).get(part) if isinstance(part, str) else None
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


def _branches(node: Schema) -> Mapping[str, str]:
    """Return the models of a tagged union by their tags, also where the union is an alternative of others."""
    node = _resolve(node)
    own: Mapping[str, str] = node.get("discriminator", {}).get("mapping", {})
    return own or next((found for one in node.get("anyOf", ()) if (found := _branches(one))), {})


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


def _models(node: Schema) -> list[str]:
    """Return the models that a value here may be, by name."""
    node = _resolve(node)
    return [str(node.get("title", "")), *(name for one in node.get("anyOf", ()) for name in _models(one))]


def _keys(node: Schema) -> list[str]:
    node = _resolve(node)
    found = [key for alternative in node.get("anyOf", ()) for key in _keys(alternative)]
    return [*node.get("properties", {}), *found]


def _words(node: Schema) -> list[str]:
    node = _resolve(node)
    found = [word for alternative in node.get("anyOf", ()) for word in _words(alternative)]
    return [*(str(word) for word in node.get("enum", ())), *found]


def _tags(node: Schema) -> list[str]:
    return list(_branches(node))


def _kinds(node: Schema) -> list[str]:
    """Return what a value may be, in words, where that is a choice of plain kinds."""
    node = _resolve(node)
    kinds = [TYPES[one["type"]] for one in node.get("anyOf", ()) if one.get("type") in TYPES]
    return kinds if len(kinds) == len([one for one in node.get("anyOf", ()) if one != {"type": "null"}]) else []
