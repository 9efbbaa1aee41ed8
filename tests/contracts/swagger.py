"""Descriptions in Swagger 2.0, read as the OpenAPI 3 descriptions that say the same.

https://swagger.io/specification/v2/ : the schema of a parameter stands in it, a body is a parameter too, and what an
operation takes and gives is told by `consumes` and `produces`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contracts.description import METHODS, Description

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
FORMS = (FORM, "multipart/form-data")
NOT_SCHEMA = ("name", "in", "required", "description", "allowEmptyValue", "collectionFormat", "deprecated")


def read_swagger(file: Path) -> Description:
    """Read a description from a JSON file."""
    return Description(as_openapi(json.loads(file.read_bytes())))


def as_openapi(document: Mapping[str, Any]) -> dict[str, Any]:
    """The OpenAPI 3 document, as far as a contract looks at it."""
    shared = document.get("parameters", {})
    paths = {
        path: {
            method: _operation(operation, item.get("parameters", ()), shared, document)
            for method, operation in item.items()
            if method in METHODS
        }
        for path, item in document["paths"].items()
    }
    answers = {
        name: _answer(one, document.get("produces", [JSON])) for name, one in document.get("responses", {}).items()
    }
    made = {
        "openapi": "3.0.3",
        "info": document["info"],
        "servers": [{"url": f"https://{document.get('host', 'host.invalid')}{document.get('basePath', '')}"}],
        "paths": paths,
        "components": {"schemas": document.get("definitions", {}), "responses": answers},
    }
    return {key: _relinked(value) for key, value in made.items()}


def _operation(
    operation: Mapping[str, Any],
    common: Sequence[Mapping[str, Any]],
    shared: Mapping[str, Any],
    document: Mapping[str, Any],
) -> dict[str, Any]:
    given = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in common]
    given += [
        shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in operation.get("parameters", ())
    ]
    takes = operation.get("consumes", document.get("consumes", [JSON]))
    gives = operation.get("produces", document.get("produces", [JSON]))
    made = {
        key: operation[key] for key in ("deprecated", "externalDocs", "security", "operationId") if key in operation
    }
    made["parameters"] = [_parameter(one) for one in given if one["in"] not in ("body", "formData")]
    made["responses"] = {
        status: _answer(answer, gives) if "$ref" not in answer else answer
        for status, answer in operation.get("responses", {}).items()
    }
    body = _body([one for one in given if one["in"] in ("body", "formData")], takes)
    return made | ({} if body is None else {"requestBody": body})


def _parameter(says: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: says[key] for key in ("name", "in", "required", "deprecated") if key in says}
    # A list is one text with commas unless it says `multi`.
    style = {"style": "form", "explode": says.get("collectionFormat") == "multi"} if says.get("type") == "array" else {}
    return {**told, **style, "schema": _schema(says)}


def _body(given: Sequence[Mapping[str, Any]], takes: Sequence[str]) -> dict[str, Any] | None:
    if not given:
        return None
    whole = next((one for one in given if one["in"] == "body"), None)
    if whole is not None:
        kinds = [kind for kind in takes if kind not in FORMS] or [JSON]
        return {"required": whole.get("required", False), "content": _content(whole.get("schema", {}), kinds)}
    required = [one["name"] for one in given if one.get("required")]
    schema = {
        "type": "object",
        "properties": {one["name"]: _schema(one) for one in given},
        **({"required": required} if required else {}),
    }
    return {"required": bool(required), "content": _content(schema, takes)}


def _answer(says: Mapping[str, Any], gives: Sequence[str]) -> dict[str, Any]:
    schema = says.get("schema")
    return {"description": "", **({} if schema is None else {"content": _content(schema, gives)})}


def _content(schema: Mapping[str, Any], kinds: Sequence[str]) -> dict[str, Any]:
    return {kind: {"schema": schema} for kind in kinds}


def _schema(says: Mapping[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in says.items() if key not in NOT_SCHEMA}
    return {**schema, "type": "string", "format": "binary"} if schema.get("type") == "file" else schema


def _relinked(value: Any) -> Any:
    """References led to where OpenAPI 3 keeps what they mean; `type: [a, b]` and a list of `items` become `anyOf`."""
    if isinstance(value, list):
        return [_relinked(member) for member in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("$ref"), str):
        place = value["$ref"].replace("#/definitions/", "#/components/schemas/")
        return {"$ref": place.replace("#/responses/", "#/components/responses/")}
    made = {key: _relinked(member) for key, member in value.items()}
    if isinstance(made.get("items"), list):
        either = {"anyOf": made["items"]}
        # Slack writes alternatives so, of what is no list.
        made = {**made, "items": either} if made.get("type") == "array" else either
    return made
