"""Pipedrive, by what its own SDK was seen to send: its descriptions are in no package."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.recordings import Recorded

CLEARED = "https://developers.pipedrive.com/docs/api/v1: null takes the value away; the SDK's types leave null out"

CONTRACT = Contract(
    sources=[Recorded("pipedrive")],
    accepted={
        "update_deal": {
            "input '{person}' may be null, and body.person_id may not": CLEARED,
            "input '{organization}' may be null, and body.org_id may not": CLEARED,
        },
        "update_person": {"input '{organization}' may be null, and body.org_id may not": CLEARED},
        "update_organization": {"input '{website}' may be null, and body.website may not": CLEARED},
    },
    given={"item": {"id": 7, "type": "deal", "title": "a title"}},  # what was found, which the SDK's types leave open
    facts={"api_domain": "https://acme.pipedrive.com"},
)
