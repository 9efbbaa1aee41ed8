"""Shopify, by the schema of its GraphQL Admin API, of the version that our requests name."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.graphql_schema import GraphQl
from tests.contracts.openapi import TOOLS

CONTRACT = Contract(sources=[GraphQl(TOOLS / "shopify/admin.json.gz")])
