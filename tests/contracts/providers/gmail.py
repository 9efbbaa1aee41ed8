"""Gmail, by Google's discovery document of gmail.v1."""

from __future__ import annotations

from tests.contracts.contract import VERIFY, Contract
from tests.contracts.discovery import NO_USERINFO, discovered

CONTRACT = Contract(
    sources=[discovered("gmail.v1")],
    accepted={
        VERIFY: NO_USERINFO,
        "reply_to_message": {"the action asks for 2 groups": "one to read what is answered, one to send"},
    },
    given={
        "data": "aGVsbG8=",  # of a part and of an attachment: base64
        "headers": [{"name": "From", "value": "Bob <bob@example.com>"}, {"name": "Subject", "value": "Plan"}],
    },
)
