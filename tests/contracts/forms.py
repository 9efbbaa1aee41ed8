"""Bodies of forms as the trees that they mean, each value of the kind that the schema wants there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from tests.contracts.description import Description, Schema, types_of

# What a body in these goes to Prism as: it reads brackets wrongly, and no parts at all.
AS_JSON = {
    "application/x-www-form-urlencoded": "application/vnd.form+json",
    "multipart/form-data": "application/vnd.multipart+json",
}


def kind_of(request: httpx2.Request) -> str:
    """The media type of a request's body; of related parts that of the first, which alone descriptions know."""
    kind = str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return "application/json" if kind == "multipart/related" else kind


def tree_of(request: httpx2.Request, schema: Schema, description: Description) -> Any:
    """The body of a form, of related parts or of JSON. Raises `ValueError` on what is none of these."""
    header = str(request.headers["content-type"])
    kind = header.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return typed(_unfolded(parse_qsl(request.content.decode(), keep_blank_values=True)), schema, description)
    if not kind.startswith("multipart/"):
        return json.loads(request.content)
    whole = message_from_bytes(f"Content-Type: {header}\r\n\r\n".encode() + request.content)
    parts = [one for one in whole.walk() if not one.is_multipart()]
    texts = [bytes(one.get_payload(decode=True) or b"").decode(errors="replace") for one in parts]
    if kind == "multipart/related":
        return json.loads(texts[0])
    names = [str(one.get_param("name", "", "content-disposition")) for one in parts]
    return typed(_unfolded(zip(names, texts, strict=True)), schema, description)


def typed(tree: Any, schema: Schema, description: Description) -> Any:
    """The tree with each text that means a number or a truth as that, where such a one is due."""
    alternatives = description.alternatives(schema)
    if isinstance(tree, dict):
        known: dict[str, list[Schema]] = {}
        for one in alternatives:
            for name, member in one.get("properties", {}).items():
                known.setdefault(name, []).append(member)
        further = [
            one["additionalProperties"] for one in alternatives if isinstance(one.get("additionalProperties"), dict)
        ]
        return {
            name: typed(one, {"anyOf": known.get(name) or further or [{}]}, description) for name, one in tree.items()
        }
    kinds = {kind for one in alternatives for kind in types_of(one)}
    if isinstance(tree, list):
        inner = [one.get("items", {}) for one in alternatives if "array" in types_of(one)] or alternatives
        return [typed(one, {"anyOf": inner}, description) for one in tree]
    if kinds == {"array"}:
        return typed([tree], schema, description)
    if any("string" in types_of(one) and tree in one.get("enum", [tree]) for one in alternatives):
        return tree
    if kinds & {"integer", "number"} and re.fullmatch(r"-?\d+(\.\d+)?", tree):
        return json.loads(tree)
    return tree == "true" if "boolean" in kinds and tree in ("true", "false") else tree


def _unfolded(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][0]=x` as `{a: {b: [x]}}`; a name that comes twice is a list."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        way = re.findall(r"[^\[\]]+", name)
        place = root
        for step in way[:-1]:
            place = place.setdefault(step, {})
        last = way[-1]
        if name.endswith("[]") or last in place:
            before = place.get(last, [])
            place[last] = [*(before if isinstance(before, list) else [before]), value]
        else:
            place[last] = value
    return {name: _listed(one) for name, one in root.items()}


def _listed(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    made = {name: _listed(one) for name, one in tree.items()}
    return list(made.values()) if made and all(name.isdecimal() for name in made) else made
