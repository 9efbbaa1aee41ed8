"""Slack, by its own description of the Web API, of 2021 and archived since."""

from __future__ import annotations

from typing import Any

from tests.contracts.contract import Contract
from tests.contracts.description import METHODS, Description
from tests.contracts.openapi import OpenApi, specs
from tests.contracts.swagger import read_swagger


def of_today(description: Description) -> Description:
    """The description without what Slack has renamed since: its pages' addresses, and most scopes.

    The token goes into a header of ours, which every method takes instead of the parameter `token`.
    """
    document: dict[str, Any] = {**description.document, "paths": {}}
    for path, item in description.document["paths"].items():
        document["paths"][path] = {
            method: {
                **{key: value for key, value in operation.items() if key not in ("externalDocs", "security")},
                "parameters": [one for one in operation["parameters"] if one["name"] != "token"],
            }
            for method, operation in item.items()
            if method in METHODS
        }
    return Description(document)


CONTRACT = Contract(sources=[OpenApi(specs("slack.json"), read=read_swagger, prepare=of_today)])
