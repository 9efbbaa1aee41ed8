"""What is done about a webhook of Nango's: to look at once at what it is about, by our own key (attack 102).

So a repeat does nothing, and one that lies makes us look and find what is true.
"""

from __future__ import annotations

from enum import StrEnum

import structlog

from connectory.auth.manager import AuthManager
from connectory.auth.nango.backend import NangoBackend
from connectory.auth.nango.leaving import LeftForNango
from connectory.auth.nango.tags import session_named
from connectory.auth.nango.webhooks import Forwarded, SignInEvent, is_signed, read_event
from connectory.errors import CannotDecrypt, ConnectoryError, Unauthenticated
from connectory.settings import Settings
from connectory.vault.entities import ConnectSession, SessionStatus
from connectory.vault.vault import Vault

FAILED_THERE = (
    "Nango says that the sign-in failed at its page. Try again there, or start again; if it happens again, tell whoever"
    " runs this server."
)
_log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What a verified webhook has led to."""

    LOOKED = "looked"  # at the sign-in, or the connection, that it is about
    FORWARDED = "forwarded"  # a provider's own, for a connection of ours
    NOTHING = "nothing"  # it is about nothing of ours, or of a kind that is not known


class NangoWebhooks:
    """Takes Nango's webhooks."""

    def __init__(self, backend: NangoBackend, auth: AuthManager, vault: Vault, settings: Settings) -> None:
        self._backend = backend
        self._auth = auth
        self._vault = vault
        key = settings.nango_webhook_signing_key or settings.nango_secret_key
        assert key is not None, "without a Nango there is no such service"
        self._key = key

    async def receive(self, body: bytes, signature: str) -> Outcome:
        """Act on a webhook, as it came. Raises `Unauthenticated` where it is not signed by our key."""
        if not is_signed(body, signature, self._key.get_secret_value()):
            raise Unauthenticated(
                "This webhook is not signed by the key that is set here.",
                hint="Set NANGO_WEBHOOK_SIGNING_KEY to the signing key of the environment.",
            )
        event = read_event(body)
        if isinstance(event, SignInEvent):
            return await self._look(event)
        if isinstance(event, Forwarded):
            grant = await self._backend.grant_of(event.connection_id, event.integration)
            _log.info("a provider's webhook came through Nango", provider=event.provider[:60], known=grant is not None)
            return Outcome.FORWARDED if grant is not None else Outcome.NOTHING
        return Outcome.NOTHING

    async def _look(self, event: SignInEvent) -> Outcome:
        session = await self._waiting(event)
        if session is not None and event.operation != "refresh":
            if event.has_succeeded:
                await self._auth.sign_in.poll(session)
            else:
                await self._vault.sessions.note_problem(session, FAILED_THERE)
            return Outcome.LOOKED
        grant = await self._backend.grant_of(event.connection_id, event.integration)
        if grant is None:
            return Outcome.NOTHING
        try:
            await self._backend.look_at(grant)
        except ConnectoryError as error:  # Nango cannot be asked just now; the next call asks again
            _log.info("a connection at Nango could not be looked at", code=error.code)
        return Outcome.LOOKED

    async def _waiting(self, event: SignInEvent) -> ConnectSession | None:
        """The session that an event's tags name, if its person is at Nango's page; it may be asked about at once."""
        named = session_named(event.tags)
        session = await self._vault.sessions.get(*named) if named is not None else None
        if session is None or session.status is not SessionStatus.BOUND:
            return None
        try:
            flow = await self._vault.oauth_flows.of_session(session)
        except CannotDecrypt:
            return None
        left = LeftForNango.of(flow)
        if flow is None or left is None or left.integration != event.integration:
            return None
        await self._vault.oauth_flows.hurry(flow)
        return session
