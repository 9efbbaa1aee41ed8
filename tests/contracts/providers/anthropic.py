"""Anthropic, by what its own SDK was seen to send."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.recordings import Recorded

REPORTS = "https://platform.claude.com/docs/en/api/admin-api/usage-cost: the SDK has other reports, and not these"

CONTRACT = Contract(
    sources=[Recorded("anthropic")],
    accepted={
        "get_batch_results": {"answer.items '@' gives no list": "lines, and the recording has one of them"},
    },
    unchecked={"list_costs": REPORTS, "list_usage": REPORTS},
)
