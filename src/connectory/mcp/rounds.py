"""Where a call of several rounds stands (`requestState`, MCP 2026-07-28): kept by the client, sealed by us (attack 39).

The specification has a server take what comes back for an attacker's. So a state opens only for the principal, tool
and arguments that it was made for, for ten minutes, on every replica that has the encryption key. It may come back
twice: it only says which link is being waited for. A refusal is an error of the protocol, as the official conformance
suite wants it: the state is the client's, and no model could mend it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mcp import MCPError
from mcp_types import INVALID_PARAMS

from connectory.errors import CannotDecrypt
from connectory.identity.principal import Principal
from connectory.vault.clock import Clock, utc_now
from connectory.vault.keys import KeyRing

OPEN_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a call: the how manyeth after the one that asked, and the link that the person was shown."""

    number: int
    link: str


class RoundSeals:
    """Seals rounds and opens them."""

    def __init__(self, keys: KeyRing, now: Clock = utc_now) -> None:
        self._keys, self._now = keys, now

    def seal(self, principal: Principal, tool: str, arguments: Mapping[str, Any], of: Round) -> str:
        """Return the state to hand to the client; nothing in it can be read."""
        until = (self._now() + OPEN_FOR).isoformat()
        text = json.dumps([of.number, of.link, until]).encode()
        sealed = self._keys.seal(text, bound_to=_call(principal, tool, arguments))
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, principal: Principal, tool: str, arguments: Mapping[str, Any], state: str) -> Round:
        """Return the round. Raises `MCPError` for all that this very call was not given, or long ago."""
        try:
            sealed = base64.urlsafe_b64decode(state + "=" * (-len(state) % 4))
            if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != state:  # base64 has several ways to write one
                raise MCPError(INVALID_PARAMS, _REFUSED)
            text = self._keys.open(sealed, bound_to=_call(principal, tool, arguments))
        except (CannotDecrypt, ValueError, RecursionError):
            raise MCPError(INVALID_PARAMS, _REFUSED) from None
        number, link, until = json.loads(text)
        if datetime.fromisoformat(until) <= self._now():
            raise MCPError(INVALID_PARAMS, _REFUSED)
        return Round(number, link)


_REFUSED = (
    "The `requestState` of this call was not given for it, or its ten minutes are over. "
    "Begin the call anew, without a state."
)


def _call(principal: Principal, tool: str, arguments: Mapping[str, Any]) -> str:
    """What a state is bound to. A JSON array, so that no two calls are written alike."""
    who = [principal.workspace_id, principal.user_id, principal.token_id]
    return json.dumps(["requestState", *who, tool, arguments], sort_keys=True)
