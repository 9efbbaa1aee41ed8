"""AuthManager: the nine operations of design 5.1; what one session goes through, its `sign_in`, is `signin.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from connectory.auth.accounts import ConnectedAccounts
from connectory.auth.asking import already_connected, check_scopes, require_connecting
from connectory.auth.backend import (
    Access,
    Account,
    Backend,
    BackendConfig,
    Connected,
    Entry,
    ListOptions,
    NewGrant,
    Option,
    Problem,
    Revocation,
    Verify,
)
from connectory.auth.choice import BackendChoice
from connectory.auth.connections import (
    DEFAULT_ALIAS,
    Connections,
    Found,
    check_alias,
)
from connectory.auth.finishing import Finishing
from connectory.auth.members import members_of
from connectory.auth.sessions import ConnectSessions, Usable, any_session
from connectory.auth.signin import SignIn
from connectory.auth.ways import Ways
from connectory.auth.withdrawing import Withdrawing
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Effect
from connectory.errors import (
    CannotDecrypt,
    NeedsReconnect,
    ProviderUnauthorized,
    UnknownConnection,
)
from connectory.identity.principal import Principal
from connectory.identity.record import Record, no_record
from connectory.identity.rights import require_member
from connectory.settings import Settings
from connectory.vault.clock import Clock, utc_now
from connectory.vault.entities import Connection, ConnectionId, ConnectSession, Grant, GrantStatus
from connectory.vault.vault import Vault

__all__ = ["AllowLink", "AuthManager", "Connected"]

AllowLink = Callable[[Principal], Awaitable[None]]
"""Counts one link. Raises `QuotaExceeded`."""


async def _any_number(principal: Principal) -> None:
    """No quota."""


async def no_options(_: Connector, __: NewGrant) -> Sequence[Option]:
    """Nothing is listed."""
    return ()


class AuthManager:
    """How credentials come and stay fresh, for every backend; `link_url` builds on the one canonical origin.

    `sign_in` takes the steps of one connect session, for a page or a terminal.
    """

    def __init__(
        self,
        vault: Vault,
        catalog: Catalog,
        settings: Settings,
        backends: Mapping[str, Backend],
        verify: Verify,
        *,
        list_options: ListOptions = no_options,
        allow_link: AllowLink = _any_number,
        record: Record = no_record,
        now: Clock = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._vault = vault
        self._catalog = catalog
        self._origin = settings.origin
        self._allow_link = allow_link
        self._record = record
        self._verify = verify
        self._now = now
        self._choice = BackendChoice(backends, settings)
        self._connections = Connections(vault, catalog)
        self._sessions = ConnectSessions(vault, now, sleep)
        self._withdrawing = Withdrawing(vault.grants, self._choice)
        accounts = ConnectedAccounts(vault, catalog, self._choice)
        proving = (verify, list_options)
        finishing = Finishing(vault, catalog, settings, accounts, *proving, self._choice, self._withdrawing)
        steps = (self._sessions, accounts, finishing, self._withdrawing)
        self.sign_in = SignIn(vault, catalog, self._choice, *steps, record)

    async def connect(
        self,
        principal: Principal,
        connector: str,
        *,
        alias: str | None = None,
        backend: str | None = None,
        scopes: Sequence[str] = (),
        shared: bool = False,
        labels: Mapping[str, str] | None = None,
        usable: Usable = any_session,
    ) -> ConnectSession:
        """Return a session whose link makes the connection, or renews the one that has this alias.

        While such a session is open, the same one comes back, if it is `usable`. `labels`, which the face has checked,
        take the place of what a connection has. Raises `UnknownConnector`, `InvalidArguments`, `AlreadyExists` (no
        alias given, and `default` works), `RoleDenied`, `PolicyDenied`, `BackendUnavailable`, `QuotaExceeded`.
        """
        wanted = (backend, tuple(scopes))
        known = await self._known(connector)
        require_connecting(principal, shared=shared)
        name = check_alias(alias) if alias is not None else DEFAULT_ALIAS
        owner = str(principal.workspace_id if shared else principal.user_id)
        existing = await self._owned(principal, owner, known, name)
        is_whole = len(existing) == len(members_of(self._catalog, known))
        if is_whole and alias is None and await self._are_healthy(existing):
            raise already_connected(known, existing)
        await self._choice.choose(principal.workspace_id, known, backend)
        check_scopes(known, wanted[1])
        renewed = existing[0][0] if existing and not known.manifest.is_bundle else None
        session = await self._sessions.open_one(principal, owner, known.name, name, renewed)
        if session is not None and (session.backend, session.scopes) == wanted and usable(session):
            session = await self._sessions.labelled(session, labels)
            if session is not None:
                return session
        await self._allow_link(principal)
        return await self._sessions.create(principal, owner, known.name, name, *wanted, renewed, labels)

    async def disconnect(self, principal: Principal, connection_id: ConnectionId) -> Revocation:
        """Delete a connection; its grant is withdrawn at the provider, then deleted, with its last one.

        After a crash between the two the grant's row is still there, for `withdraw_left`. Raises `UnknownConnection`,
        `RoleDenied` for a shared one, `PolicyDenied`.
        """
        asked = {"connection": connection_id}
        async with self._record(principal, "disconnect", Effect.DESTRUCTIVE, asked) as line:
            row, _ = await self._connections.by_id(principal, connection_id)
            line.learn(connection_id=row.id, connector=row.connector)
            require_connecting(principal, shared=row.is_shared, hint="Ask an owner of the workspace.")
            await line.start()
            left = await self._vault.connections.delete(principal.workspace_id, row.id)
            if left is None:  # somebody was faster
                raise UnknownConnection(connection_id)
            return await self._withdrawing.one(left[0]) if left else Revocation.KEPT

    async def withdraw(self, grants: Sequence[Grant]) -> None:
        """Withdraw grants at their providers and delete them: those that a store has marked `revoking`."""
        await self._withdrawing.all(grants)

    async def withdraw_left(self) -> None:
        """Withdraw what a crash has left."""
        await self._withdrawing.left()

    async def get_connection(self, principal: Principal, connection_id: ConnectionId) -> Connection:
        """Return a connection by id. Raises `UnknownConnection` for what is not theirs to see."""
        return (await self._connections.by_id(principal, connection_id))[0]

    async def list_connections(self, principal: Principal, connector: str | None = None) -> list[Found]:
        """Return the connections that the principal sees, with their grants. Raises `UnknownConnector`.

        A backend that is told of broken sign-ins is asked first; one that cannot be reached changes nothing.
        """
        found = await self._connections.visible(principal, connector)
        has_changed = await self._choice.look_after(principal.workspace_id, [grant for _, grant in found])
        return await self._connections.visible(principal, connector) if has_changed else found

    async def get_credentials(
        self, principal: Principal, connection_id: ConnectionId, *, valid_for_s: float = 60
    ) -> Access:
        """Return credentials valid for at least `valid_for_s` seconds.

        Raises `UnknownConnection`, `NeedsReconnect`, `CannotDecrypt`, `BackendUnavailable`.
        """
        return await self.access(*await self._connections.by_id(principal, connection_id), valid_for_s=valid_for_s)

    async def refresh_credentials(self, principal: Principal, connection_id: ConnectionId) -> Access:
        """Return renewed credentials. Raises what `get_credentials` raises."""
        _, grant = await self._connections.by_id(principal, connection_id)
        return (await self.renew(grant))[0]

    async def renew_connection(self, principal: Principal, connection_id: ConnectionId) -> None:
        """Renew a connection's tokens because somebody wants that, on record. Raises what `renew` raises, `RoleDenied`.

        Everybody who may use the connection may: a call renews them as well.
        """
        async with self._record(principal, "refresh", Effect.WRITE, {"connection": connection_id}) as line:
            row, grant = await self._connections.by_id(principal, connection_id)
            line.learn(connection_id=row.id, connector=row.connector)
            require_member(principal, "renew sign-ins")
            await line.start()
            await self.renew(grant)

    async def renew(self, grant: Grant) -> tuple[Access, Grant]:
        """Return other credentials than those of `grant`, which were refused, and the grant as it stands with them.

        Raises `NeedsReconnect` where nothing can be renewed, and what `get_credentials` raises.
        """
        access = await self._choice.named(grant.backend).refresh(grant)
        return access, await self._vault.grants.get(grant.workspace_id, grant.id) or grant

    async def supported_providers(self, principal: Principal, backend: str | None = None) -> list[str]:
        """Return the names of the connectors that can be connected here, by `backend` or by any."""
        await self._catalog.settled()
        serving = await self._choice.serving(principal.workspace_id, list(self._catalog.connectors.values()))
        wanted = {name: [one for one in configs if backend in (None, one.backend)] for name, configs in serving.items()}
        return sorted(name for name, configs in wanted.items() if configs)

    async def ways(self, principal: Principal, connector: str) -> Ways:
        """Return which of a connector's ways to sign in work here. Raises `UnknownConnector`."""
        return (await self.ways_of(principal, [await self._known(connector)]))[connector]

    async def ways_of(self, principal: Principal, connectors: Sequence[Connector]) -> Mapping[str, Ways]:
        """Return the same of several, by name."""
        return await self._choice.ways(principal.workspace_id, connectors)

    async def provider_config(
        self, principal: Principal, connector: str, backend: str | None = None
    ) -> Sequence[BackendConfig]:
        """Return how one signs in to a connector, the preferred backend first.

        Raises `UnknownConnector`, `BackendUnavailable`.
        """
        return await self._choice.choose(principal.workspace_id, await self._known(connector), backend)

    async def validate_config(
        self, principal: Principal, connector: str, backend: str | None, entry: Entry
    ) -> list[Problem]:
        """Check an entry without asking the provider. Raises `UnknownConnector`, `BackendUnavailable`."""
        known = await self._known(connector)
        configs = await self._choice.choose(principal.workspace_id, known, backend)
        return self._choice.fitting(configs, entry).validate(known, entry)

    async def resolve(
        self, principal: Principal, name: str, *, connector: str | None = None, writes: bool = True
    ) -> Found:
        """Return the connection called `name`: an id, `{connector}/{alias}`, or an alias where `connector` is given.

        With `writes`, one's own and a shared one of the same name are a question back; else one's own is taken.
        Raises `UnknownConnection`, `AmbiguousConnection`, `InvalidArguments`.
        """
        return await self._connections.resolve(principal, name, connector=connector, writes=writes)

    async def choose(self, principal: Principal, connector: Connector, name: str | None, *, writes: bool) -> Found:
        """Return the connection for one call. Raises `NotConnected` besides what `resolve` raises."""
        return await self._connections.choose(principal, connector, name, writes=writes)

    async def access(
        self, connection: Connection, grant: Grant, *, valid_for_s: float = 60, direct: bool = False
    ) -> Access:
        """Return credentials for a connection that was resolved already. Raises what its backend's `access` raises."""
        if grant.status is GrantStatus.NEEDS_RECONNECT and not self._choice.named(grant.backend).heals:
            raise NeedsReconnect(
                f"{connection.connector} no longer accepts the sign-in of {connection.name}.",
                hint=f"Call connect(connector='{connection.connector}', alias='{connection.alias}') and give the person"
                " the link.",
            )
        return await self._choice.access(grant, valid_for_s=valid_for_s, direct=direct)

    async def verify(self, principal: Principal, connection_id: ConnectionId) -> Account:
        """Ask the provider, by the manifest's verify call, whether it still takes a connection's sign-in.

        One that is refused is renewed, where it can be, and asked about once more; one that is refused twice needs the
        person, as after a call (design 5.5). Raises what `get_credentials` raises, `UnknownConnector`, and leaves of
        `ProviderError`, `Refused` and `BadInput`.
        """
        asked = {"connection": connection_id}
        async with self._record(principal, "verify", Effect.READ, asked) as line:
            row, grant = await self._connections.by_id(principal, connection_id)
            line.learn(connection_id=row.id, connector=row.connector)
            connector = await self._known(row.connector)
            try:
                return await self._ask(connector, row, grant, await self.access(row, grant))
            except ProviderUnauthorized as refusal:  # which may be about this request alone
                access, grant = await self._to_ask_again(row, grant, refusal)
            try:
                return await self._ask(connector, row, grant, access)
            except ProviderUnauthorized:
                await self.mark_needs_reconnect(row, grant)
                raise

    async def mark_needs_reconnect(self, connection: Connection, grant: Grant) -> None:
        """Note that the provider refused `grant`; a grant renewed meanwhile is left alone (design 5.5)."""
        await self._vault.grants.set_status(
            connection.workspace_id, grant.id, GrantStatus.NEEDS_RECONNECT, if_version=grant.version
        )

    def link_url(self, session: ConnectSession) -> str:
        """Return the address for the person. It opens a page, gives nothing back, and dies at use."""
        return f"{self._origin}/connect/{session.link}"

    async def open_session(
        self,
        principal: Principal,
        connector: str,
        alias: str | None = None,
        *,
        backend: str | None = None,
        scopes: Sequence[str] = (),
        shared: bool = False,
    ) -> ConnectSession | None:
        """Return the session that a repeated `connect` is about: an open one, or one that has just connected.

        The same request repeats it, backend and scopes included; another one is not answered with the old link. The
        person may be done before the agent asks again: for two minutes from then the answer is the connection. Later,
        or when its credentials do not work, the same request renews it, so there is no session and `connect` makes a
        link. Raises `UnknownConnector`, `InvalidArguments`, `BackendUnavailable`, and as `connect` for who may not have
        its link.
        """
        known = await self._known(connector)
        require_connecting(principal, shared=shared)
        await self._choice.choose(principal.workspace_id, known, backend)
        wanted = (backend, tuple(scopes))
        name = check_alias(alias) if alias is not None else DEFAULT_ALIAS
        owner = str(principal.workspace_id if shared else principal.user_id)
        existing = await self._owned(principal, owner, known, name)
        renewed = existing[0][0] if existing and not known.manifest.is_bundle else None
        session = await self._sessions.open_one(principal, owner, known.name, name, renewed)
        if session is None and existing and await self._are_healthy(existing):
            rows = [row for row, _ in existing]
            session = await self._sessions.just_connected(principal, owner, known.name, name, rows)
        return session if session is not None and (session.backend, session.scopes) == wanted else None

    async def made_by(self, principal: Principal, session: ConnectSession) -> list[Connection]:
        """Return the connections that a finished session made or renewed: several where it was for a bundle.

        Raises `UnknownConnection` where they are gone again.
        """
        if session.connection_id is None:
            return []
        first, grant = await self._connections.by_id(principal, session.connection_id)
        owned = await self._owned(principal, session.owner, self._catalog.connector(session.connector), session.alias)
        return [first, *(row for row, on in owned if on.id == grant.id and row.id != first.id)]

    async def wait(self, principal: Principal, session: ConnectSession, timeout_s: float) -> ConnectSession:
        """Return the session once it is connected or expired, at the latest after `timeout_s` seconds."""
        return await self._sessions.wait(principal, session, timeout_s, self.sign_in.poll)

    async def _ask(self, connector: Connector, row: Connection, grant: Grant, access: Access) -> Account:
        kept = (row.hosts, grant.scopes, grant.expires_at, grant.client_id)
        new = NewGrant(grant.method, access.credentials, grant.facts, *kept, connection_id=row.id, access=access)
        return await self._verify(connector, new)

    async def _to_ask_again(self, row: Connection, grant: Grant, refusal: ProviderUnauthorized) -> tuple[Access, Grant]:
        """What `renew` returns; of what cannot be renewed the same again. Raises `refusal` where that has ended it."""
        try:
            return await self.renew(grant)
        except NeedsReconnect:
            now = await self._vault.grants.get(grant.workspace_id, grant.id)
            if now is None or now.status is GrantStatus.NEEDS_RECONNECT:
                raise refusal from None
            return await self.access(row, grant), grant

    async def _owned(self, principal: Principal, owner: str, connector: Connector, alias: str) -> list[Found]:
        """The connections of this alias that are there: of a bundle those of what it includes, in its order."""
        found = await self._connections.visible(principal)
        there = {pair[0].connector: pair for pair in found if pair[0].owner == owner and pair[0].alias == alias}
        return [there[one.name] for one in members_of(self._catalog, connector) if one.name in there]

    async def _known(self, connector: str) -> Connector:
        """The connector of this name, which may have come just now. Raises `UnknownConnector`, or why it is absent."""
        await self._catalog.settled(connector)
        return self._catalog.connector(connector)

    async def _are_healthy(self, found: Sequence[Found]) -> bool:
        try:
            for _, grant in found:
                await self._vault.grants.open_credentials(grant)
        except CannotDecrypt:
            return False
        return all(grant.status is GrantStatus.ACTIVE for _, grant in found)
