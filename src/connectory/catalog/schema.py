"""JSON Schema: what an action's arguments must be, and the published schema of the manifest format.

Tool lists go to clients that read little of JSON Schema (design 6.2): the root is an object without `anyOf` and `$ref`,
and what is required is said in words too.
"""

from __future__ import annotations

import re
from typing import Any

from connectory.catalog.manifest import ActionManifest, Input, Manifest

DEFAULT_LIMIT = 25
MAX_LIMIT = 200
# A projection that names members: read at every start, so by its spelling and without jmespath.
_NAMED_MEMBERS = re.compile(r"[\w.@\[\]\s]*\{.*\}\s*", re.DOTALL)
# A file as an agent gives it; `gateway/files.py` sees to it that exactly one of the first three is there.
FILE_PROPERTIES = {name: {"type": "string"} for name in ("result", "text", "base64", "name", "media_type")}
FILE_SOURCES = "one of result (a handle, rs_...), text, base64"
FILE_WORDS = f"Give {FILE_SOURCES}; name and media_type if you know them."
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_input_schema(action: ActionManifest) -> dict[str, Any]:
    """Return the schema of an action's arguments: inputs, `connection`, where it has pages `limit` and `cursor`, and
    where its answer has named members `fields`.

    `raw` and `dry_run`, which every action takes, are told once for all (design 4.5); the gateway takes them out first.
    """
    properties = {
        name: _described(spec, "Required." if spec.required else "Optional.") for name, spec in action.inputs.items()
    }
    properties["connection"] = {
        "type": "string",
        "description": "Optional. Which account, as list_connections names it; needed only where several fit.",
    }
    if action.pages is not None:
        properties["limit"] = {
            "type": "integer",
            "description": f"Optional. Most items to return; {DEFAULT_LIMIT} unless given.",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": DEFAULT_LIMIT,
        }
        properties["cursor"] = {
            "type": "string",
            "description": "Optional. next_cursor of the answer before, to go on; all other arguments as they were.",
        }
    if has_named_members(action):
        properties["fields"] = {
            "type": "array",
            "items": {"type": "string"},
            "description": "Optional. Return only these members of each item.",
        }
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required := [name for name, spec in action.inputs.items() if spec.required]:
        schema["required"] = required
    return schema


def has_named_members(action: ActionManifest) -> bool:
    """Whether the answer is projected to members with names, of which an agent may want a few."""
    return _NAMED_MEMBERS.fullmatch(action.answer.shown) is not None


def property_schema(spec: Input) -> dict[str, Any]:
    """Return the schema of one input's value; `required` of its members becomes the list that JSON Schema has."""
    if spec.type == "file":
        return {"type": "object", "properties": dict(FILE_PROPERTIES), "additionalProperties": False}
    own = {"required", "nullable", "items", "properties", "additional_properties"}
    given = spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=own)
    schema: dict[str, Any] = {key: value for key, value in given.items() if value is not None or key == "default"}
    if "type" not in schema and spec.value_type is not None:
        schema = {"type": spec.value_type, **schema}
    if spec.nullable:
        schema |= {"type": [schema["type"], "null"]} if "type" in schema else {}
        schema |= {"enum": [*spec.enum, None]} if spec.enum is not None else {}
    if spec.items is not None:
        schema["items"] = _described(spec.items, "") if spec.items.type == "file" else property_schema(spec.items)
    if spec.properties is not None:
        schema["properties"] = {name: property_schema(member) for name, member in spec.properties.items()}
        if required := [name for name, member in spec.properties.items() if member.required]:
            schema["required"] = required
    if spec.additional_properties is not None or spec.properties is not None:
        schema["additionalProperties"] = bool(spec.additional_properties)
    return schema


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of manifest format 1, for editors; stricter checks run when a manifest is loaded."""
    return {"$schema": DIALECT, "title": "Connectory manifest, format 1", **Manifest.model_json_schema(by_alias=True)}


def _described(spec: Input, word: str) -> dict[str, Any]:
    """Say in words what a schema alone does not: some models read nothing else."""
    schema = property_schema(spec)
    given = FILE_WORDS if spec.type == "file" else ""
    schema["description"] = " ".join(part for part in (word, spec.description, given) if part)
    return schema
