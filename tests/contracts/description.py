"""An OpenAPI 3 description of a provider's API, as far as a contract needs it.

Schemas are read as alternatives: the list of plain schemas of which a value may follow any one. References are
resolved, `oneOf` and `anyOf` spread out, `allOf` merged; an empty schema allows anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.contracts.fetch import reduce_document
from tests.contracts.paths import fits

Schema = Mapping[str, Any]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_ALTERNATIVES = 200  # GitHub's largest answer has under 20


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: where it stands in the description, and what it says, its path's parameters included."""

    method: str
    path: str
    says: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]

    def parameter(self, place: str, name: str) -> Mapping[str, Any] | None:
        """The parameter of that name in `path`, `query` or `header` (whose names have no case).

        `created[gte]` is a member of `created`, and `expand[]` the list, where these are told to go by brackets.
        """
        key = str.lower if place == "header" else str
        found = next((one for one in self.parameters if one["in"] == place and key(one["name"]) == key(name)), None)
        whole, bracket, member = name.partition("[")
        if found is not None or not bracket:
            return found
        found = next((one for one in self.parameters if (one["in"], one["name"]) == (place, whole)), None)
        if found is None or found.get("style") != "deepObject":
            return None
        schema = _member_of(found.get("schema", {}), member.rstrip("]"))
        return None if schema is None else {**found, "schema": schema}


class Description:
    """A parsed OpenAPI 3 document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a path of ours goes to, whatever its parameters are called: `/repos/{0}/{1}`.

        `path` counts from the host, as do the description's below its server. Where several fit, the most exact one.
        """
        base = self.base_path
        known = [one for one, item in self.document["paths"].items() if method.lower() in item]
        best, name = max(((fits(base + one, path), one) for one in known), default=(-1, ""))
        if best < 0:
            return None
        item = self.document["paths"][name]
        says = item[method.lower()]
        given = [self.resolved(one) for one in (*item.get("parameters", ()), *says.get("parameters", ()))]
        merged = {(one["in"], one["name"]): one for one in given}
        return Operation(method.upper(), name, says, tuple(merged.values()))

    @property
    def base_path(self) -> str:
        """The path of the description's first server, without a slash at its end."""
        servers = self.document.get("servers") or [{"url": ""}]
        return urlsplit(str(servers[0]["url"])).path.rstrip("/")

    def resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a reference within the document (RFC 6901), as often as one leads to the next."""
        while "$ref" in value:
            value = self._at(value["$ref"])
        return value

    def alternatives(self, schema: Schema) -> list[Schema]:
        """The plain schemas of which a value may follow any one."""
        schema = self.resolved(schema)
        own = {key: value for key, value in schema.items() if key not in ("oneOf", "anyOf", "allOf")}
        spread: list[list[Schema]] = [
            [found for one in schema[word] for found in self.alternatives(one)]
            for word in ("oneOf", "anyOf")
            if schema.get(word)
        ]
        spread += [self.alternatives(one) for one in schema.get("allOf", ())]
        return [_merged((own, *parts)) for parts in islice(product(*spread), MAX_ALTERNATIVES)]

    def body(self, operation: Operation) -> tuple[bool, Mapping[str, Schema]]:
        """Whether the operation requires a body, and its schema by content type."""
        body = self.resolved(operation.says.get("requestBody", {}))
        return bool(body.get("required")), {
            kind: content.get("schema", {}) for kind, content in body.get("content", {}).items()
        }

    def answers(self, operation: Operation, accept: str) -> list[Schema]:
        """The JSON schemas of the operation's good answers to a request with this `Accept`."""
        schemas = []
        for status, answer in operation.says.get("responses", {}).items():
            content = self.resolved(answer).get("content", {})
            if str(status).startswith("2") and (kind := _chosen(content, accept)) is not None:
                schemas.append(content[kind].get("schema", {}))
        return schemas

    def cut(self, operations: Mapping[str, set[str]]) -> Description:
        """A smaller document: these methods by path, and what they refer to."""
        paths: dict[str, Any] = {}
        for path, methods in operations.items():
            item = self.document["paths"][path]
            paths[path] = {key: value for key, value in item.items() if key not in METHODS or key in methods}
        return Description(reduce_document({**self.document, "paths": paths}))

    def _at(self, reference: str) -> Mapping[str, Any]:
        value: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            value = value[_unescaped(part)]
        found: Mapping[str, Any] = value
        return found


def read_description(file: Path) -> Description:
    """Read a description from a JSON file."""
    return Description(json.loads(file.read_bytes()))


def types_of(schema: Schema) -> frozenset[str]:
    """The JSON types that a plain schema allows, without null; empty: any."""
    named = schema.get("type")
    types = {named} if isinstance(named, str) else set(named or ())
    if not types and "properties" in schema:
        types = {"object"}
    if not types and "items" in schema:
        types = {"array"}
    return frozenset(types - {"null"})


def is_open(schema: Schema) -> bool:
    """Whether an object takes members that are not described: where it says so, or describes none."""
    further = schema.get("additionalProperties")
    return not schema.get("properties") if further is None else further is not False


def _member_of(schema: Schema, name: str) -> Schema | None:
    """The schema of a member of an object, by any alternative; without a name the list itself."""
    if not name:
        return schema if schema.get("type") == "array" else None
    either = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return next((one["properties"][name] for one in either if name in one.get("properties", {})), None)


def _merged(parts: tuple[Schema, ...]) -> Schema:
    """All of `allOf` at once: properties and required names are joined, of the rest the last word counts."""
    merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if key == "properties":
                merged[key] = {**merged.get(key, {}), **value}
            elif key == "required" and isinstance(value, list):
                merged[key] = [*merged.get(key, ()), *value]
            else:
                merged[key] = value
    return merged


def _chosen(content: Mapping[str, Any], accept: str) -> str | None:
    """The content type for an `Accept`: the same but for `+json`, else the first JSON one."""
    wanted = {kind.partition(";")[0].strip().removesuffix("+json") for kind in accept.split(",")}
    same = (kind for kind in content if kind.removesuffix("+json") in wanted)
    return next(same, None) or next((kind for kind in content if "json" in kind), None)


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
