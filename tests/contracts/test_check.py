"""The contract check reports a mistake of each kind, and nothing where an action is right."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.contracts.check import called_by, check_action, check_lookup
from tests.contracts.description import Description

from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Manifest, Request

THING = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string", "nullable": True},
        "owner": {"allOf": [{"$ref": "#/components/schemas/person"}], "nullable": True},
        "parts": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/part"}]}},
        "extra": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
BODY = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "kind": {"type": "string", "enum": ["big", "small"]},
        "count": {"type": "integer", "minimum": 1},
        "tags": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["sku"],
                "properties": {"sku": {"type": "string"}, "price": {"type": "number"}},
            },
        },
        "note": {"type": "string", "nullable": True},
        "photo": {"type": "string"},
        "meta": {"type": "object", "properties": {"colour": {"type": "string"}}},
        "owner": {
            "oneOf": [
                {
                    "type": "object",
                    "required": ["kind", name],
                    "properties": {"kind": {"enum": [kind]}, name: {"type": "string"}},
                    "additionalProperties": False,
                }
                for kind, name in (("person", "email"), ("group", "members"))
            ]
        },
    },
}
MADE = {"anyOf": [{"type": "integer"}, {"type": "object", "properties": {"after": {"type": "integer"}}}]}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://api.shop.example/v2"}],
    "paths": {
        "/things": {
            "get": {
                "externalDocs": {"url": "https://shop.example/docs/things#list"},
                "parameters": [
                    {"name": "state", "in": "query", "schema": {"type": "string", "enum": ["new", "old"]}},
                    {"name": "page_size", "in": "query", "schema": {"type": "integer", "maximum": 50}},
                    {"name": "since", "in": "query", "required": True, "schema": {"type": "integer"}},
                    {"name": "sort", "in": "query", "deprecated": True, "schema": {"type": "string"}},
                    {"name": "made", "in": "query", "style": "deepObject", "schema": MADE},
                    {"name": "with", "in": "query", "style": "deepObject", "schema": {"type": "array"}},
                    {"name": "flat", "in": "query", "schema": MADE},
                    {"name": "X-Shop", "in": "header", "required": True, "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "data": {"type": "array", "items": {"$ref": "#/components/schemas/thing"}},
                                        "total": {"type": "integer"},
                                    },
                                }
                            }
                        }
                    },
                    "404": {"content": {"application/json": {"schema": {"type": "string"}}}},
                },
            },
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": BODY}}},
                "responses": {"204": {}},
            },
        },
        "/things/{thing-id}": {
            "parameters": [{"name": "thing-id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/thing"}},
                            "application/vnd.shop.full+json": {"schema": {"$ref": "#/components/schemas/person"}},
                        }
                    }
                }
            },
            "delete": {"deprecated": True, "responses": {"204": {}}},
        },
    },
    "components": {
        "schemas": {
            "thing": THING,
            "person": {"type": "object", "properties": {"login": {"type": "string"}}},
            "part": {"type": "object", "properties": {"label": {"type": "string"}}},
        }
    },
}
HEAD = """
format: 1
name: shop
title: Shop
description: Things.
category: e-commerce
docs: https://shop.example/docs
servers: {api: "https://api.shop.example/v2"}
headers: {Accept: application/json, X-Shop: web}
auth: {none: {method: none}}
tasks: [Show the things.]
actions:
  one:
    title: One
    description: Do one.
    effect: read
    docs: https://shop.example/en/docs/things#list
"""
LIST = """
    inputs:
      state: {enum: [new, old]}
      since: {type: integer, required: true}
    request: {get: /things, query: {state: "{state}", since: "{since}", page_size: "{limit}"}}
    pages: {style: link_header, max_size: 50}
    answer: {items: data, item: "{id: id, owner: owner.login, parts: parts[].label, any: extra.anything}"}
"""
CREATE = """
    inputs:
      name: {type: string, required: true, maxLength: 40}
      kind: {enum: [big]}
      count: {type: integer, minimum: 2}
      tags: {type: array, maxItems: 5, items: {type: string}}
      lines:
        type: array
        items: {type: object, properties: {sku: {type: string, required: true}, price: {type: integer}}}
      note: {type: string, nullable: true}
      colour: {type: string}
    request:
      post: /things
      body:
        name: "{name}"
        kind: "{kind}"
        count: "{count}"
        tags: "{tags}"
        lines: "{lines}"
        note: "{note}"
        photo: {convert: base64, of: "{name}"}
        meta: {colour: "{colour}"}
"""
EACH = CREATE.replace('"{lines}"', '{each: "{lines}", of: {sku: "{each.sku}", price: "{each.price}"}}')
RELATED = """
    inputs: {name: {type: string, required: true, maxLength: 40}, file: {type: file, required: true}}
    request:
      post: /things
      encoding: multipart_related
      body: [{content: {name: "{name}"}}, {content: "{file}"}]
"""
BRACKETS = """
    inputs: {since: {type: integer, required: true}, day: {type: string, format: date}}
    request:
      get: /things
      query: {since: "{since}", "made[after]": {convert: unix_seconds, of: "{day}"}, "with[]": [parts]}
