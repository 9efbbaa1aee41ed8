"""Mixpanel, by its own descriptions, one for each of its servers."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.openapi import OpenApi, specs


def described(*names: str) -> list[str]:
    """The names of the files that describe these parts."""
    return [f"mixpanel-{name}.openapi.yaml" for name in names]


CONTRACT = Contract(
    sources=[
        OpenApi(specs(*described("query")), servers=["query"]),
        OpenApi(specs(*described("annotations", "service-accounts")), servers=["app"]),
        OpenApi(specs(*described("export")), servers=["data"]),
        OpenApi(specs(*described("ingestion")), servers=["ingestion"]),
    ],
    accepted={
        "search_profiles": {
            "body.output_properties is a text, and takes array": "its own sentence there says: a JSON array, as a text",
        },
        "export_events": {
            "the answer is projected, and no good answer has a body": "text there, each line of which is JSON",
        },
        "create_events": {"query parameter strict does not take 1": "'1' and 1 are the same in an address"},
        "(verify)": {
            "no source knows GET /me": "in no description; Mixpanel's own programs ask it whose a service account is",
        },
    },
)
