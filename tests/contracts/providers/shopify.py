"""Shopify, by the schema of its GraphQL Admin API, of the version that our requests name."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.graphql_schema import GraphQl
from tests.contracts.openapi import TOOLS

GRANTED = [
    "products", "inventory", "orders", "customers", "draft_orders", "discounts", "merchant_managed_fulfillment_orders",
    "reports",
]  # fmt: skip
CONTRACT = Contract(
    sources=[GraphQl(TOOLS / "shopify/admin.json.gz")],
    given={
        "userErrors": [],  # with one of them it failed
        "orderCancelUserErrors": [],
        "parseErrors": [],
        "accessScopes": [{"handle": f"{right}_{name}"} for name in GRANTED for right in ("read", "write")],
    },
)
