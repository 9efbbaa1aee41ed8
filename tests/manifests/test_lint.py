"""The rules that all tools are held to (lint.py) find what breaks them, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import ABSENT, changed, parse
from tests.manifests.lint import Reasons, problems_of

from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><title>Acme</title><path d="M0 0"/></svg>'
DOCS = "https://acme.example/docs/orders"
CUSTOMER: dict[str, Any] = {
    "type": "string", "required": True, "pattern": "^c[0-9]+$", "description": "Id of the customer.",
    "examples": ["c1"],
}  # fmt: skip
UPDATED: dict[str, Any] = {
    "type": "string", "format": "date-time", "description": "Changed since, with its zone.",
    "examples": ["2026-01-31T00:00:00Z"],
}  # fmt: skip
ORDERS: dict[str, Any] = {
    "title": "List orders",
    "description": "List the orders of one Acme customer, newest first.",
    "effect": "read",
    "inputs": {"customer": CUSTOMER, "updated_after": UPDATED, "query": {"type": "string", "description": "Words."}},
    "request": {
        "get": "/customers/{customer}/orders",
        "query": {"since": "{updated_after}", "q": "{query}", "n": "{limit}"},
    },
    "pages": "link_header",
    "answer": {"items": "data", "item": "{id: id, updated_at: updated, url: link}"},
    "docs": DOCS,
}
DELETE: dict[str, Any] = {
    "title": "Delete an order",
    "description": "Delete an order of an Acme customer for good.",
    "effect": "destructive",
    "inputs": {
        "order": {"type": "integer", "required": True, "description": "Id of the order.", "examples": [7]},
        "lines": {
            "type": "array",
            "description": "Which lines.",
            "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
        },
    },
    "request": {"delete": "/orders/{order}", "query": {"lines": {"convert": "json_text", "of": "{lines}"}}},
    "docs": DOCS,
}
GOOD = changed(
    ("logo", LOGO),
    ("actions", {"list_orders": ORDERS, "delete_order": DELETE}),
    ("tasks", ["One.", "Two.", "Three.", "Four.", "Five."]),
    ("streams", {"orders": {"title": "Orders", "action": "list_orders", "key": ["id"]}}),
    ("limits", ["10 requests a second."]),
    ("webhooks", {"shop": {"title": "Hooks", "docs": DOCS, "signature": {"scheme": "none"}}}),
)
LIST = "actions/list_orders"
INPUTS = f"{LIST}/inputs"


def connector_with(*changes: tuple[str, Any]) -> Connector:
    manifest, problems = parse(changed(*changes, base=GOOD))
    assert manifest is not None, problems
    return compile_connector(manifest)


def renamed(old: str, new: str, tool: dict[str, Any], **values: Any) -> list[tuple[str, Any]]:
    """Changes that give an action another name; its stream goes with it."""
    gone: list[tuple[str, Any]] = [(f"actions/{old}", ABSENT), (f"actions/{new}", {**tool, **values})]
    return [*gone, ("streams/orders/action", new)] if old == "list_orders" else gone


def input_named(name: str, **spec: Any) -> list[tuple[str, Any]]:
    given = {"type": "string", "description": "Words.", **spec}
    sent = {"convert": "json_text", "of": f"{{{name}}}"}
    return [(f"{INPUTS}/query", ABSENT), (f"{INPUTS}/{name}", given), (f"{LIST}/request/query/q", sent)]


def told(*changes: tuple[str, Any], reasons: Reasons | None = None) -> list[str]:
    return [str(problem) for problem in problems_of(connector_with(*changes), reasons or Reasons())]


def test_a_good_connector_breaks_none() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (renamed("list_orders", "show_orders", ORDERS), "'show' is no verb of what is read"),
        (renamed("list_orders", "search", ORDERS), "The name is a verb and what it is about"),
        (
            renamed("list_orders", "search_orders", ORDERS),
            "The description begins with 'List', the name with 'Search'.",
        ),
        (renamed("delete_order", "delete_order", DELETE, effect="write"), "'delete' is no verb of what is write"),
        (
            renamed("delete_order", "delete_order", DELETE, effect="write"),
            "Who hears 'delete' takes it for destructive.",
        ),
        (
            renamed(
                "delete_order", "trash_order", DELETE, effect="write", description="Trash one order of Acme, for now."
            ),
            "Nothing restores it",
        ),
        ([(f"{LIST}/description", "List orders of Acme.")], "The description has 20 characters: 40 to 200."),
        ([(f"{LIST}/description", f"List the orders of Acme {'x' * 200}.")], "characters: 40 to 200."),
        ([(f"{LIST}/description", "List the orders of one customer, newest first.")], "does not say Acme."),
        ([(f"{LIST}/description", "List the orders of one Acme customer, newest")], "ends with a period."),
        ([(f"{LIST}/docs", "https://acme.example/docs")], "`docs` is the page of the API"),
        ([(f"{LIST}/pages", ABSENT), (f"{LIST}/request/query/n", ABSENT)], "A list without `pages`."),
        (
            [
                ("streams", {}),
                (f"{LIST}/answer", ABSENT),
                (f"{LIST}/pages", ABSENT),
                (f"{LIST}/request/query/n", ABSENT),
            ],
            "A list has `answer.items`.",
        ),
        ([(f"{LIST}/answer/item", "{id: id, created: c}")], "list_orders.created: In an answer it is created_at"),
        (input_named("search"), "list_orders.search: Everywhere else it is query."),
        (input_named("per_page"), "Everywhere else it is limit"),
        (input_named("id"), "Name what it identifies, without id"),
        (input_named("order_ids"), "Name what it identifies, without id"),
        (input_named("page", type="integer"), "Everywhere else it is cursor"),
        (input_named("from", format="date", examples=["2026-01-01"]), "Of a time it is start, end"),
        (input_named("words_of", description=""), "Nobody says what to give here."),
        (input_named("words_of", description="Words"), "The description ends with a period."),
        (
            input_named("place", type="object", description="Where.", properties={"floor": {"type": "string"}}),
            "place.floor: Nobody says what to give here.",
        ),
        (input_named("item", description="Id of an item.", examples=["x"]), "list_orders.item: An id has a pattern."),
        (input_named("item", description="Id of an item.", pattern="^x"), "list_orders.item: An id has an example."),
        (
            input_named("items", type="array", items={"type": "string"}, description="Ids of items.", examples=[["x"]]),
            "list_orders.items: An id has a pattern.",
        ),
        (input_named("due_at"), "A time has a format (date, date-time), or a pattern."),
        ([(f"{INPUTS}/updated_after/examples", ABSENT)], "A date has an example."),
        ([(f"{INPUTS}/updated_after/description", "Changed since.")], "Say in which zone"),
        (input_named("due_before", format="date", examples=["2026-01-01"]), "Say in which zone"),
        ([("tasks", ["One."])], "Five tasks, or more"),
        ([("streams", {})], "acme-shop streams: None is declared"),
        ([("webhooks", {})], "acme-shop webhooks: None is declared"),
        ([("limits", [])], "acme-shop limits: None is declared"),
        ([("logo", ABSENT)], "It has no `logo`."),
        ([("logo", LOGO.replace("0 0 24 24", "0 0 32 32"))], "The logo is `<svg"),
        ([("logo", LOGO.replace("<title>Acme</title>", ""))], "with a title."),
        ([("logo", LOGO.replace("<path", "<script/><path"))], "The logo holds more than"),
        ([("logo", LOGO.replace("M0 0", "M0 0" * 1100))], "or over 4 KB."),
        (
            [("actions/list_purchases", {**ORDERS, "description": "List what one Acme customer has bought so far."})],
            "Both send the same request.",
        ),
        (
            [("actions/get_order", {**ORDERS, "description": "Get the orders of one Acme customer, newest first."})],
            "A model cannot tell them apart",
        ),
    ],
)
def test_what_breaks_a_rule_is_found(changes: list[tuple[str, Any]], says: str) -> None:
    found = told(*changes)

    assert any(says in problem for problem in found), found


def test_the_same_of_another_thing_is_not_alike() -> None:
    customers = {
        **ORDERS,
        "description": "Delete a customer of the Acme shop for good.",
        "effect": "destructive",
        "request": {"delete": "/customers/{customer}"},
        "inputs": {"customer": CUSTOMER},
        "pages": None,
        "answer": {},
    }
    orders = ("actions/delete_order/description", "Delete an order of the Acme shop for good.")

    assert told(orders, ("actions/delete_customer", {k: v for k, v in customers.items() if v})) == []


@pytest.mark.parametrize("name", ["acme_shop_list_orders.search", "acme_shop.search"])
def test_a_reason_excuses_one_input_or_that_of_the_whole_connector(name: str) -> None:
    assert told(*input_named("search"), reasons=Reasons(named={name: "so"})) == []


def test_a_reason_that_excuses_nothing_any_more_is_told() -> None:
    reasons = Reasons(named={"acme_shop.search": "so", "acme_shop.q": "so"}, unpaged={"acme_shop_list_orders": "so"})

    assert reasons.used_up([connector_with(*input_named("search"))]) == ["acme_shop.q", "acme_shop_list_orders"]