"""
WHEN = """
    inputs: {line: {type: object, properties: {sku: {type: string}, price: {type: integer}}}}
    request:
      post: /things
      body: {name: x, lines: [{when: "{line.sku}", of: {sku: "{line.sku}", price: "{line.price}"}}]}
"""
MERGED = """
    inputs:
      name: {type: string, required: true, maxLength: 40}
      more: {type: object, properties: {count: {type: integer, minimum: 1}}}
    request: {post: /things, body: {merge: "{more}", of: {name: "{name}", kind: big}}}
"""
OWNED = """
    inputs: {email: {type: string, required: true}}
    request: {post: /things, body: {name: x, owner: {kind: person, email: "{email}"}}}
"""
JOINED = """
    inputs: {since: {type: integer, required: true}, states: {type: array, items: {type: string}}}
    request: {get: /things, query: {since: "{since}", sort: {join: ",", of: "{states}"}}}
"""
GET = """
    inputs: {id: {type: integer, required: true}}
    request: {get: "/things/{id}"}
    answer: {item: "{id: id, name: name || owner.login}"}
"""


def connector(action: str, head: str = HEAD) -> Connector:
    """Compiled without the catalog's own checks: some of these mistakes it would find as well."""
    return compile_connector(Manifest.model_validate(yaml.safe_load(head + action)))


def problems(made: Connector) -> list[str]:
    return check_action(made, made.actions["one"], Description(DOCUMENT))


@pytest.mark.parametrize("action", [LIST, GET, CREATE, EACH, RELATED, BRACKETS, WHEN, MERGED, OWNED])
def test_an_action_that_keeps_to_the_description_is_good(action: str) -> None:
    assert problems(connector(action)) == []


@pytest.mark.parametrize(("takes", "found"), [("true", []), ("false", ["body.name is required and not sent"])])
def test_an_idempotency_key_is_sent_where_the_action_takes_it(takes: str, found: list[str]) -> None:
    head = HEAD.replace("tasks:", "idempotency: {body: name}\ntasks:").replace("effect: read", "effect: write")
    action = f"    takes_key: {takes}\n    request: {{post: /things, body: {{kind: big}}}}\n"

    assert problems(connector(action, head)) == found


