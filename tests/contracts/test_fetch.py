"""What is fetched is the pinned package, and of it stays what a contract needs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.contracts.fetch import fetch, reduce_document

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Shop"},
    "tags": [{"name": "things"}],
    "paths": {
        "/things": {
            "get": {
                "summary": "List things",
                "parameters": [{"$ref": "#/components/parameters/size"}],
                "responses": {"200": {"content": {"text/plain": {"example": {"$ref": "#/components/examples/one"}}}}},
            }
        }
    },
    "components": {
        "parameters": {"size": {"name": "size", "description": "Many", "schema": {"$ref": "#/components/schemas/n"}}},
        "schemas": {
            "n": {"title": "N", "properties": {"title": {"type": "string"}, "description": {"type": "string"}}},
            "unused": {"type": "string"},
        },
        "examples": {"one": {"value": {"title": "kept", "description": "kept"}}},
    },
}  # fmt: skip


def test_what_is_not_referred_to_goes_and_so_does_the_prose() -> None:
    reduced = reduce_document(DOCUMENT)

    assert "tags" not in reduced
    assert "summary" not in reduced["paths"]["/things"]["get"]
    assert reduced["components"] == {
        "parameters": {"size": {"name": "size", "schema": {"$ref": "#/components/schemas/n"}}},
        "schemas": {"n": {"properties": {"title": {"type": "string"}, "description": {"type": "string"}}}},
        "examples": {"one": {"value": {"title": "kept", "description": "kept"}}},
    }


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    package, target = tmp_path / "package", tmp_path / "there" / "api.json"
    package.mkdir()
    (package / "package.json").write_text('{"name": "shop", "version": "1.0.0"}')
    (package / "api.json").write_text(json.dumps(DOCUMENT))

    with pytest.raises(SystemExit, match="another integrity") as refused:
        fetch(str(package), "sha512-AAAA", "api.json", target)
    assert not target.exists()

    fetch(str(package), str(refused.value).rpartition(" ")[2], "api.json", target)
    assert json.loads(target.read_text()) == reduce_document(DOCUMENT)
