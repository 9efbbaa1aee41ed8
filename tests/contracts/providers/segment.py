"""Segment, by what the SDK of its Public API was seen to send; what tracks is in no SDK by itself."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.recordings import Recorded

HTTP = "https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/"
BATCHED = f"Segment's SDKs send it within a batch alone; {HTTP} describes it"

CONTRACT = Contract(
    sources=[Recorded("segment")],
    unchecked=dict.fromkeys(("track_event", "identify_user", "add_user_to_group"), BATCHED),
)
