"""What of the accounts somebody may change: a page shows no button that would be refused."""

from __future__ import annotations

from dataclasses import dataclass

from connectory.auth.asking import may_connect
from connectory.gateway.gateway import Gateway
from connectory.gateway.policy import CONNECT, DISCONNECT
from connectory.identity.principal import Principal


@dataclass(frozen=True, slots=True)
class Offered:
    """Whether role, token and policies let somebody connect and disconnect, by whether it is a shared connection."""

    own: bool
    shared: bool
    denied: frozenset[str]

    def connect(self, *, shared: bool = False) -> bool:
        """Whether to offer connecting and reconnecting."""
        return self._role(shared) and CONNECT.tool not in self.denied

    @property
    def connecting_denied(self) -> bool:
        """Whether it is a policy alone that does not let them connect."""
        return self.own and not self.connect()

    def disconnect(self, *, shared: bool = False) -> bool:
        """Whether to offer disconnecting."""
        return self._role(shared) and DISCONNECT.tool not in self.denied

    def rename(self, *, shared: bool = False) -> bool:
        """Whether to offer renaming, which no policy is about."""
        return self._role(shared)

    def _role(self, shared: bool) -> bool:
        return self.shared if shared else self.own


async def offered_to(principal: Principal, gateway: Gateway) -> Offered:
    """Return what a principal is offered."""
    own, shared = may_connect(principal, shared=False), may_connect(principal, shared=True)
    return Offered(own, shared, await gateway.denied(principal, CONNECT, DISCONNECT))
