"""Google Sheets, by Google's discovery document of sheets.v4."""

from __future__ import annotations

from tests.contracts.contract import VERIFY, Contract
from tests.contracts.discovery import NO_USERINFO, discovered

CONTRACT = Contract(
    sources=[discovered("sheets.v4")],
    accepted={VERIFY: NO_USERINFO},
    given={"values": [["who", "hours"], ["Ann", 12]]},  # rows of cells, which the document leaves open
)
