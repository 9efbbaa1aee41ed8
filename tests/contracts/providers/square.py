"""Square, by its OpenAPI description of version 2025-08-20; our requests name a later one."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.openapi import OpenApi, specs

CONTRACT = Contract(
    sources=[OpenApi(specs("square.json"))],
    accepted={
        "create_item": {"input '#variation {each.name}' has minLength None": "it begins with a text of its own"},
    },
)
