"""How the servers of one sign-in are reached: through the one guarded way out, within limits of its own."""

from __future__ import annotations

from dataclasses import dataclass

from connectory.net.address import HostRule
from connectory.net.client import OutboundClient

TIMEOUT_S = 15.0  # shorter than the refresh lease, so that a slow provider cannot outlive it
MAX_ANSWER_BYTES = 262_144  # tokens and metadata have a few thousand; a provider may send anything


@dataclass(frozen=True, slots=True)
class Way:
    """How the servers of one sign-in are reached. `typed`: the origin that the person typed, and may have confirmed."""

    client: OutboundClient
    typed: HostRule | None = None

    def rule(self, origin: str) -> HostRule:
        """Return the rule for requests to an origin: a confirmation counts for the one that was typed alone."""
        return self.typed if self.typed is not None and self.typed.origin == origin else HostRule(origin)
