"""OpenAI, by its own description."""

from __future__ import annotations

from typing import Any

from tests.contracts.contract import Contract
from tests.contracts.description import Description
from tests.contracts.openapi import OpenApi, specs


def with_overlaps(description: Description) -> Description:
    """The description with each `oneOf` as `anyOf`: some alternatives of an answer's input take the same message."""
    document: dict[str, Any] = _any_of(description.document)
    return Description(document)


def _any_of(value: Any) -> Any:
    if isinstance(value, list):
        return [_any_of(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {"anyOf" if key == "oneOf" and "anyOf" not in value else key: _any_of(one) for key, one in value.items()}


CONTRACT = Contract(
    sources=[OpenApi(specs("openai.yaml"), prepare=with_overlaps)],
    given={"b64_json": "aGVsbG8="},
)
