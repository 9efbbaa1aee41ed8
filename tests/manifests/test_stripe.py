"""What is particular to Stripe's manifest."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from connectory.actions.expressions import evaluate
from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Effect, LastIdPages

READS = [
    "list_customers", "search_customers", "get_customer", "list_products", "list_prices", "list_invoices",
    "get_invoice", "list_payments", "get_payment", "list_subscriptions", "list_refunds",
    "get_balance",
]  # fmt: skip
WRITES = [
    "create_customer", "update_customer", "create_product", "create_price", "create_invoice", "add_invoice_item",
    "finalize_invoice", "send_invoice", "create_payment", "create_subscription",
]  # fmt: skip
DESTROYS = ["cancel_subscription", "refund_payment"]


@pytest.fixture(scope="module")
def stripe() -> Connector:
    return load_catalog([packaged_folder()], index_dir=None).connector("stripe")


def test_it_has_these_actions_with_these_effects(stripe: Connector) -> None:
    effects = {Effect.READ: READS, Effect.WRITE: WRITES, Effect.DESTRUCTIVE: DESTROYS}
    expected = {name: effect for effect, names in effects.items() for name in names}

    assert {name: action.effect for name, action in stripe.actions.items()} == expected


def test_every_write_by_post_takes_a_key_and_every_list_goes_on_after_its_last_id(stripe: Connector) -> None:
    assert stripe.manifest.idempotency is not None
    assert stripe.manifest.idempotency.header == "Idempotency-Key"
    for name, action in stripe.actions.items():
        spec = action.manifest
        assert spec.is_keyed == (spec.request.method == "POST")
        assert (spec.request.method != "GET") == (action.effect is not Effect.READ)
        if name.startswith("list_"):
            assert isinstance(spec.pages, LastIdPages)
            assert spec.request.query["starting_after"] == "{cursor}"


def test_a_secret_that_pays_is_not_shown(stripe: Connector) -> None:
    intent = {"id": "pi_1", "client_secret": "pi_1_secret_x", "latest_charge": {"amount_refunded": 5}}

    given = evaluate(stripe.actions["create_payment"].manifest.answer.item, intent)

    assert "pi_1_secret_x" not in str(given)
    assert (given["id"], given["amount_refunded"]) == ("pi_1", 5)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"message": "No such customer: 'cus_1'", "code": "resource_missing", "param": "customer"},
         "No such customer: 'cus_1' (resource_missing, customer)"),
        ({"message": "Declined.", "code": "card_declined", "decline_code": "lost_card"},
         "Declined. (card_declined, lost_card)"),
        ({"message": "Invalid API Key provided: sk_test_***x"}, "Invalid API Key provided: sk_test_***x "),
        ({"type": "api_error"}, None),
        ("odd", None),
    ],
)  # fmt: skip
def test_the_message_says_code_decline_code_and_parameter(stripe: Connector, error: Any, message: str | None) -> None:
    assert jmespath.search(stripe.manifest.message or "", {"error": error}) == message
