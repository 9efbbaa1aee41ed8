"""Salesforce, by what jsforce was seen to send, or its guide says: each org has a description of its own."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.recordings import Recorded

GUIDE = "https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest"

CONTRACT = Contract(
    sources=[Recorded("salesforce")],
    accepted={
        "create_records": {
            "body.allOrNone is required, and may be left out":
                f"{GUIDE}/resources_composite_sobjects_collections_create.htm: optional, false unless given; jsforce "
                "writes the false out",
        },
    },
    facts={"instance_url": "https://acme.my.salesforce.com"},
)  # fmt: skip
