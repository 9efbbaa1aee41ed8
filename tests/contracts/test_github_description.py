"""GitHub's changes are applied from their version on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contracts.description import Description
from tests.contracts.github import at_version

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/a~b/c": {
            "post": {
                "responses": {"200": {"description": "old"}, "204": {}},
                "x-github-breaking-changes": [
                    {
                        "version": "2026-03-10",
                        "patch": [
                            {"op": "remove", "path": "/responses/204"},
                            {"op": "replace", "path": "/responses/200/description", "value": "new"},
                        ],
                    }
                ],
            }
        }
    },
    "components": {
        "schemas": {
            "issue": {
                "properties": {"id": {}, "assignee": {}, "sha": {}, "size": {"type": "integer", "minimum": 1}},
                "required": ["id", "assignee", "sha"],
                "x-github-breaking-changes": [
                    {"version": "2026-03-10", "patch": {"properties": {"assignee": None}, "required": ["id", "sha"]}},
                    {"version": "2026-03-10", "patch": {"properties": {"sha": None}, "required": ["id", "assignee"]}},
                    {"version": "2027-01-01", "patch": {"properties": {"size": {"type": "string"}}}},
                ],
            }
        }
    },
}


def test_a_version_has_the_changes_up_to_its_date() -> None:
    document = at_version(Description(DOCUMENT), "2026-03-10").document

    assert document["paths"]["/a~b/c"]["post"] == {"responses": {"200": {"description": "new"}}}
    assert document["components"]["schemas"]["issue"] == {
        "properties": {"id": {}, "size": {"type": "integer", "minimum": 1}},
        "required": ["id"],
    }


def test_the_first_version_has_none_and_the_given_description_stays() -> None:
    before = at_version(Description(DOCUMENT), "2022-11-28").document

    at_version(Description(DOCUMENT), "2027-01-01")

    assert "assignee" in before["components"]["schemas"]["issue"]["properties"]
    assert "x-github-breaking-changes" in DOCUMENT["components"]["schemas"]["issue"]
    assert DOCUMENT["components"]["schemas"]["issue"]["properties"]["size"]["type"] == "integer"


def test_an_unknown_step_is_not_passed_over() -> None:
    changed = {"x-github-breaking-changes": [{"version": "2026-03-10", "patch": [{"op": "move", "path": "/a"}]}]}

    with pytest.raises(ValueError, match="no such step"):
        at_version(Description({"paths": changed}), "2026-03-10")
