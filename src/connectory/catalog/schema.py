"""JSON Schema: what an action's arguments must be, and the published schema of the manifest format.

Tool lists go to clients that read little of JSON Schema (design 6.2): the root is an object without `anyOf` and `$ref`,
and what is required is said in words too.
"""

from __future__ import annotations

from typing import Any

from connectory.catalog.manifest import ActionManifest, Input, Manifest

DEFAULT_LIMIT = 25
MAX_LIMIT = 200
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_input_schema(action: ActionManifest) -> dict[str, Any]:
    """Return the schema of an action's arguments: inputs, `connection`, and where it has pages `limit`, `cursor`."""
    properties = {name: _described(spec) for name, spec in action.inputs.items()}
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
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required := [name for name, spec in action.inputs.items() if spec.required]:
        schema["required"] = required
    return schema


def property_schema(spec: Input) -> dict[str, Any]:
    """Return the schema of one input's value; `required` of its members becomes the list that JSON Schema has."""
    own = {"required", "items", "properties", "additional_properties"}
    schema: dict[str, Any] = spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=own)
    if "type" not in schema and spec.enum and all(isinstance(word, str) for word in spec.enum):
        schema = {"type": "string", **schema}
    if spec.items is not None:
        schema["items"] = property_schema(spec.items)
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


def _described(spec: Input) -> dict[str, Any]:
    """Say in words whether it must be given: some models read nothing else."""
    word = "Required." if spec.required else "Optional."
    schema = property_schema(spec)
    schema["description"] = f"{word} {spec.description}".rstrip()
    return schema
