"""Google's discovery documents, read as the OpenAPI descriptions that `check.py` compares with.

https://developers.google.com/discovery/v1/reference/apis describes the format: methods in nested resources, parameters
with a `location`, schemas that refer to each other by bare names, numbers of 64 bits as texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contracts.description import Description
from tests.contracts.openapi import TOOLS, OpenApi

DISCOVERY = TOOLS / "google"
KEPT = ("type", "enum", "pattern", "deprecated", "readOnly")  # of a schema, what means the same in both formats
# Who signed in is asked of OpenID Connect (Core 1.0, section 5.3), which no document describes.
NO_USERINFO = {"no source knows GET /v1/userinfo": "OpenID Connect Core 1.0 section 5.3 describes it"}
LIMITS = ("minimum", "maximum")  # texts there, numbers here
_SEGMENT = {"type": "string", "location": "path", "required": True}


def read_discovery(file: Path) -> Description:
    """Read a discovery document from a JSON file."""
    return Description(as_openapi(json.loads(file.read_bytes())))


def as_openapi(document: Mapping[str, Any]) -> dict[str, Any]:
    """The OpenAPI 3 document that says the same, as far as a contract looks at it.

    An operation's `x-scopes` are those of which a call needs one. `{userId}` is written `me`, as everybody calls it.
    """
    paths: dict[str, Any] = {}
    for method in _methods(document):
        everywhere = {**document.get("parameters", {}), **method.get("parameters", {})}
        operation = {
            "parameters": [_parameter(name, one) for name, one in everywhere.items() if name != "userId"],
            "requestBody": _body(method),
            "responses": {"200": {"content": _content(method.get("response"))}},
            "deprecated": method.get("deprecated", False),
            "x-scopes": method.get("scopes", []),
        }
        upload = method.get("mediaUpload", {}).get("protocols", {}).get("simple", {}).get("path")
        base = f"/{document['servicePath']}"
        flat = method.get("flatPath", method["path"])  # `{+name}` spelled out: things/{thingsId}
        found = {base + method["path"]: operation, base + flat: _with_names_of(flat, operation)}
        if upload is not None:
            found[upload] = {**operation, "requestBody": _or_anything(operation["requestBody"])}
        for path, one in found.items():
            plain = re.sub(r"\{\+", "{", path.replace("{userId}", "me"))
            paths.setdefault(plain, {})[method["httpMethod"].lower()] = one
    schemas = {name: _schema(one) for name, one in document["schemas"].items()}
    return {"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas}}


def discovered(*names: str, servers: Sequence[str] = ()) -> OpenApi:
    """The source that these documents are, `gmail.v1`, of these servers of the manifest."""
    return OpenApi([DISCOVERY / f"{name}.json" for name in names], servers, read=read_discovery)


def _methods(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner)


def _with_names_of(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with what its path names, where that is spelled out otherwise than its parameters are."""
    told = {one["name"] for one in operation["parameters"]}
    more = [name for name in re.findall(r"\{([^{}+]+)\}", path) if name not in told and name != "userId"]
    if not more:
        return operation
    rest = [one for one in operation["parameters"] if one["in"] != "path"]
    return {**operation, "parameters": [*rest, *(_parameter(name, _SEGMENT) for name in more)]}


def _or_anything(body: dict[str, Any]) -> dict[str, Any]:
    """A body that may also be the bytes alone, as `uploadType=media` sends them."""
    return {**body, "content": {**body["content"], "*/*": {"schema": {}}}}


def _parameter(name: str, says: Mapping[str, Any]) -> dict[str, Any]:
    schema = _schema(says)
    if says.get("repeated"):
        schema = {"type": "array", "items": schema}
    required = bool(says.get("required"))
    return {"name": name, "in": says["location"], "required": required, "schema": schema, **_deprecated(says)}


def _deprecated(says: Mapping[str, Any]) -> dict[str, Any]:
    return {"deprecated": True} if says.get("deprecated") else {}


def _body(method: Mapping[str, Any]) -> dict[str, Any]:
    return {"required": "request" in method, "content": _content(method.get("request"))}


def _content(reference: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if reference is None else {"application/json": {"schema": _schema(reference)}}


def _schema(says: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in says:
        return {"$ref": f"#/components/schemas/{says['$ref']}"}
    schema: dict[str, Any] = {key: says[key] for key in KEPT if key in says and says[key] != "any"}
    if says.get("type") == "string" and says.get("format") in ("int64", "uint64"):
        schema["type"] = ["string", "integer"]  # JSON's numbers are taken too (protobuf, "JSON Mapping")
    schema |= {key: int(says[key]) for key in LIMITS if key in says}
    if "items" in says:
        schema["items"] = _schema(says["items"])
    if "properties" in says:
        schema["properties"] = {name: _schema(one) for name, one in says["properties"].items()}
    if "additionalProperties" in says:
        schema["additionalProperties"] = _schema(says["additionalProperties"])
    return schema
