"""`NangoBackend`: sign-ins that a Nango server makes, keeps and refreshes. Our vault holds where they are, no more.

The person goes on at Nango's own page, which does not lead back: what came of it is asked for (`signing_in.py`), and a
webhook only says that it is time to ask. Whatever Nango gives out is compared with the tags of the sign-in we know.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from connectory.auth.backend import (
    Access,
    BackendConfig,
    Elsewhere,
    Entry,
    Form,
    MethodForm,
    NewGrant,
    Problem,
    Revocation,
    Step,
    Verify,
)
from connectory.auth.entries import check_entry
from connectory.auth.members import hosts_of, members_of
from connectory.auth.nango import kinds
from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.credentials import asked_here, credentials_from, sign_by
from connectory.auth.nango.flights import Flights
from connectory.auth.nango.forms import describe
from connectory.auth.nango.health import SIGN_IN_AGAIN, Health
from connectory.auth.nango.hidden import secrets_of
from connectory.auth.nango.integrations import Integrations, Serving, wanted_providers
from connectory.auth.nango.leaving import NANGO
from connectory.auth.nango.models import NangoConnection
from connectory.auth.nango.refusals import RefreshFailed
from connectory.auth.nango.signing_in import NangoSignIns
from connectory.auth.nango.tags import is_ours
from connectory.auth.nango.tokens import TokensAtNango
from connectory.auth.no_callback import NoCallback
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.errors import (
    BackendUnavailable,
    CannotDecrypt,
    ConnectoryError,
    NangoRefused,
    NeedsReconnect,
    ProviderUnauthorized,
    ProviderUnavailable,
)
from connectory.settings import Settings
from connectory.vault.clock import Clock
from connectory.vault.credentials import Credentials, NangoReference
from connectory.vault.entities import ConnectSession, Grant, WorkspaceId
from connectory.vault.vault import Vault

READS_CREDENTIALS = "environment:connections:read_credentials"
RENEWABLE = (
    kinds.OAuth2, kinds.OAuth2ClientCredentials, kinds.GitHubApp, kinds.GitHubAppOAuth, kinds.Jwt, kinds.TwoStep,
    kinds.Signature,
)  # fmt: skip


class NangoBackend(NoCallback):
    """Serves every method for which the manifest names a provider of Nango's that is configured there."""

    name: ClassVar[str] = NANGO
    heals: ClassVar[bool] = True

    def __init__(
        self, client: NangoClient, vault: Vault, catalog: Catalog, settings: Settings, verify: Verify, now: Clock
    ) -> None:
        self._client = client
        self._vault = vault
        self._catalog = catalog
        self._settings = settings
        self._verify = verify
        self._now = now
        self.integrations = Integrations(client, vault.nango_integrations)
        self._tokens = TokensAtNango(client, now)
        self._signing_in = NangoSignIns(client, vault, catalog, settings, now)
        self._health = Health(client, vault.grants, catalog, self._reference, now)
        self._renewing = Flights[NangoConnection]()

    async def begin(self, session: ConnectSession, connector: Connector, entry: Entry) -> Step:
        """Leave for Nango's page."""
        serving = await self._serving(session.workspace_id, connector)
        forms = self._forms(connector, serving, session.scopes or None)
        if entry.method not in serving:
            why = await self.why_not(session.workspace_id, connector)
            return Form(forms, (Problem("", why or f"{connector.title} has no such way to sign in at Nango."),))
        checked = check_entry(asked_here(connector.auth[entry.method]), entry, self._settings)
        if checked.problems:
            return Form(forms, checked.problems)
        try:
            return await self._signing_in.leave(session, connector, entry, checked, serving[entry.method])
        except ConnectoryError as error:
            return Form(forms, (Problem("", error.text),))

    async def poll(self, session: ConnectSession) -> NewGrant | None:
        """Look at Nango whether the sign-in is done there."""
        return await self._signing_in.poll(session)

    async def page_of(self, session: ConnectSession) -> Elsewhere | None:
        """Return Nango's page."""
        return await self._signing_in.page_of(session)

    async def access_new(self, connector: Connector, new: NewGrant) -> Access:
        """Fetch what a new sign-in gives, or let Nango's proxy put it in."""
        reference, method = new.credentials, connector.auth.get(new.method)
        if not isinstance(reference, NangoReference) or method is None:
            raise BackendUnavailable("This is no sign-in of Nango's.", hint="Start it again.")
        try:
            found = await self._tokens.get(reference, valid_for_s=0)
        except RefreshFailed:
            raise _not_renewed(connector.title) from None
        if found is None:
            raise NeedsReconnect(f"Nango has lost this sign-in of {connector.title}.", hint=SIGN_IN_AGAIN)
        return await self._access(connector, new.method, reference, found, direct=False)

    async def access(self, grant: Grant, *, valid_for_s: float, direct: bool = False) -> Access:
        """Return what Nango gives out, which it has refreshed; or the reference, by which its proxy puts it in."""
        if self._health.is_asleep(grant):
            raise self._health.broken(grant)
        reference, connector = await self._reference(grant), self._catalog.connector(grant.connector)
        try:
            found = await self._tokens.get(reference, valid_for_s=valid_for_s)
        except RefreshFailed as failure:
            raise await self._health.failed(grant, failure) from None
        found = await self._checked(grant, reference, found)
        return await self._access(connector, grant.method, reference, found, direct=direct)

    async def refresh(self, grant: Grant) -> Access:
        """Return another token than the one that was refused, where Nango has, or can get, another one.

        Only a token that the verify call is refused with as well is renewed by force: where that fails, Nango hides it.
        """
        reference, connector = await self._reference(grant), self._catalog.connector(grant.connector)
        try:
            found = await self._renewing.join(reference, partial(self._other, grant, reference, connector))
        except RefreshFailed as failure:
            raise await self._health.failed(grant, failure) from None
        return await self._access(connector, grant.method, reference, found, direct=False)

    async def revoke(self, grant: Grant) -> Revocation:
        """Delete the connection at Nango, which tells most providers nothing."""
        reference = await self._reference(grant)
        self._tokens.forget(reference)
        await self._client.delete_connection(reference.connection_id, reference.integration)
        return Revocation.DELETED

    async def discard(self, credentials: Credentials) -> None:
        """Delete a connection at Nango to which no grant refers."""
        if not isinstance(credentials, NangoReference):
            return
        if await self.grant_of(credentials.connection_id, credentials.integration) is not None:
            return
        self._tokens.forget(credentials)
        await self._client.delete_connection(credentials.connection_id, credentials.integration)

    async def look_after(self, workspace_id: WorkspaceId, grants: Sequence[Grant]) -> bool:
        """Ask for all connections of the workspace at once."""
        return await self._health.look_after(workspace_id, grants)

    async def configs(self, workspace_id: WorkspaceId, connectors: Sequence[Connector]) -> Mapping[str, BackendConfig]:
        """Return how one signs in to the connectors that are configured at Nango, as far as that is known now."""
        wanted = [one for one in connectors if wanted_providers(one)]
        found = await self.integrations.serving(workspace_id, wanted, soon=True) if wanted else {}
        return {
            one.name: BackendConfig(self.name, one.name, self._forms(one, found[one.name], None))
            for one in wanted
            if found[one.name]
        }

    def validate(self, connector: Connector, entry: Entry) -> list[Problem]:
        """Check what is typed here; the rest is typed at Nango's page."""
        method = connector.auth.get(entry.method)
        if method is None or method.nango is None:
            return [Problem("", f"{connector.title} has no such way to sign in at Nango.")]
        return list(check_entry(asked_here(method), entry, self._settings).problems)

    async def why_not(self, workspace_id: WorkspaceId, connector: Connector) -> str:
        """Say that Nango cannot be asked, or what is missing there."""
        wanted = wanted_providers(connector)
        if not wanted:
            return f"Its manifest does not say which of Nango's providers {connector.title} is."
        try:
            serving = (await self.integrations.serving(workspace_id, [connector], soon=False))[connector.name]
        except ConnectoryError as error:
            return error.text
        if serving:
            return ""
        return (
            f"Nango has no integration for {connector.title} (one of its providers {', '.join(wanted)});"
            " `connectory nango sync-integrations` makes it."
        )

    async def references(self) -> Sequence[NangoReference]:
        """Return where the sign-ins of all workspaces are at Nango; without those that cannot be read."""
        return [reference for _, reference in await self._known()]

    async def grant_of(self, connection_id: str, integration: str) -> Grant | None:
        """Return the grant of any workspace that refers to a connection at Nango."""
        place = (connection_id, integration)
        known = await self._known()
        return next((grant for grant, one in known if (one.connection_id, one.integration) == place), None)

    async def look_at(self, grant: Grant) -> None:
        """Ask Nango about one grant at once: something says that it has changed."""
        reference = await self._reference(grant)
        self._tokens.forget(reference)
        try:
            await self._checked(grant, reference, await self._tokens.ask(reference))
        except RefreshFailed as failure:
            await self._health.failed(grant, failure)
        except NeedsReconnect:
            pass  # noted on the grant

    async def aclose(self) -> None:
        """End what is under way."""
        await self._renewing.aclose()
        await self._tokens.aclose()
        await self.integrations.aclose()

    async def _known(self) -> list[tuple[Grant, NangoReference]]:
        found = []
        for grant in await self._vault.grants.of_backend(self.name):
            with contextlib.suppress(CannotDecrypt):
                found.append((grant, await self._reference(grant)))
        return found

    async def _other(self, grant: Grant, reference: NangoReference, connector: Connector) -> NangoConnection:
        """Return a connection with another token. Raises `NeedsReconnect` where there is none, and `RefreshFailed`."""
        before = self._tokens.kept(reference)
        is_young = self._tokens.is_young(reference)
        now = await self._checked(grant, reference, await self._tokens.ask(reference))
        if is_young or (before is not None and before.credentials != now.credentials):
            return now
        if not isinstance(now.credentials, RENEWABLE) or not await self._is_refused(grant, connector, now):
            raise NeedsReconnect(
                f"{connector.title} does not accept the sign-in that Nango keeps, and Nango cannot renew it.",
                hint=SIGN_IN_AGAIN,
            )
        return await self._checked(grant, reference, await self._tokens.renew(reference))

    async def _is_refused(self, grant: Grant, connector: Connector, found: NangoConnection) -> bool:
        """Ask the provider itself, by the verify call; without one nobody knows."""
        if connector.verify_of(grant.method) is None:
            return False
        reference = await self._reference(grant)
        access = await self._access(connector, grant.method, reference, found, direct=False)
        known = (grant.scopes, grant.expires_at, grant.client_id)
        hosts = hosts_of(connector, grant.method, grant.facts, private_confirmed=False)
        try:
            await self._verify(connector, NewGrant(grant.method, reference, grant.facts, hosts, *known, access=access))
        except ProviderUnauthorized:
            return True
        except ConnectoryError:
            return False
        return False

    async def _checked(self, grant: Grant, reference: NangoReference, found: NangoConnection | None) -> NangoConnection:
        """Return a connection that is there, ours, and not at its end. Raises `NeedsReconnect`, noted on the grant."""
        if found is None:
            raise await self._health.gone(grant)
        if not is_ours(found.tags, grant.workspace_id, reference.sign_in):
            self._tokens.forget(reference)
            raise await self._health.changed(grant)
        ends = found.credentials.lasts_until
        if ends is not None and ends <= self._now():
            raise await self._health.expired(grant)
        if not found.is_broken:  # else a refresh has failed meanwhile, though the token is there still
            await self._health.good(grant)
        return found

    async def _access(
        self, connector: Connector, method: str, reference: NangoReference, found: NangoConnection, *, direct: bool
    ) -> Access:
        """Return how requests are sent: with what Nango gave out, or through its proxy."""
        if connector.integration is not None or (self._settings.nango_proxy == "always" and not direct):
            return Access(reference, "nango_proxy", secrets_of(found))
        if method not in connector.auth:
            raise BackendUnavailable(
                f"{connector.title} has no way to sign in '{method}' any more.", hint=SIGN_IN_AGAIN
            )
        credentials = await self._credentials(connector, method, found)
        if credentials is not None:
            return Access(credentials)
        if isinstance(found.credentials, kinds.Nothing):
            raise NangoRefused(
                f"The key in NANGO_SECRET_KEY lacks the scope {READS_CREDENTIALS}, so that calls cannot be made from"
                " here.",
                hint="Give the key that scope in Nango's dashboard, or set NANGO_PROXY=always.",
                reason="forbidden",
                places=(READS_CREDENTIALS,),
            )
        raise BackendUnavailable(
            f"Nango keeps a sign-in of kind {found.credentials.type or 'unknown'} for {connector.title}, which this way"
            " to sign in cannot put into requests.",
            hint="Set NANGO_PROXY=always, or choose another integration.",
        )

    async def _credentials(self, connector: Connector, method: str, found: NangoConnection) -> Credentials | None:
        if isinstance(found.credentials, kinds.OAuth1):
            return sign_by(found.credentials, await self.integrations.app(found.integration))
        return credentials_from(connector.auth[method], found, self._settings)

    async def _serving(self, workspace_id: WorkspaceId, connector: Connector) -> Serving:
        return (await self.integrations.serving(workspace_id, [connector], soon=True))[connector.name]

    def _forms(self, connector: Connector, serving: Serving, asked: Sequence[str] | None) -> tuple[MethodForm, ...]:
        members = members_of(self._catalog, connector)
        return tuple(describe(name, connector.auth[name], members, asked) for name in serving)

    async def _reference(self, grant: Grant) -> NangoReference:
        """Return where a grant's sign-in is at Nango. Raises `CannotDecrypt`."""
        found = await self._vault.grants.open_credentials(grant)
        if not isinstance(found, NangoReference):
            raise CannotDecrypt("This grant does not say where it is at Nango.", hint="Connect the account again.")
        return found


def _not_renewed(title: str) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"Nango could not renew the sign-in of {title} just now.", hint="Try again in half a minute."
    )
