"""Google's discovery format says where parameters stand, what a body is, which scopes open a call."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contracts.description import Description
from tests.contracts.discovery import as_openapi
from tests.contracts.fetch_discovery import without_prose
from tests.contracts.scopes import check_scopes

DOCUMENT: dict[str, Any] = {
    "rootUrl": "https://www.googleapis.com/",
    "servicePath": "things/v1/",
    "parameters": {"alt": {"type": "string", "location": "query", "enum": ["json", "media"]}},
    "resources": {
        "users": {
            "resources": {
                "things": {
                    "methods": {
                        "create": {
                            "httpMethod": "POST",
                            "path": "users/{userId}/{+parent}:create",
                            "flatPath": "users/{userId}/shops/{shopsId}/shelves/{shelvesId}:create",
                            "parameters": {
                                "userId": {"type": "string", "location": "path", "required": True},
                                "parent": {"type": "string", "location": "path", "required": True},
                                "size": {"type": "integer", "location": "query", "minimum": "1", "maximum": "50"},
                                "tags": {"type": "string", "location": "query", "repeated": True},
                                "old": {"type": "string", "location": "query", "deprecated": True},
                            },
                            "request": {"$ref": "Thing"},
                            "response": {"$ref": "Thing"},
                            "scopes": ["https://a/write", "https://a/all"],
                            "mediaUpload": {"protocols": {"simple": {"path": "/upload/things/v1/things"}}},
                        }
                    }
                }
            }
        }
    },
    "schemas": {
        "Thing": {
            "id": "Thing",
            "type": "object",
            "properties": {
                "count": {"type": "string", "format": "int64"},
                "cells": {"type": "array", "items": {"type": "array", "items": {"type": "any"}}},
                "parent": {"$ref": "Thing"},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
    },
}


@pytest.fixture(scope="module")
def description() -> Description:
    return Description(as_openapi(DOCUMENT))


def test_a_method_stands_at_its_path_and_where_it_takes_uploads(description: Description) -> None:
    called = description.operation("POST", "/things/v1/users/me/{0}:create")
    uploaded = description.operation("POST", "/upload/things/v1/things")

    assert called is not None
    assert uploaded is not None
    assert called.says["x-scopes"] is uploaded.says["x-scopes"]
    assert set(description.body(uploaded)[1]) == {"application/json", "*/*"}
    assert set(description.body(called)[1]) == {"application/json"}
    assert description.operation("GET", "/things/v1/users/me/{0}:create") is None


def test_a_path_that_spells_a_name_out_has_its_own_parameters(description: Description) -> None:
    spelled_out = description.operation("POST", "/things/v1/users/me/shops/{0}/shelves/{1}:create")
    assert spelled_out is not None

    assert [one["name"] for one in spelled_out.parameters if one["in"] == "path"] == ["shopsId", "shelvesId"]
    assert spelled_out.parameter("query", "size") is not None


def test_parameters_have_their_place_and_limits(description: Description) -> None:
    called = description.operation("POST", "/things/v1/users/me/{0}:create")
    assert called is not None

    assert called.parameter("path", "userId") is None
    assert (called.parameter("path", "parent") or {})["required"] is True
    assert (called.parameter("query", "size") or {})["schema"] == {"type": "integer", "minimum": 1, "maximum": 50}
    assert (called.parameter("query", "tags") or {})["schema"] == {"type": "array", "items": {"type": "string"}}
    assert (called.parameter("query", "alt") or {})["schema"]["enum"] == ["json", "media"]
    assert (called.parameter("query", "old") or {})["deprecated"] is True


def test_a_body_has_the_members_of_its_schema(description: Description) -> None:
    called = description.operation("POST", "/things/v1/users/me/{0}:create")
    assert called is not None

    is_required, kinds = description.body(called)
    [schema] = description.alternatives(kinds["application/json"])

    assert is_required
    assert schema["properties"]["count"]["type"] == ["string", "integer"]
    assert schema["properties"]["cells"] == {"type": "array", "items": {"type": "array", "items": {}}}
    assert description.resolved(schema["properties"]["parent"]) == schema
    assert schema["properties"]["labels"]["additionalProperties"] == {"type": "string"}
    assert description.answers(called, "application/json") == [{"$ref": "#/components/schemas/Thing"}]


@pytest.mark.parametrize(
    ("scopes", "says"),
    [
        ([["https://a/write", "https://a/all"]], []),
        (["https://a/write"], []),
        ([["https://a/write", "https://a/read"]], ["the scope https://a/read does not open this call"]),
        ([], ["the action asks for 0 groups"]),
        (["https://a/write", "https://a/all"], ["the action asks for 2 groups"]),
    ],
)
def test_scopes_that_open_nothing_are_told(scopes: list[Any], says: list[str]) -> None:
    found = check_scopes(scopes, ["https://a/write", "https://a/all"])

    assert len(found) == len(says)
    assert all(text in problem for text, problem in zip(says, found, strict=True))


def test_prose_goes_and_what_only_has_its_name_stays() -> None:
    given = {
        "description": "x",
        "properties": {"title": {"type": "string", "description": "y"}},
        "enumDescriptions": [],
    }

    assert without_prose([given]) == [{"properties": {"title": {"type": "string"}}}]
