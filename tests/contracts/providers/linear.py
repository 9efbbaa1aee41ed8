"""Linear, by its GraphQL schema."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.graphql_schema import GraphQl
from tests.contracts.openapi import SPECS

CONTRACT = Contract(sources=[GraphQl(SPECS / "linear.graphql")])
