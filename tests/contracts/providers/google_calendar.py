"""Google Calendar, by Google's discovery document of calendar.v3."""

from __future__ import annotations

from tests.contracts.contract import VERIFY, Contract
from tests.contracts.discovery import NO_USERINFO, discovered

# https://developers.google.com/workspace/calendar/api/guides/performance#patch ; a time and a day exclude each other.
CLEARED = "null takes a field away in a PATCH, which the discovery format has no word for"

CONTRACT = Contract(
    sources=[discovered("calendar.v3")],
    accepted={
        VERIFY: NO_USERINFO,
        "update_event": {
            "'{start}' may be null, and body.start.dateTime": CLEARED,
            "'{start_date}' may be null, and body.start.date": CLEARED,
            "'{end}' may be null, and body.end.dateTime": CLEARED,
            "'{end_date}' may be null, and body.end.date": CLEARED,
        },
    },
)
