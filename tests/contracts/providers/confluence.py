"""Confluence, by what an SDK of both versions of its API was seen to send: its descriptions are in no package."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.recordings import Recorded

PAGES = "https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/"

CONTRACT = Contract(
    sources=[Recorded("confluence")],
    accepted={
        "*": {
            "no answer has the field '_links'": f"{PAGES} shows it in each; the SDK's types leave it out",
        },
    },
    signed_in_by="api_token",
)
