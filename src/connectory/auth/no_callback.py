"""What the backends have in common to which no provider's redirect ever leads back, and no device code belongs."""

from __future__ import annotations

from connectory.auth.backend import Callback, DeviceCode, NewGrant
from connectory.errors import SessionExpired
from connectory.vault.entities import ConnectSession, SessionId, WorkspaceId


class NoCallback:
    """The parts of `Backend` that are about callbacks and codes: there is none of its own."""

    async def session_of(self, family: str, callback: Callback) -> tuple[WorkspaceId, SessionId] | None:
        """No callback is about a sign-in of it."""
        del family, callback
        return None

    async def complete(self, session: ConnectSession, callback: Callback) -> NewGrant:
        """No callback is about a sign-in of it."""
        del session, callback
        raise SessionExpired("No sign-in of this kind is under way.", hint="Open the connect link again.")

    async def code_of(self, session: ConnectSession) -> DeviceCode | None:
        """It has no codes."""
        del session
        return None
