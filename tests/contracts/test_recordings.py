"""A request is held to what the provider's SDK was seen to send, and a projection to the sample of its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.contracts.recordings import Recorded, schema_of

from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Manifest

ENTRIES: list[dict[str, Any]] = [
    {
        "call": "ThingsApi.update(7, {...})",
        "method": "PUT",
        "path": "/v2/things/{id}",
        "query": ["notify"],
        "required": ["name"],
        "body": {"name": "x", "size": 1, "tags": ["a"], "owner": {"login": "ann"}, "more": {}},
        "answer": {"data": [{"id": 7, "name": "x", "price": None}]},
    },
    {"call": "ThingsApi.update(7, {size: 'big'})", "method": "PUT", "path": "/v2/things/{id}", "required": ["name"],
     "body": {"size": "big"}},
    {"call": "PeopleApi.get('a')", "method": "GET", "path": "/v2/people/{id}", "answer": {"login": "ann"}},
]  # fmt: skip
MANIFEST = """
format: 1
name: shop
title: Shop
description: Things.
category: e-commerce
docs: https://shop.example/docs
servers: {api: "https://api.shop.example/v2"}
auth: {none: {method: none}}
verify: {request: {get: /me}, account: {id: login, name: login}}
tasks: [Show the things.]
actions:
  one:
    title: One
    description: Do one.
    effect: write
    docs: https://shop.example/docs
    inputs:
      id: {type: integer, required: true}
      name: {type: string, required: true}
      size: {type: integer}
      tags: {type: array, items: {type: string}}
      colour: {type: string}
    request:
      put: /things/{id}
      query: {notify: true}
      body: {name: "{name}", size: "{size}", tags: "{tags}", owner: {login: ann}, more: {colour: "{colour}"}}
    answer:
      items: data
      item: "{id: id, price: price.amount}"
      expand: {request: {get: "/people/{each.id}"}, item: "{login: login}"}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recordings")
    said = {"sdk": {"registry": "npm", "name": "shop", "version": "1.0"}, "operations": {"one": ENTRIES}}
    said["operations"]["(verify)"] = [{"method": "GET", "path": "/v2/me", "answer": {"login": "ann"}}]  # type: ignore[index]
    (folder / "shop.json").write_text(json.dumps(said), encoding="utf-8")
    return Recorded("shop", folder)


def connector(text: str) -> Connector:
    return compile_connector(Manifest.model_validate(yaml.safe_load(text)))


def test_what_the_sdk_sends_too_is_good(source: Recorded) -> None:
    made = connector(MANIFEST)
    verify = made.manifest.verify
    assert verify is not None

    assert source.check(made, made.actions["one"]) == []
    assert source.check_lookup(made, verify.request, [(None, "login")]) == []
    assert source.sdk == "npm shop 1.0"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("put: /things/{id}", "put: /thing/{id}", "the SDK was not seen to send PUT /thing/{id}"),
        ("put: /things", "post: /things", "the SDK was not seen to send POST /things/{id}"),
        ("{notify: true}", "{inform: true}", "there is no query parameter 'inform'"),
        ('{name: "{name}", ', '{title: "{name}", ', "body has no member 'title'"),
        ('{name: "{name}", ', '{more: {name: "{name}"}, ', "body.name is required and not sent"),
        ("tags: {type: array, items: {type: string}}", "tags: {type: string}", "body.tags takes array"),
        ("{login: ann}", "{name: ann}", "body.owner has no member 'name'"),
        ("{id: id, price", "{id: key, price", "no answer has the field 'key'"),
        ("get: \"/people", "get: \"/users", "the SDK was not seen to send GET /users/{each.id}"),
        ('"{login: login}"', '"{login: name}"', "no answer has the field 'name'"),
    ],
)  # fmt: skip
def test_what_it_was_not_seen_to_send_is_reported(source: Recorded, right: str, wrong: str, said: str) -> None:
    assert right in MANIFEST
    made = connector(MANIFEST.replace(right, wrong))

    found = source.check(made, made.actions["one"])

    assert found
    assert any(said in one for one in found), found


def test_what_was_not_recorded_is_unknown(source: Recorded) -> None:
    made = connector(MANIFEST.replace("  one:", "  two:"))
    verify = connector(MANIFEST.replace("/me", "/whoami")).manifest.verify
    assert verify is not None

    assert source.check(made, made.actions["two"]) is None
    assert source.check_lookup(made, verify.request, [(None, "login")]) is None


@pytest.mark.parametrize(
    ("samples", "schema"),
    [
        ([1], {"type": ["integer", "number"]}),
        ([1, "a"], {}),
        ([None, "a"], {"type": "string"}),
        ([[], [True]], {"type": "array", "items": {"type": "boolean"}}),
        ([{}], {"type": "object"}),
        ([{"a": 1.5}, {"b": None}],
         {"type": "object", "properties": {"a": {"type": "number"}, "b": {}}, "additionalProperties": False}),
    ],
)  # fmt: skip
def test_samples_are_followed_by_what_is_like_them(samples: list[Any], schema: dict[str, Any]) -> None:
    assert schema_of(samples) == schema


STEPS = """
    steps:
      - request: {get: "/people/{id}"}
        keep: {login: login}
      - request: {post: "{steps.login}", body: {name: "{name}"}}
    request:"""


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("/people/{id}", "/persons/{id}", "the SDK was not seen to send GET /persons/{id}"),
        ("keep: {login: login}", "keep: {login: nick}", "no answer has the field 'nick'"),
        ('"/people/{id}"', '"/people/{id}", query: {all: true}', "there is no query parameter 'all'"),
    ],
)
def test_a_step_is_held_to_what_was_seen_and_an_address_of_an_answer_is_not(
    source: Recorded, right: str, wrong: str, said: str
) -> None:
    text = MANIFEST.replace("\n    request:", STEPS, 1)
    good, bad = connector(text), connector(text.replace(right, wrong, 1))
    before = source.check(connector(MANIFEST), connector(MANIFEST).actions["one"]) or []

    assert source.check(good, good.actions["one"]) == before
    assert any(said in one for one in source.check(bad, bad.actions["one"]) or [])


KINDS = "\n      kind: {enum: [things, goods], required: true}\n      colour:"


@pytest.mark.parametrize(("seen", "said"), [(["things", "goods"], []), (["things"], ["PUT /{kind}/{id}"])])
def test_each_word_that_a_path_allows_is_to_be_seen(seen: list[str], said: list[str], tmp_path: Path) -> None:
    text = MANIFEST.replace("\n      colour:", KINDS).replace("put: /things/", "put: /{kind}/")
    entries = [{**ENTRIES[0], "path": f"/v2/{word}/{{id}}"} for word in seen]
    (tmp_path / "shop.json").write_text(json.dumps({"operations": {"one": [*entries, ENTRIES[2]]}}), encoding="utf-8")
    made = connector(text)

    found = Recorded("shop", tmp_path).check(made, made.actions["one"])

    assert found == [f"the SDK was not seen to send {one}" for one in said]
