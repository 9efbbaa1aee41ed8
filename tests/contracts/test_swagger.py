"""Swagger 2.0 says where parameters stand, what a body is and what comes back, in other places than OpenAPI 3."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contracts.description import Description
from tests.contracts.swagger import FORM, JSON, as_openapi

THING, OWNER = {"$ref": "#/definitions/thing"}, {"$ref": "#/definitions/owner"}
DOCUMENT: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Shop", "version": "1"},
    "host": "api.shop.example",
    "basePath": "/v2",
    "consumes": [FORM, JSON],
    "parameters": {"size": {"name": "size", "in": "query", "type": "integer", "maximum": 50}},
    "paths": {
        "/things": {
            "parameters": [{"$ref": "#/parameters/size"}],
            "get": {
                "parameters": [
                    {"name": "tags", "in": "query", "type": "array", "items": {"type": "string"}},
                    {"name": "X-Shop", "in": "header", "type": "string", "required": True},
                ],
                "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/thing"}}}},
            },
            "post": {
                "parameters": [
                    {"name": "name", "in": "formData", "type": "string", "required": True},
                    {"name": "photo", "in": "formData", "type": "file"},
                ],
                "responses": {"204": {}, "default": {"$ref": "#/responses/bad"}},
            },
            "put": {
                "consumes": [JSON],
                "parameters": [{"name": "thing", "in": "body", "required": True, "schema": THING}],
                "responses": {},
            },
        }
    },
    "definitions": {
        "thing": {"type": "object", "properties": {"id": {"type": "integer"}, "owner": OWNER}},
        "owner": {"items": [{"type": "string"}, {"type": "object", "properties": {"login": {"type": "string"}}}]},
    },
    "responses": {"bad": {"schema": {"type": "string"}}},
}  # fmt: skip


@pytest.fixture
def description() -> Description:
    return Description(as_openapi(DOCUMENT))


def test_parameters_stand_where_they_are_sent_those_of_the_path_too(description: Description) -> None:
    called = description.operation("GET", "/v2/things")
    assert called is not None

    size, tags, header = called.parameters
    assert (size["name"], size["schema"]) == ("size", {"type": "integer", "maximum": 50})
    assert (tags["schema"], tags["explode"]) == ({"type": "array", "items": {"type": "string"}}, False)
    assert (header["in"], header["required"]) == ("header", True)


def test_a_form_is_a_body_of_each_kind_that_is_taken(description: Description) -> None:
    called = description.operation("POST", "/v2/things")
    assert called is not None

    is_required, kinds = description.body(called)

    assert is_required
    assert list(kinds) == [FORM, JSON]
    assert kinds[FORM]["required"] == ["name"]
    assert kinds[FORM]["properties"]["photo"] == {"type": "string", "format": "binary"}


def test_a_body_and_an_answer_lead_to_the_schemas(description: Description) -> None:
    put, get = description.operation("PUT", "/v2/things"), description.operation("GET", "/v2/things")
    assert put is not None
    assert get is not None

    [thing] = description.alternatives(description.body(put)[1][JSON])
    [listed] = description.answers(get, JSON)

    assert list(thing["properties"]) == ["id", "owner"]
    assert description.alternatives(listed["items"])[0] == thing


def test_alternatives_may_be_written_as_items(description: Description) -> None:
    text, person = description.alternatives({"$ref": "#/components/schemas/owner"})

    assert text == {"type": "string"}
    assert list(person["properties"]) == ["login"]