@pytest.mark.parametrize(
    ("action", "right", "wrong", "said"),
    [
        (LIST, "get: /things,", "get: /thing,", "GET /thing is no operation"),
        (GET, '{get: ', '{put: ', "PUT /things/{id} is no operation"),
        (GET, "{get: ", "{delete: ", "is deprecated"),
        (GET, "type: integer", "type: string", "input '{id}' is string, and path parameter thing-id takes integer"),
        (LIST, 'state: "{state}"', 'status: "{state}"', "there is no query parameter 'status'"),
        (LIST, "[new, old]", "[new, lost]", "input '{state}' allows lost"),
        (LIST, "{enum: [new, old]}", "{type: string}", "input '{state}' may be anything"),
        (LIST, ", required: true", "", "query parameter since is required, and may be left out"),
        (LIST, 'since: "{since}", ', 'state: "{since}", ', "query parameter since is required and not sent"),
        (LIST, 'since: "{since}"', 'since: "{since}", sort: a', "query parameter sort is deprecated"),
        (LIST, 'since: "{since}"', "since: yesterday", "query parameter since does not take 'yesterday'"),
        (LIST, "max_size: 50", "max_size: 100", "input '{limit}' has maximum 100, and query parameter page_size 50"),
        (CREATE, 'kind: "{kind}"', 'sort: "{kind}"', "body has no member 'sort'"),
        (OWNED, "kind: person", "kind: robot", "body.owner.kind does not take 'robot'"),
        (CREATE, 'name: "{name}"', "kind: big", "body.name is required and not sent"),
        (CREATE, "required: true, maxLength: 40", "maxLength: 40", "body.name is required, and may be left out"),
        (CREATE, 'name: "{name}"', "name: 7", "body.name does not take 7"),
        (CREATE, "maxLength: 40", "maxLength: 41", "input '{name}' has maxLength 41, and body.name 40"),
        (CREATE, ", maxLength: 40", "", "input '{name}' has maxLength None"),
        (CREATE, "minimum: 2", "minimum: 0", "input '{count}' has minimum 0, and body.count 1"),
        (CREATE, "items: {type: string}", "items: {type: integer}", "input '{tags}[]' is integer"),
        (CREATE, "sku: {type: string, required: true}", "sku: {type: string}", "body.lines[].sku is required"),
        (CREATE, "price: {", "cost: {", "body.lines[] has no member 'cost'"),
        (CREATE, "price: {type: integer}", "price: {type: string}", "body.lines[].price takes number"),
        (CREATE, "kind: {enum: [big]}", "kind: {enum: [big], nullable: true}", "input '{kind}' may be null"),
        (CREATE, "photo: {", "count: {", "body.count is a text, and takes integer"),
        (CREATE, "meta: {colour", "meta: {color", "body.meta has no member 'color'"),
        (CREATE, 'meta: {colour: "{colour}"}', 'photo: {colour: "{colour}"}', "body.photo is no object there"),
        (CREATE, 'tags: "{tags}"', 'count: ["{tags}"]', "body.count is no list there"),
        (EACH, '{sku: "{each.sku}", price', '{code: "{each.sku}", price', "body.lines[] has no member 'code'"),
        (EACH, '"{each.price}"', '"{each.sku}{each.price}"', "is string, and body.lines[].price takes number"),
        (EACH, "lines: {each", "count: {each", "body.count is no list there"),
        (EACH, '{sku: "{each.sku}", price', '{price', "body.lines[].sku is required and not sent"),
        (RELATED, 'content: {name: "{name}"}', 'content: {title: "{name}"}', "body has no member 'title'"),
        (RELATED, 'content: {name: "{name}"}', "content: {kind: big}", "body.name is required and not sent"),
        (JOINED, "sort: {join", "since: {join", "query parameter since is a text, and takes integer"),
        (JOINED, 'since: "{since}", sort', "since", "query parameter since is required, and may be left out"),
        (BRACKETS, "made[after]", "made[before]", "there is no query parameter 'made[before]'"),
        (BRACKETS, "made[after]", "since[after]", "there is no query parameter 'since[after]'"),
        (BRACKETS, "made[after]", "flat[after]", "there is no query parameter 'flat[after]'"),
        (BRACKETS, "with[]", "made[]", "there is no query parameter 'made[]'"),
        (BRACKETS, "unix_seconds", "base64", "query parameter made[after] is a text, and takes integer"),
        (BRACKETS, "made[after]", "state", "query parameter state is a number, and takes string"),
        (WHEN, "when: \"{line.sku}\"", "when: \"{line.price}\"", "body.lines[0].sku is required, and may be left"),
        (MERGED, "kind: big", "kind: huge", "body.kind does not take 'huge'"),
        (MERGED, "{count:", "{counts:", "body has no member 'counts' as input '{more}' gives"),
        (CREATE, "post: /things\n", "post: /things\n      encoding: form\n", "no body is taken as application/x-www"),
        (CREATE, "      body:\n", "      variables:\n", "a body is required and not sent"),
        (CREATE, "    request:", "    answer: {item: id}\n    request:", "no good answer has a body"),
        (LIST, "items: data", "items: dates", "no answer has the field 'dates'; there are data, total"),
        (LIST, "items: data", "items: total", "answer.items 'total' gives no list"),
        (LIST, "id: id", "id: ident", "no answer has the field 'ident'"),
        (LIST, "owner.login", "owner.email", "no answer has the field 'email'; there are login"),
        (LIST, "parts[].label", "parts[].size", "no answer has the field 'size'; there are label"),
        (GET, "name || owner.login", "name || owner.mail", "no answer has the field 'mail'"),
    ],
)  # fmt: skip
def test_a_mistake_of_each_kind_is_reported(action: str, right: str, wrong: str, said: str) -> None:
    assert right in action

    found = problems(connector(action.replace(right, wrong)))

    assert any(said in problem for problem in found), found


def test_a_required_header_that_is_not_sent_is_reported() -> None:
    assert problems(connector(LIST, HEAD.replace(", X-Shop: web", ""))) == ["header X-Shop is required and not sent"]


def test_a_link_to_other_documentation_is_reported() -> None:
    (found,) = problems(connector(LIST, HEAD.replace("things#list", "things#create")))

    assert found.startswith("docs is https://shop.example/en/docs/things#create")


def test_the_server_counts_with_its_path() -> None:
    moved = HEAD.replace("https://api.shop.example/v2", "https://api.shop.example/v3")

    assert problems(connector(LIST, moved)) == ["GET /things is no operation of the description"]


def test_the_answer_is_the_one_that_is_asked_for() -> None:
    full = GET.replace("    answer", "      headers: {Accept: application/vnd.shop.full+json}\n    answer")
    as_full = full.replace('request: {get: "/things/{id}"}', 'request:\n      get: "/things/{id}"')

    assert problems(connector(as_full.replace("{id: id, name: name || owner.login}", "login"))) == []
    assert "no answer has the field 'id'" in problems(connector(as_full))[0]


def test_a_verify_call_is_held_to_the_description_too() -> None:
    request = Request(get="/things/7")
    description = Description({**DOCUMENT, "paths": {"/things/7": DOCUMENT["paths"]["/things/{thing-id}"]}})

    assert check_lookup(connector(GET), request, ["id", "name"], description) == []
    assert "no answer has the field 'login'" in check_lookup(connector(GET), request, ["login"], description)[0]


def test_a_smaller_description_says_the_same() -> None:
    whole, made = Description(DOCUMENT), connector(LIST)

    small = whole.cut(called_by(made, whole))

    assert set(small.document["paths"]["/things"]) == {"get"}
    assert set(small.document["components"]["schemas"]) == {"thing", "person", "part"}
    assert check_action(made, made.actions["one"], small) == []
