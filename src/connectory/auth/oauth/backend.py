"""`BuiltinBackend`: signs in to OAuth connectors without any outside service, and keeps their tokens fresh.

It puts the flows together. Each stands in a module of its own, imported when it is used: Authlib takes its time.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import ClassVar

from connectory.auth.backend import (
    Access,
    BackendConfig,
    Callback,
    DeviceCode,
    Done,
    Entry,
    Form,
    MethodForm,
    NewGrant,
    Problem,
    Redirect,
    Revocation,
    Step,
)
from connectory.auth.entries import CheckedEntry, check_entry
from connectory.auth.hosts import fill_address
from connectory.auth.kept_here import KeptHere
from connectory.auth.members import members_of
from connectory.auth.oauth import scopes
from connectory.auth.oauth.clients import OAuthClients
from connectory.auth.oauth.describing import describe_method, describe_setup
from connectory.auth.oauth.endpoints import Discovery, Endpoints
from connectory.auth.oauth.flow_state import Leaving, read_leaving, way_to
from connectory.auth.oauth.loading import load_flows
from connectory.auth.oauth.renewal import OAUTH, Renewal
from connectory.auth.oauth.way import Way
from connectory.auth.refresh import MakeRefresher, TokenRefresher
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import (
    ClientCredentialsMethod,
    JwtBearerMethod,
    OAuth1Method,
    OAuth2Method,
)
from connectory.errors import ConnectoryError, SessionExpired
from connectory.net.client import OutboundClient
from connectory.net.url import origin_of
from connectory.settings import OAuthClient, Settings
from connectory.vault.clock import Clock
from connectory.vault.entities import ConnectSession, FlowStatus, Grant, SessionId, WorkspaceId
from connectory.vault.vault import Vault

STATE_BYTES = 32
BACK_WITHIN = timedelta(minutes=10)
OAuthMethod = OAuth2Method | OAuth1Method | ClientCredentialsMethod | JwtBearerMethod


@dataclass(frozen=True, slots=True)
class _Entered:
    """A person's entry, checked: what the next step needs."""

    session: ConnectSession
    connector: Connector
    name: str  # of the method
    checked: CheckedEntry
    scopes: tuple[str, ...]
    way: Way
    is_private: bool

    @property
    def family(self) -> str:
        return self.connector.manifest.auth_family


