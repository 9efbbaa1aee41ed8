"""Square, by its OpenAPI description of version 2025-08-20; our requests name a later one."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.description import Description
from tests.contracts.making import ABSENT
from tests.contracts.openapi import OpenApi, specs


def completed(description: Description) -> Description:
    """The description with the one schema that it refers to and forgot."""
    components = description.document["components"]
    schemas = {"CatalogModifierToggleOverrideType": {}, **components["schemas"]}
    return Description({**description.document, "components": {**components, "schemas": schemas}})


CONTRACT = Contract(
    sources=[OpenApi(specs("square.json"), prepare=completed)],
    given={"errors": ABSENT},  # with one of them it failed
    accepted={
        "create_item": {"input '#variation {each.name}' has minLength None": "it begins with a text of its own"},
    },
)
