"""A person's yes to exactly one call (design 2, policy).

The agent gets a single-use link to a page that shows the call. After the yes, the very same call (same principal,
action, connection and arguments, by digest) runs once within ten minutes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectory.catalog.manifest import Effect
from connectory.errors import ConfirmationNeeded, PolicyDenied, SessionExpired
from connectory.gateway.cursors import digest
from connectory.gateway.policy import Judged
from connectory.identity.principal import Principal
from connectory.vault.entities import Confirmation, ConfirmationStatus, Connection
from connectory.vault.vault import Vault

OPEN_FOR = timedelta(minutes=10)


class Confirmations:
    """Asks for a yes, and spends it."""

    def __init__(self, vault: Vault, origin: str, use_link: Callable[[Principal], None], now: Callable[[], datetime]) -> None:
        self._vault, self._origin, self._use_link, self._now = vault, origin, use_link, now

    async def require(
        self, principal: Principal, connection: Connection, judged: Judged, action: str, arguments: Mapping[str, Any]
    ) -> None:
        """Return if the person has said yes to this very call, and spend that yes.

        Raises `ConfirmationNeeded` with the link while nobody has decided, `PolicyDenied` after a no.
        """
        call = digest(action, connection.id, arguments)
        store = self._vault.confirmations
        found = await store.find(principal.workspace_id, principal.user_id, principal.token_id, call)
        if found is not None and found.status is ConfirmationStatus.DENIED:
            raise PolicyDenied(f"The person said no to this {judged.tool} call.", hint="Do not retry it; ask what they want instead.")
        if found is not None and found.status is ConfirmationStatus.CONFIRMED and await store.spend(found.id):
            return
        if found is None or found.status is not ConfirmationStatus.ASKED:
            found = await self._ask(principal, connection, judged, action, arguments, call)
        raise ConfirmationNeeded(
            f"{judged.tool} on {connection.name} needs the person's yes.",
            hint=f"Ask them to open {self._origin}/confirm/{found.link} and decide, then repeat exactly this call within ten minutes.",
        )

    async def open_link(self, link: str) -> Confirmation:
        """Return what the link asks about. Raises `SessionExpired` once it is decided or its time is over."""
        found = await self._vault.confirmations.by_link(link)
        if found is None or found.expires_at <= self._now():
            raise SessionExpired("This confirmation link is not valid any more.", hint="Let the assistant ask again.")
        return found

    async def decide(self, confirmation: Confirmation, *, yes: bool) -> None:
        """Record the person's answer, once. Raises `SessionExpired` when somebody was faster."""
        if not await self._vault.confirmations.decide(confirmation.id, confirmed=yes):
            raise SessionExpired("This call was decided already.", hint="Let the assistant ask again.")

    async def _ask(
        self, principal: Principal, connection: Connection, judged: Judged, action: str, arguments: Mapping[str, Any], call: str
    ) -> Confirmation:
        self._use_link(principal)
        return await self._vault.confirmations.create(
            workspace_id=principal.workspace_id,
            user_id=principal.user_id,
            token_id=principal.token_id,
            connection_id=connection.id,
            action=action,
            digest=call,
            arguments={"effect": judged.effect.value, "arguments": dict(arguments)},
            expires_at=self._now() + OPEN_FOR,
            link=secrets.token_urlsafe(32),
        )


def is_destructive(confirmation: Confirmation) -> bool:
    """Whether the page must warn before anything else."""
    return confirmation.arguments.get("effect") == Effect.DESTRUCTIVE