class BuiltinBackend(KeptHere):
    """Serves the methods `oauth2`, `oauth1`, `client_credentials` and `jwt_bearer`."""

    name: ClassVar[str] = "builtin"

    def __init__(
        self,
        vault: Vault,
        catalog: Catalog,
        settings: Settings,
        client: OutboundClient,
        now: Clock,
        make_refresher: MakeRefresher = TokenRefresher,
    ) -> None:
        self._vault = vault
        self._catalog = catalog
        self._settings = settings
        self._client = client
        self._now = now
        self.clients = OAuthClients(vault, settings)
        self._discovery = Discovery(now)
        self.renewal = Renewal(catalog, self.clients, self._discovery, client, now)
        self._refresher = make_refresher(vault.grants, self.renewal.renew, now)

    async def begin(self, session: ConnectSession, connector: Connector, entry: Entry) -> Step:
        """Leave for the provider; or, with what was typed, get tokens at once."""
        method = connector.auth.get(entry.method)
        forms = (await self._config(session.workspace_id, connector, session)).methods
        if not isinstance(method, OAUTH):
            return Form(forms, (Problem("", f"{connector.title} has no such way to sign in."),))
        checked = check_entry(method.fields, entry, self._settings)
        if checked.problems:
            return Form(forms, checked.problems)
        await load_flows()
        try:
            entered = await self._entered(session, connector, entry, method, checked)
            return await self._step(entered, method, forms, device=entry.device)
        except ConnectoryError as error:
            return Form(forms, (Problem("", error.text, failure=error if error.retryable else None),))

    async def session_of(self, family: str, callback: Callback) -> tuple[WorkspaceId, SessionId] | None:
        """Return the session that a callback's state belongs to, at the address of its own family (attack 10)."""
        state = callback.one("state")
        flow = await self._vault.oauth_flows.by_state(state) if state is not None else None
        return (flow.workspace_id, flow.session_id) if flow is not None and flow.family == family else None

    async def complete(self, session: ConnectSession, callback: Callback) -> NewGrant:
        """Turn the callback into a grant. The state is spent whatever comes of it."""
        await load_flows()
        flow = await self._vault.oauth_flows.by_state(callback.one("state") or "")
        if flow is None or flow.session_id != session.id or not await self._vault.oauth_flows.take(flow):
            raise SessionExpired("This sign-in was finished already, or its time is over.", hint="Start it again.")
        leaving = read_leaving(flow)
        connector = self._catalog.connector(session.connector)
        method, way = connector.auth.get(leaving.method), leaving.way(self._client)
        find_client = partial(self._same_client, session, flow.family, leaving)
        if isinstance(method, OAuth1Method):
            from connectory.auth.oauth import oauth1

            return await oauth1.finish(method, await find_client(""), leaving, callback, connector.title, way)
        from connectory.auth.oauth import code_flow

        if not isinstance(method, OAuth2Method):
            raise SessionExpired("This way to sign in does not exist any more.", hint="Start it again.")
        return await code_flow.exchange(method, find_client, leaving, callback, connector.title, way, self._now)

    async def poll(self, session: ConnectSession) -> NewGrant | None:
        """Ask for the tokens of a device code, no more often than the provider wants it."""
        flow = await self._vault.oauth_flows.of_session(session)
        if flow is None or flow.status is not FlowStatus.LEFT or flow.backend != self.name:
            return None
        leaving = read_leaving(flow)
        again_at = self._now() + timedelta(seconds=leaving.interval_s)
        if leaving.kind != "device" or not await self._vault.oauth_flows.take_poll(flow, next_at=again_at):
            return None
        await load_flows()
        from connectory.auth.oauth import device_flow

        connector = self._catalog.connector(session.connector)
        method = connector.auth.get(leaving.method)
        client = await self._same_client(session, flow.family, leaving, leaving.token_url)
        if not isinstance(method, OAuth2Method):
            raise SessionExpired("This way to sign in does not exist any more.", hint="Start it again.")
        way = leaving.way(self._client)
        got = await device_flow.ask(method, client, leaving, connector.title, way, self._now)
        if isinstance(got, float):
            slower = leaving.model_copy(update={"interval_s": got})
            await self._vault.oauth_flows.rewrite(flow, slower.model_dump_json().encode())
            return None
        return got

    async def code_of(self, session: ConnectSession) -> DeviceCode | None:
        """Return the code that was given out, with the time that is left of it."""
        flow = await self._vault.oauth_flows.of_session(session)
        if flow is None or flow.status is not FlowStatus.LEFT or flow.backend != self.name:
            return None
        leaving = read_leaving(flow)
        if leaving.kind != "device":
            return None
        left_s = (flow.expires_at - self._now()).total_seconds()
        return DeviceCode(leaving.user_code, leaving.verification_uri, left_s, leaving.interval_s)

    async def access(self, grant: Grant, *, valid_for_s: float, direct: bool = False) -> Access:
        """Return tokens that last."""
        del direct
        return Access(await self._refresher.fresh(grant, valid_for_s=valid_for_s))

    async def refresh(self, grant: Grant) -> Access:
        """Return other tokens than those that were refused."""
        return Access(await self._refresher.other(grant))

    async def revoke(self, grant: Grant) -> Revocation:
        """Withdraw the tokens, as the manifest or the issuer says."""
        credentials = await self._vault.grants.open_credentials(grant)
        return await self.renewal.revoke(grant, credentials)

    async def configs(self, workspace_id: WorkspaceId, connectors: Sequence[Connector]) -> Mapping[str, BackendConfig]:
        """Return how one signs in to each connector that has such a way."""
        families = await self.clients.families(workspace_id)
        configs = {one.name: self._describe(one, families, None) for one in connectors}
        return {name: config for name, config in configs.items() if config.methods}

    def validate(self, connector: Connector, entry: Entry) -> list[Problem]:
        """Check what was typed without asking the provider."""
        method = connector.auth.get(entry.method)
        if not isinstance(method, OAUTH):
            return [Problem("", f"{connector.title} has no such way to sign in.")]
        return list(check_entry(method.fields, entry, self._settings).problems)

    async def aclose(self) -> None:
        """Let refreshes under way end."""
        await self._refresher.aclose()

    async def _config(
        self, workspace_id: WorkspaceId, connector: Connector, session: ConnectSession | None
    ) -> BackendConfig:
        return self._describe(connector, await self.clients.families(workspace_id), session)

    def _describe(
        self, connector: Connector, families: frozenset[str], session: ConnectSession | None
    ) -> BackendConfig:
        members = members_of(self._catalog, connector)
        family = connector.manifest.auth_family
        redirect_uri = self.clients.redirect_uri(family)
        asked = session.scopes if session is not None and session.scopes else None
        methods = []
        for name, method in connector.auth.items():
            if isinstance(method, OAUTH):
                form = describe_method(name, method, members, asked)
                needs_app = isinstance(method, OAuth2Method | OAuth1Method) and family not in families
                setup = describe_setup(method, redirect_uri, members) if needs_app else None
                methods.append(replace(form, setup=setup))
        return BackendConfig(self.name, connector.name, tuple(methods))

    async def _entered(
        self, session: ConnectSession, connector: Connector, entry: Entry, method: OAuthMethod, checked: CheckedEntry
    ) -> _Entered:
        private = entry.private_confirmed and self._settings.is_local
        typed = next((checked.facts.get(name) for name, field in method.fields.items() if field.is_origin), None)
        granted: tuple[str, ...] = ()
        if session.connection_id is not None:
            granted = await self._granted(session)
        ticked = entry.scopes if entry.scopes is not None else (session.scopes or None)
        asked = (
            ()
            if isinstance(method, OAuth1Method)
            else scopes.to_ask(method, members_of(self._catalog, connector), ticked, granted)
        )
        way = way_to(self._client, typed, private_confirmed=private)
        return _Entered(session, connector, entry.method, checked, asked, way, private)

    async def _granted(self, session: ConnectSession) -> tuple[str, ...]:
        """What the account of the connection that is renewed has allowed so far."""
        assert session.connection_id is not None, "the caller has looked"
        row = await self._vault.connections.get(session.workspace_id, session.connection_id)
        grant = await self._vault.grants.get(session.workspace_id, row.grant_id) if row else None
        return grant.scopes if grant is not None else ()

    async def _step(
        self, entered: _Entered, method: OAuthMethod, forms: tuple[MethodForm, ...], *, device: bool
    ) -> Step:
        if isinstance(method, ClientCredentialsMethod | JwtBearerMethod):
            return Done(
                await self.renewal.by_typing(method, entered.name, entered.checked, entered.scopes, entered.way)
            )
        if isinstance(method, OAuth1Method):
            server = fill_address(method.request_token_url, (), entered.checked.facts)
            client = await self.clients.find(entered.session.workspace_id, entered.family, server)
            return await self._leave_oauth1(entered, method, client) if client else Form(forms, (_needs_app(entered),))
        endpoints = await self._discovery.find(method, entered.checked.facts, entered.way)
        client = await self.clients.find(entered.session.workspace_id, entered.family, endpoints.server)
        if client is None:
            workspace_id = entered.session.workspace_id
            client = await self.clients.make(workspace_id, entered.family, endpoints, entered.way)
        if client is None:
            return Form(forms, (_needs_app(entered),))
        if device or endpoints.authorize is None:
            return await self._leave_by_code(entered, method, client, endpoints)
        return await self._leave(entered, method, client, endpoints)

    async def _leave(
        self, entered: _Entered, method: OAuth2Method, client: OAuthClient, endpoints: Endpoints
    ) -> Redirect:
        from connectory.auth.oauth import code_flow

        state = secrets.token_urlsafe(STATE_BYTES)
        leaving = self._leaving(entered, client, endpoints.token, endpoints).model_copy(
            update={"verifier": code_flow.new_verifier(method)}
        )
        url = code_flow.authorize_url(method, endpoints, leaving, state)
        await self._keep(entered, state, leaving, BACK_WITHIN)
        return Redirect(url)

    async def _leave_by_code(
        self, entered: _Entered, method: OAuth2Method, client: OAuthClient, endpoints: Endpoints
    ) -> DeviceCode | Form:
        from connectory.auth.oauth import device_flow

        title = entered.connector.title
        if endpoints.device is None:
            return Form((), (Problem("", f"{title} gives no codes for machines without a browser."),))
        code, device_code = await device_flow.start(method, client, endpoints, entered.scopes, entered.way, title)
        leaving = self._leaving(entered, client, endpoints.token, endpoints).model_copy(
            update={
                "kind": "device",
                "code": device_code,
                "interval_s": code.interval_s,
                "user_code": code.user_code,
                "verification_uri": code.verification_uri,
            }
        )
        await self._keep(entered, secrets.token_urlsafe(STATE_BYTES), leaving, timedelta(seconds=code.expires_in_s))
        return code

    async def _leave_oauth1(self, entered: _Entered, method: OAuth1Method, client: OAuthClient) -> Redirect:
        from connectory.auth.oauth import oauth1

        state = secrets.token_urlsafe(STATE_BYTES)
        redirect_uri = f"{self.clients.redirect_uri(entered.family)}?state={state}"
        url, token, secret = await oauth1.start(
            method, client, redirect_uri, entered.checked.facts, entered.way, entered.connector.title
        )
        leaving = self._leaving(entered, client, "", None).model_copy(
            update={"kind": "oauth1", "code": token, "secret": secret}
        )
        await self._keep(entered, state, leaving, BACK_WITHIN)
        return Redirect(url)

    def _leaving(self, entered: _Entered, client: OAuthClient, token_url: str, endpoints: Endpoints | None) -> Leaving:
        return Leaving(
            kind="code",
            connector=entered.connector.name,
            method=entered.name,
            client_id=client.client_id,
            redirect_uri=self.clients.redirect_uri(entered.family),
            token_url=token_url,
            issuer=endpoints.issuer if endpoints else None,
            needs_iss=endpoints.needs_iss if endpoints else False,
            resource=endpoints.resource if endpoints else None,
            scopes=entered.scopes,
            facts=dict(entered.checked.facts),
            typed_origin=entered.way.typed.origin if entered.way.typed else None,
            private_confirmed=entered.is_private,
        )

    async def _keep(self, entered: _Entered, state: str, leaving: Leaving, lasts: timedelta) -> None:
        now = self._now()
        first_poll = now + timedelta(seconds=leaving.interval_s) if leaving.kind == "device" else None
        await self._vault.oauth_flows.leave(
            entered.session,
            entered.family,
            state,
            leaving.model_dump_json().encode(),
            expires_at=now + lasts,
            poll_at=first_poll,
        )

    async def _same_client(self, session: ConnectSession, family: str, leaving: Leaving, url: str) -> OAuthClient:
        """The client that the sign-in left with, as it proves itself at the token endpoint's address, once known."""
        server = origin_of(url) if url else ""
        client = await self.clients.with_id(session.workspace_id, family, leaving.client_id, server=server)
        if client is None:
            raise SessionExpired("The OAuth app was changed while you were signing in.", hint="Start it again.")
        return client


def _needs_app(entered: _Entered) -> Problem:
    title = entered.connector.title
    return Problem("", f"To sign in to {title}, an OAuth app must be registered there once and entered here.")
