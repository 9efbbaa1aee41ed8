"""Stripe, by its OpenAPI description, which is older than the version of the API that our requests name."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.openapi import OpenApi
from tests.contracts.stripe import STRIPE_DESCRIPTION, without_common_bound

BASIL = "since 2025-03-31.basil"
PARENT = {"no answer has the field 'parent'": f"{BASIL}: what an invoice belongs to, once `subscription`"}
PRICING = {"no answer has the field 'pricing'": f"{BASIL}: of a line, once `price`"}
PAYMENTS = {"no answer has the field 'payments'": f"{BASIL}: several, once `payment_intent`"}
PERIOD = {"no answer has the field 'current_period_end'": f"{BASIL}: of each item, once of the subscription"}

CONTRACT = Contract(
    sources=[OpenApi([STRIPE_DESCRIPTION], prepare=without_common_bound)],
    accepted={
        "list_invoices": PARENT,
        "get_invoice": {**PARENT, **PAYMENTS, **PRICING},
        "create_invoice": PARENT,
        "finalize_invoice": PARENT,
        "send_invoice": PARENT,
        "add_invoice_item": {**PRICING, "body has no member 'pricing'": f"{BASIL}: it takes `price`"},
        "create_payment": {
            "body.automatic_payment_methods has no member 'allow_redirects'": "added in August 2023",
        },
        "search_customers": {
            "query parameter query is required, and may be left out": "a search for nothing; Stripe says so itself",
        },
        "list_subscriptions": PERIOD,
        "create_subscription": PERIOD,
        "cancel_subscription": PERIOD,
    },
)
