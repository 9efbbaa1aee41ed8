"""Confluence, by what an SDK of both versions of its API was seen to send: its descriptions are in no package."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.recordings import Recorded

CONTRACT = Contract(
    sources=[Recorded("confluence")],
    signed_in_by="api_token",
)
