"""Google Analytics, by Google's discovery documents of its data and its admin API."""

from __future__ import annotations

from tests.contracts.contract import VERIFY, Contract
from tests.contracts.discovery import NO_USERINFO, discovered

CONTRACT = Contract(
    sources=[
        discovered("analyticsdata.v1beta", servers=["data"]),
        discovered("analyticsadmin.v1beta", servers=["admin"]),
    ],
    accepted={VERIFY: NO_USERINFO},
)
