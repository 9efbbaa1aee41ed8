"""A difference must be accepted by name, and what is accepted must still be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
import yaml
from tests.contracts.contract import Answers, Contract, Expressions, Kind, contract_of

from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Manifest, Request

MANIFEST = """
format: 1
name: shop
title: Shop
description: Things.
category: e-commerce
docs: https://shop.example/docs
servers: {api: "https://api.shop.example"}
servers_by_method: {other: {api: "https://other.shop.example"}}
auth: {none: {method: none}, other: {method: none}}
verify: {request: {get: /me}, account: {id: id, name: name}}
tasks: [Show the things.]
actions:
  one: {title: One, description: Do one., effect: read, docs: "https://shop.example/docs", request: {get: /one}}
  two: {title: Two, description: Do two., effect: read, docs: "https://shop.example/docs", request: {get: /two}}
"""
SHOP = compile_connector(Manifest.model_validate(yaml.safe_load(MANIFEST)))


@dataclass
class Says:
    """A source that says this of each action, and knows no other."""

    of: Mapping[str, list[str]]
    kind: Kind = "description"
    missing: str | None = None
    servers: list[str] = field(default_factory=list)

    def check(self, connector: Connector, action: Action) -> list[str] | None:
        self.servers.append(connector.manifest.servers["api"])
        return self.of.get(action.name)

    def check_lookup(self, connector: Connector, request: Request, expressions: Expressions) -> list[str] | None:
        return self.of.get(request.path)

    def answers(self, connector: Connector, action: Action) -> Answers:
        raise NotImplementedError


def differences(contract: Contract, action: str = "one") -> list[str]:
    return contract.differences(SHOP, SHOP.actions[action])


@pytest.mark.parametrize(
    ("accepted", "left"),
    [
        ({}, ["the name is wrong", "the size is wrong"]),
        ({"one": {"name is": "why"}}, ["the size is wrong"]),
        ({"one": {"name is": "why"}, "*": {"size": "why"}}, []),
        ({"one": {"is wrong": "why"}}, []),
        ({"two": {"name is": "why"}}, ["the name is wrong", "the size is wrong"]),
        ({"one": {"is wrong": "why", "colour": "why"}}, ["accepted, and no longer so: colour"]),
    ],
)
def test_a_difference_is_told_unless_it_is_accepted_for_that_action(
    accepted: dict[str, dict[str, str]], left: list[str]
) -> None:
    source = Says({"one": ["the name is wrong", "the size is wrong"]})

    assert differences(Contract([source], accepted)) == left


def test_the_first_source_that_knows_an_action_counts() -> None:
    contract = Contract([Says({"one": ["from the first"]}), Says({"one": ["from the second"], "two": []}, kind="sdk")])

    assert differences(contract) == ["from the first"]
    assert differences(contract, "two") == []
    assert [contract.kind_of(SHOP, action) for action in SHOP.actions.values()] == ["description", "sdk"]


def test_an_action_that_no_source_knows_must_be_told_so() -> None:
    assert differences(Contract([Says({})])) == ["no source knows GET /one"]
    assert differences(Contract([Says({})], unchecked={"one": "it is new"})) == []
    assert differences(Contract([Says({"one": []})], unchecked={"one": "it is new"})) == [
        "it is told as unchecked, and a source knows it"
    ]
    assert Contract([Says({})]).kind_of(SHOP, SHOP.actions["one"]) == "unchecked"


def test_the_verify_call_is_judged_alike() -> None:
    assert Contract([Says({})]).verify_differences(SHOP) == ["no source knows GET /me"]
    assert Contract([Says({"/me": ["it is wrong"]})], {"(verify)": {"wrong": "why"}}).verify_differences(SHOP) == []


def test_what_is_accepted_of_nothing_is_told() -> None:
    source = Says({"one": ["the name is wrong"], "two": [], "/me": []})

    assert Contract([source], {"*": {"name": "why"}}).idle(SHOP) == []
    assert Contract([source], {"*": {"size": "why"}, "three": {"x": "why"}}, {"four": "why"}).idle(SHOP) == [
        "there is no action 'three'",
        "there is no action 'four'",
        "accepted of all and found at none: size",
    ]


def test_the_servers_are_those_of_the_way_to_sign_in() -> None:
    source = Says({"one": []})

    differences(Contract([source], signed_in_by="other"))

    assert source.servers == ["https://other.shop.example"]


def test_a_contract_is_found_by_the_connectors_name() -> None:
    assert contract_of("google-sheets") is not None
    assert contract_of("nobody") is None
    assert Contract([Says({}), Says({}, missing="not there")]).missing == "not there"
