"""A GraphQL request is held to the schema: its document, its variables, what is projected."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.contracts.graphql_schema import GraphQl

from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Manifest

SCHEMA = """
type Query { things(first: Int!, after: ID, kind: Kind, old: String): Things!  node(id: ID!): Node }
type Mutation { make(thing: ThingInput!, tags: [String!]): Thing }
enum Kind { BIG SMALL }
interface Node { id: ID! }
type Things { nodes: [Thing!]! next: String }
type Thing implements Node {
  id: ID!
  name: String
  size: Int
  kind: Kind
  made: DateTime
  old: String @deprecated(reason: "gone")
  owner: Owner
}
union Owner = Person | Team
type Person { login: String! }
type Team { title: String! }
scalar DateTime
input ThingInput {
  name: String!
  kind: Kind = BIG
  size: Float
  made: DateTime
  parts: [PartInput!]
  shade: String @deprecated(reason: "gone")
}
input PartInput { sku: ID!, price: Float }
"""
HEAD = """
format: 1
name: shop
title: Shop
description: Things.
category: e-commerce
docs: https://shop.example/docs
servers: {api: "https://api.shop.example/v2"}
auth: {none: {method: none}}
tasks: [Show the things.]
actions:
  one:
    title: One
    description: Do one.
    effect: read
    docs: https://shop.example/docs
"""
LIST = """
    inputs: {kind: {enum: [BIG]}}
    request:
      post: /graphql
      graphql: |
        query ($first: Int!, $after: ID, $kind: Kind) {
          things(first: $first, after: $after, kind: $kind) {
            nodes { id label: name kind made owner { ... on Person { login } ...team } }
            next
          }
        }
        fragment team on Team { title }
      variables: {first: "{limit}", after: "{cursor}", kind: "{kind}"}
    pages: {style: cursor, body: data.things.next, max_size: 50}
    answer: {items: data.things.nodes, item: "{id: id, label: label, owner: owner.login || owner.title, at: made}"}
"""
MAKE = """
    inputs:
      name: {type: string, required: true}
      size: {type: integer}
      made: {type: string}
      parts:
        type: array
        items: {type: object, properties: {sku: {type: string, required: true}, price: {type: number}}}
      tags: {type: array, items: {type: string}}
    request:
      post: /graphql
      graphql: |
        mutation ($thing: ThingInput!, $tags: [String!]) { make(thing: $thing, tags: $tags) { id name } }
      variables:
        thing:
          name: "{name}"
          size: "{size}"
          made: "{made}"
          parts: {each: "{parts}", of: {sku: "{each.sku}", price: "{each.price}"}}
        tags: "{tags}"
    answer: {item: "data.make.{id: id, name: name}"}
"""  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> GraphQl:
    file = tmp_path_factory.mktemp("schema") / "shop.graphql"
    file.write_text(SCHEMA, encoding="utf-8")
    return GraphQl(file)


def connector(action: str) -> Connector:
    return compile_connector(Manifest.model_validate(yaml.safe_load(HEAD + action)))


def problems(source: GraphQl, action: str) -> list[str]:
    made = connector(action)
    found = source.check(made, made.actions["one"])
    assert found is not None
    return found


@pytest.mark.parametrize("action", [LIST, MAKE])
def test_what_keeps_to_the_schema_is_good(source: GraphQl, action: str) -> None:
    assert problems(source, action) == []


@pytest.mark.parametrize(
    ("action", "right", "wrong", "said"),
    [
        (LIST, "label: name", "label: title", "Cannot query field 'title' on type 'Thing'"),
        (LIST, "kind made", "kind old made", "The field Thing.old is deprecated. gone"),
        (LIST, "$after: ID,", "$after: String,", "Variable '$after' of type 'String' used in position"),
        (LIST, "{id: id, label", "{id: id, name: name, label", "no answer has the field 'name'"),
        (LIST, "owner.title", "owner.name", "no answer has the field 'name'; there are login, title"),
        (LIST, "data.things.nodes", "data.things.next", "gives no list"),
        (LIST, "enum: [BIG]", "enum: [BIG, HUGE]", "input '{kind}' allows HUGE, and $kind takes only BIG, SMALL"),
        (LIST, 'first: "{limit}", ', "", "$first is required and not sent"),
        (LIST, 'first: "{limit}"', "first: many", "$first does not take 'many'"),
        (MAKE, 'name: "{name}"', 'title: "{name}"', "$thing has no member 'title'"),
        (MAKE, "name: {type: string, required: true}", "name: {type: string}", "$thing.name is required, and may be"),
        (MAKE, "size: {type: integer}", "size: {type: string}", "input '{size}' is string, and $thing.size takes"),
        (MAKE, 'sku: "{each.sku}"', 'code: "{each.sku}"', "$thing.parts[] has no member 'code'"),
        (MAKE, 'size: "{size}"', 'shade: "{made}"', "$thing.shade is deprecated"),
        (MAKE, 'tags: "{tags}"', 'tags: "{size}"', "$tags takes array"),
        (MAKE, "        tags:", "        words:", "the document has no variable $words"),
        (MAKE, "data.make.{id: id", "data.made.{id: id", "no answer has the field 'made'"),
    ],
)
def test_a_mistake_of_each_kind_is_reported(source: GraphQl, action: str, right: str, wrong: str, said: str) -> None:
    assert right in action

    found = problems(source, action.replace(right, wrong))

    assert any(said in one for one in found), found


def test_what_is_no_graphql_is_unknown(source: GraphQl) -> None:
    made = connector("    request: {get: /things}\n")

    assert source.check(made, made.actions["one"]) is None


def test_a_schema_that_is_not_there_says_where_it_comes_from(tmp_path: Path) -> None:
    assert (
        GraphQl(tmp_path / "none.graphql").missing == "in no package: none.graphql; TEST_SPECS_DIR names their folder"
    )
