"""The person's way through Nango's page: leaving for it, and finding out what came of it.

Nango chooses the connection's id and does not tell it, and its page does not lead back. So the sign-in gets a tag that
nobody else knows, and the list of connections is asked for it; what is found is fetched again by our own key. A page's
session is not used up by a sign-in: it is ended with the first one, and what else was made by it is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog
from pydantic import SecretStr

from connectory.auth.backend import Elsewhere, Entry, NewGrant
from connectory.auth.entries import CheckedEntry
from connectory.auth.members import members_of
from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.credentials import facts_from, scopes_from
from connectory.auth.nango.forms import THROUGH, scopes_to_ask, told_to_page
from connectory.auth.nango.leaving import NANGO, LeftForNango
from connectory.auth.nango.models import NangoConnection, NangoIntegration, NangoListed, NangoSession
from connectory.auth.nango.refusals import RefreshFailed
from connectory.auth.nango.tags import SIGN_IN, is_by, new_sign_in, tags_of
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import AuthMethod
from connectory.errors import CannotDecrypt, ConnectoryError, NangoUnavailable, RateLimited, SignInFailed
from connectory.settings import Settings
from connectory.vault.clock import Clock
from connectory.vault.credentials import NangoReference
from connectory.vault.entities import ConnectSession, Grant, OAuthFlow
from connectory.vault.vault import Vault

ASK_EACH_S, ASK_LATER_EACH_S = 2.0, 5.0  # Nango allows 200 requests a minute, for everybody together
SOON_S = 60.0  # most people need no longer
KNOWN_FOR = timedelta(hours=1)  # after the page's end: so that somebody is told of it
_log = structlog.get_logger(__name__)


class NangoSignIns:
    """Takes sign-ins to Nango's page and back."""

    def __init__(self, client: NangoClient, vault: Vault, catalog: Catalog, settings: Settings, now: Clock) -> None:
        self._client = client
        self._vault = vault
        self._catalog = catalog
        self._settings = settings
        self._now = now

    async def leave(
        self,
        session: ConnectSession,
        connector: Connector,
        entry: Entry,
        checked: CheckedEntry,
        integration: NangoIntegration,
    ) -> Elsewhere:
        """Make a page for this sign-in, in the place of an earlier one. Raises what the client raises."""
        await self._end_page(await self._left(session))
        method, grant = connector.auth[entry.method], await self._renewed(session)
        ticked = entry.scopes if entry.scopes is not None else (session.scopes or None)
        members = members_of(self._catalog, connector)
        wanted = scopes_to_ask(method, members, ticked, grant.scopes if grant is not None else ())
        key, sign_in = integration.integration, new_sign_in()
        told = {key: told_to_page(method, checked.facts, wanted)}
        there, renews = await self._reference(grant), None
        page: NangoSession | None = None
        if there is not None and there.integration == key:
            renews, tags = there.connection_id, tags_of(session, sign_in)
            page = await self._client.reconnect_session(renews, key, tags=tags, defaults=told)
        if page is None:
            renews = None
            page = await self._client.create_session(tags_of(session, sign_in), [key], told)
        left = LeftForNango(
            method=entry.method,
            integration=key,
            sign_in=sign_in,
            token=page.token.get_secret_value(),
            link=page.link.get_secret_value(),
            until=page.expires_at,
            began=self._now(),
            renews=renews,
            facts=dict(checked.facts),
            private_confirmed=entry.private_confirmed and self._settings.is_local,
            scopes=wanted,
        )
        await self._keep(session, connector, left)
        return self._page(left)

    async def page_of(self, session: ConnectSession) -> Elsewhere | None:
        """Return the page that a session's sign-in goes on at, until it is finished or has failed."""
        left = LeftForNango.of(await self._vault.oauth_flows.of_session(session), or_taken=True)
        return self._page(left) if left is not None else None

    async def poll(self, session: ConnectSession) -> NewGrant | None:
        """Return the sign-in if it is done; None: not yet, or not asked now.

        Raises `SignInFailed` where nobody has signed in within the page's time, or what came of it cannot be used, and
        `NangoRefused`. That Nango cannot be asked is waited out.
        """
        flow = await self._vault.oauth_flows.of_session(session)
        left = LeftForNango.of(flow)
        if flow is None or left is None or not await self._may_ask(flow, left):
            return None
        try:
            made = await self._made(session, left)
            found = await self._fetch(session, left, made[0]) if made else None
        except (NangoUnavailable, RateLimited) as error:
            _log.info("what became of a sign-in at Nango could not be asked", code=error.code)
            return None
        if found is None:
            if self._now() >= left.until:
                raise SignInFailed(
                    f"Nobody has finished signing in to {self._title(session)} at Nango's page in its time.",
                    hint="Start again; if Nango's page shows an error, tell whoever runs this server.",
                )
            return None
        if not await self._vault.oauth_flows.take(flow):  # another process was faster
            return None
        await self._end_page(left)
        await self._delete(made[1:])
        return self._new_grant(session, left, found)

    def _new_grant(self, session: ConnectSession, left: LeftForNango, found: NangoConnection) -> NewGrant:
        method = self._catalog.connector(session.connector).auth.get(left.method)
        if method is None:
            raise SignInFailed("This way to sign in does not exist any more.", hint="Start it again.")
        typed = Entry(left.method, left.facts, private_confirmed=left.private_confirmed)
        return new_grant(left.method, method, found, left.sign_in, typed, left.scopes, self._settings)

    async def _made(self, session: ConnectSession, left: LeftForNango) -> list[NangoListed]:
        """The connections that were made by this very sign-in, the newest first."""
        listed = await self._client.connections(
            tags={SIGN_IN: left.sign_in}, connection_id=left.renews, integration=left.integration
        )
        return [one for one in listed if _is_it(one, session, left)]

    async def _fetch(self, session: ConnectSession, left: LeftForNango, listed: NangoListed) -> NangoConnection | None:
        """Get the connection by our own key; None where it is not, or no longer, by this sign-in."""
        try:
            found = await self._client.connection(listed.connection_id, listed.integration)
        except RefreshFailed:
            raise SignInFailed(
                f"Nango could not get a token that works at {self._title(session)}.",
                hint="Sign in again; if it happens again, tell whoever runs this server.",
            ) from None
        return found if found is not None and _is_it(found, session, left) else None

    async def _may_ask(self, flow: OAuthFlow, left: LeftForNango) -> bool:
        is_soon = self._now() - left.began < timedelta(seconds=SOON_S)
        again_at = self._now() + timedelta(seconds=ASK_EACH_S if is_soon else ASK_LATER_EACH_S)
        return await self._vault.oauth_flows.take_poll(flow, next_at=again_at)

    async def _keep(self, session: ConnectSession, connector: Connector, left: LeftForNango) -> None:
        await self._vault.oauth_flows.leave(
            session,
            connector.manifest.auth_family,
            new_sign_in(),  # no callback has this state
            left.model_dump_json().encode(),
            expires_at=left.until + KNOWN_FOR,
            poll_at=self._now(),
            backend=NANGO,
        )

    async def _left(self, session: ConnectSession) -> LeftForNango | None:
        try:
            return LeftForNango.of(await self._vault.oauth_flows.of_session(session))
        except CannotDecrypt:
            return None

    async def _end_page(self, left: LeftForNango | None) -> None:
        """See to it that nobody signs in by this page any more. It ends by itself half an hour after it was made."""
        if left is None:
            return
        try:
            await self._client.delete_session(SecretStr(left.token))
        except ConnectoryError as error:
            _log.info("a page of Nango's was not ended", code=error.code)

    async def _delete(self, surplus: Sequence[NangoListed]) -> None:
        for one in surplus:
            try:
                await self._client.delete_connection(one.connection_id, one.integration)
            except ConnectoryError as error:
                _log.warning("a second connection of one sign-in was not deleted", code=error.code)

    async def _renewed(self, session: ConnectSession) -> Grant | None:
        """The grant of the connection that is signed in to anew."""
        if session.connection_id is None:
            return None
        row = await self._vault.connections.get(session.workspace_id, session.connection_id)
        return await self._vault.grants.get(session.workspace_id, row.grant_id) if row is not None else None

    async def _reference(self, grant: Grant | None) -> NangoReference | None:
        if grant is None or grant.backend != NANGO:
            return None
        try:
            found = await self._vault.grants.open_credentials(grant)
        except CannotDecrypt:
            return None
        return found if isinstance(found, NangoReference) else None

    def _page(self, left: LeftForNango) -> Elsewhere:
        return Elsewhere(left.link, THROUGH, (left.until - self._now()).total_seconds())

    def _title(self, session: ConnectSession) -> str:
        known = self._catalog.connectors.get(session.connector)
        return known.title if known is not None else session.connector


def new_grant(
    name: str,
    method: AuthMethod,
    found: NangoConnection,
    sign_in: str,
    typed: Entry,
    asked: tuple[str, ...],
    settings: Settings,
) -> NewGrant:
    """Return a connection of Nango's as a sign-in by the method called `name`. Raises `SignInFailed`."""
    reference = NangoReference(connection_id=found.connection_id, integration=found.integration, sign_in=sign_in)
    facts, scopes = facts_from(method, found, typed, settings), scopes_from(method, found) or asked
    return NewGrant(name, reference, facts, (), scopes, private_confirmed=typed.private_confirmed)


def _is_it(found: NangoListed, session: ConnectSession, left: LeftForNango) -> bool:
    """Whether a connection is what this sign-in has made, whatever was asked for and by whom (attack 102)."""
    is_named = left.renews in (None, found.connection_id) and found.integration == left.integration
    return is_named and is_by(found.tags, session, left.sign_in)
