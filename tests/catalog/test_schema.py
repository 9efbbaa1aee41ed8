"""An action's input schema is one that every client and model can read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from tests.catalog.making import changed

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.manifest import ActionManifest, Manifest
from connectory.catalog.schema import build_input_schema, manifest_schema
from connectory.catalog.yaml_document import read_document

ACTION = "actions/list_orders"


def schema_of(*changes: tuple[str, Any]) -> dict[str, Any]:
    return build_input_schema(Manifest.model_validate(changed(*changes)).actions["list_orders"])


def test_inputs_come_first_then_what_means_the_same_everywhere() -> None:
    schema = schema_of()

    assert list(schema["properties"]) == ["state", "customer", "connection", "limit", "cursor", "fields"]
    assert schema["required"] == ["customer"]
    assert schema["properties"]["customer"]["description"] == "Required. Whose orders."
    assert schema["properties"]["state"] == {
        "type": "string",
        "enum": ["open", "paid"],
        "description": "Optional. Only these.",
    }
    assert schema["properties"]["limit"]["maximum"] == 200
    assert schema["properties"]["limit"]["default"] == 25


def test_an_action_without_pages_takes_neither_limit_nor_cursor() -> None:
    action = {**changed()["actions"]["list_orders"], "inputs": {}, "request": {"get": "/x"}}
    del action["pages"]
    del action["answer"]

    schema = build_input_schema(ActionManifest.model_validate(action))

    assert list(schema["properties"]) == ["connection"]
    assert "required" not in schema


def test_members_of_objects_keep_their_own_required_list_and_are_closed() -> None:
    line = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"sku": {"type": "string", "required": True}, "n": {"type": "integer", "minimum": 1}},
        },
    }

    assert schema_of((f"{ACTION}/inputs/lines", line))["properties"]["lines"]["items"] == {
        "type": "object",
        "properties": {"sku": {"type": "string"}, "n": {"type": "integer", "minimum": 1}},
        "required": ["sku"],
        "additionalProperties": False,
    }


def test_a_key_that_is_null_says_nothing() -> None:
    assert schema_of((f"{ACTION}/inputs/a", {"type": None, "format": None}))["properties"]["a"] == {
        "description": "Optional."
    }


def test_a_null_default_is_kept_and_an_absent_one_is_not_invented() -> None:
    properties = schema_of((f"{ACTION}/inputs/a", {"default": None}), (f"{ACTION}/inputs/b", {"type": "string"}))[
        "properties"
    ]

    assert properties["a"]["default"] is None
    assert "default" not in properties["b"]


PACKAGED = load_catalog([packaged_folder()], index_dir=None)


@pytest.mark.parametrize("tool", sorted(PACKAGED.actions))
def test_every_packaged_tool_has_a_schema_that_clients_bear(tool: str) -> None:
    schema = PACKAGED.action(tool).input_schema
    text = json.dumps(schema)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert not {"anyOf", "oneOf", "allOf"} & set(schema)
    assert "$ref" not in text
    for name, spec in schema["properties"].items():
        assert spec["description"].startswith("Required." if name in schema.get("required", []) else "Optional.")


def test_the_published_schema_is_the_models() -> None:
    published = packaged_folder().parent / "docs" / "manifest.schema.json"

    assert json.loads(published.read_text()) == manifest_schema(), (
        "connectory manifest schema > docs/manifest.schema.json"
    )


def test_the_schema_is_the_same_whatever_was_imported_before() -> None:
    """`typing` caches a union of literals by their words alone; the MCP SDK has some of ours in another order."""
    code = "import json, mcp.shared.auth; from connectory.catalog.schema import manifest_schema as made;"
    code += "print(json.dumps(made()))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert json.dumps(json.loads(told)) == json.dumps(manifest_schema())


def test_the_published_schema_accepts_every_packaged_manifest_and_no_misspelt_key() -> None:
    validator = jsonschema.Draft202012Validator(manifest_schema())
    files = [*packaged_folder().glob("*.yaml"), *(packaged_folder().parent / "examples").glob("*.yaml")]

    assert len(files) >= 3
    for file in files:
        tree = read_document(file.read_bytes()).value
        validator.validate(tree)
        assert not validator.is_valid({**tree, "titel": "x"})


def test_null_may_be_given_where_an_input_says_so() -> None:
    specs: dict[str, dict[str, Any]] = {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}, "c": {"type": "array"}}
    nullable = [(f"{ACTION}/inputs/{name}", {**spec, "nullable": True}) for name, spec in specs.items()]
    properties = schema_of(*nullable)["properties"]

    assert properties["a"]["type"] == ["integer", "null"]
    assert properties["b"] == {"type": ["string", "null"], "enum": ["x", "y", None], "description": "Optional."}
    assert properties["c"]["type"] == ["array", "null"]
    for name, good in (("a", 1), ("b", "x"), ("c", [])):
        validator = jsonschema.Draft202012Validator(properties[name])
        assert validator.is_valid(None)
        assert validator.is_valid(good)
        assert not validator.is_valid("z")


def test_a_file_is_a_handle_or_content_and_never_a_path() -> None:
    schema = schema_of((f"{ACTION}/inputs/file", {"type": "file", "required": True, "description": "The picture."}))
    many = schema_of((f"{ACTION}/inputs/files", {"type": "array", "items": {"type": "file"}}))
    file = schema["properties"]["file"]

    assert file["description"].startswith("Required. The picture. Give one of result (a handle, rs_...), text, base64;")
    assert set(file["properties"]) == {"result", "text", "base64", "name", "media_type"}
    validator = jsonschema.Draft202012Validator(file)
    assert validator.is_valid({"result": "rs_1", "name": "a.png"})
    assert not validator.is_valid({"path": "/etc/passwd"})
    assert not validator.is_valid("/etc/passwd")
    assert "rs_..." in many["properties"]["files"]["items"]["description"]


@pytest.mark.parametrize(
    ("item", "lists"),
    [
        ("{id: id}", True),
        ("data.{id: id}", True),
        ("[].{id: id}", True),
        ("@", False),
        ("merge(@, {id: id})", False),
        ("{id: id}.id", False),
        ("`{}`", False),
    ],
)
def test_fields_are_listed_where_members_have_names(item: str, lists: bool) -> None:
    properties = schema_of((f"{ACTION}/answer/item", item))["properties"]

    assert ("fields" in properties) == lists
    assert not {"raw", "dry_run"} & properties.keys()
