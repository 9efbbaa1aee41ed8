"""Taking over connections that were made elsewhere in Nango: in its dashboard, by an import, by another program.

For whoever runs the server: a connection in Nango belongs to nobody here before somebody says so. One that is tagged
for another workspace, or used by one, is as unknown as none (attacks 42, 102).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectory.auth.backend import Connected, Entry, Form, NewGrant, Question
from connectory.auth.finishing import Answers
from connectory.auth.manager import AuthManager
from connectory.auth.nango.backend import NangoBackend
from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.integrations import providers_of
from connectory.auth.nango.leaving import NANGO
from connectory.auth.nango.models import NangoConnection, NangoListed
from connectory.auth.nango.refusals import RefreshFailed
from connectory.auth.nango.signing_in import new_grant
from connectory.auth.nango.tags import MOST, OURS, WORKSPACE, new_sign_in, tags_of
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.errors import AlreadyExists, InvalidArguments, RoleDenied, SignInFailed, UnknownConnection
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.vault.entities import ConnectSession, Role, SessionStatus
from connectory.vault.vault import Vault

MADE_FOR_US = "connectory_"  # how all names of our tags begin


@dataclass(frozen=True, slots=True)
class Adoptable:
    """A connection in Nango that nothing here refers to. `connectors`: what it may be a connection to."""

    connection_id: str
    integration: str
    provider: str
    connectors: tuple[str, ...]
    created_at: datetime
    is_broken: bool
    is_tagged: bool  # for this workspace


class Adoption:
    """Finds them, and makes them connections of a workspace."""

    def __init__(
        self, client: NangoClient, backend: NangoBackend, auth: AuthManager, vault: Vault, catalog: Catalog,
        settings: Settings,
    ) -> None:  # fmt: skip
        self._client = client
        self._backend = backend
        self._auth = auth
        self._vault = vault
        self._catalog = catalog
        self._settings = settings

    async def found(self, principal: Principal) -> Sequence[Adoptable]:
        """Return what can be adopted, the newest first. Raises `RoleDenied`, and what the client raises."""
        _require_owner(principal)
        await self._catalog.settled()
        names = await self._names(principal)
        used = {(one.connection_id, one.integration) for one in await self._backend.references()}
        return [
            Adoptable(
                connection_id=one.connection_id,
                integration=one.integration,
                provider=one.provider,
                connectors=tuple(connector.name for connector in self._connectors(one)),
                created_at=one.created_at,
                is_broken=one.is_broken,
                is_tagged=one.tags.get(WORKSPACE) in names,
            )
            for one in await self._client.connections()
            if (one.connection_id, one.integration) not in used and _is_free(one.tags, names)
        ]

    async def adopt(
        self,
        principal: Principal,
        connection_id: str,
        *,
        integration: str | None = None,
        connector: str | None = None,
        alias: str | None = None,
        shared: bool = False,
        other_account: bool = False,
    ) -> Connected:
        """Make one a connection, proven by the verify call as any other, and tag it as ours.

        `integration` and `connector` where several fit. `other_account`: yes, the connection that has this alias shall
        belong to another account. Raises `RoleDenied`, `UnknownConnection`, `InvalidArguments`, `AlreadyExists`,
        `SignInFailed`, and what `AuthManager.connect` and the client raise.
        """
        _require_owner(principal)
        listed = await self._listed(principal, connection_id, integration)
        known, method = await self._way(listed, connector)
        found = await self._fetch(principal, listed)
        session = await self._session(principal, known, alias, shared=shared)
        sign_in = new_sign_in()
        try:
            new = new_grant(method, known.auth[method], found, sign_in, Entry(method, {}), (), self._settings)
            return await self._take_over(session, found, new, sign_in, other_account=other_account)
        except BaseException:
            await self._auth.sign_in.end(session)
            raise

    async def _take_over(
        self, session: ConnectSession, found: NangoConnection, new: NewGrant, sign_in: str, *, other_account: bool
    ) -> Connected:
        """Tag it, then finish; where that comes to nothing it is tagged as it was before."""
        theirs = {name: text for name, text in found.tags.items() if not name.startswith(MADE_FOR_US)}
        kept = dict(list(theirs.items())[: MOST - OURS])
        await self._tag(found, {**kept, **tags_of(session, sign_in)})
        confirmed = Answers(account_change_confirmed=other_account)
        try:
            step = await self._auth.sign_in.take_over(session, new, NANGO, confirmed)
        except BaseException:
            await self._tag(found, dict(found.tags))
            raise
        if isinstance(step, Connected):
            return step
        await self._tag(found, dict(found.tags))
        problems = step.problems if isinstance(step, Form | Question) else ()
        told = " ".join(one.message for one in problems) or "It needs a choice that only the person can make."
        raise SignInFailed(f"The connection was not adopted. {told}", hint="Connect it on the page instead.")

    async def _tag(self, found: NangoConnection, tags: Mapping[str, str]) -> None:
        if not await self._client.update_tags(found.connection_id, found.integration, tags):
            raise UnknownConnection(found.connection_id)

    async def _listed(self, principal: Principal, connection_id: str, integration: str | None) -> NangoListed:
        """The connection of this id that this workspace may take. Raises `UnknownConnection`, whatever the reason."""
        names = await self._names(principal)
        listed = await self._client.connections(connection_id=connection_id, integration=integration)
        fitting = [one for one in listed if one.connection_id == connection_id and _is_free(one.tags, names)]
        for one in fitting:
            grant = await self._backend.grant_of(one.connection_id, one.integration)
            if grant is not None and grant.workspace_id == principal.workspace_id:
                raise AlreadyExists("This connection is used here already.", hint="list_connections shows it.")
            if grant is not None:
                raise UnknownConnection(connection_id)
        if not fitting:
            raise UnknownConnection(connection_id)
        if len(fitting) > 1:
            keys = ", ".join(one.integration for one in fitting)
            raise InvalidArguments("Several integrations have a connection of this id.", hint=f"Name one of: {keys}.")
        return fitting[0]

    async def _fetch(self, principal: Principal, listed: NangoListed) -> NangoConnection:
        """Get it by our own key, and look again whose it is. Raises `UnknownConnection`, `SignInFailed`."""
        try:
            found = await self._client.connection(listed.connection_id, listed.integration)
        except RefreshFailed:
            raise SignInFailed(
                "Nango cannot renew this sign-in any more.", hint="Sign in to it anew in Nango, then repeat."
            ) from None
        if found is None or not _is_free(found.tags, await self._names(principal)):
            raise UnknownConnection(listed.connection_id)
        return found

    async def _session(
        self, principal: Principal, connector: Connector, alias: str | None, *, shared: bool
    ) -> ConnectSession:
        """A connect session that no browser has."""
        session = await self._auth.connect(principal, connector.name, alias=alias, backend=NANGO, shared=shared)
        if session.status is SessionStatus.PENDING:
            return session
        await self._auth.sign_in.end(session)
        return await self._auth.connect(principal, connector.name, alias=alias, backend=NANGO, shared=shared)

    async def _names(self, principal: Principal) -> frozenset[str]:
        """How tags name the workspace: by its id, or by the name that people call it."""
        workspace = await self._vault.workspaces.get(principal.workspace_id)
        return frozenset({str(principal.workspace_id), *([workspace.slug] if workspace is not None else [])})

    def _connectors(self, listed: NangoListed) -> list[Connector]:
        return [
            one
            for one in self._catalog.connectors.values()
            if not one.manifest.is_bundle
            and one.integration in (None, listed.integration)
            and any(listed.provider in providers_of(one, method) for method in one.auth)
        ]

    async def _way(self, listed: NangoListed, named: str | None) -> tuple[Connector, str]:
        """The connector and its method. Of several that one provider serves, the one for which it is the first."""
        await self._catalog.settled(named)
        provider = listed.provider
        fitting = self._connectors(listed)
        if named is not None:
            fitting = [one for one in [self._catalog.connector(named)] if one.integration in (None, listed.integration)]
        ways = [
            (providers_of(one, method).index(provider), one, method)
            for one in fitting
            for method in one.auth
            if provider in providers_of(one, method)
        ]
        best = [way for way in ways if way[0] == min(rank for rank, _, _ in ways)]
        if not ways:
            what = f"to {named}" if named is not None else "of any connector here"
            raise InvalidArguments(f"Nango's provider '{provider}' is no way to sign in {what}.")
        if len({one.name for _, one, _ in best}) > 1:
            names = ", ".join(sorted({one.name for _, one, _ in best}))
            raise InvalidArguments(
                f"Nango's provider '{provider}' fits several connectors.", hint=f"Name one: {names}."
            )
        return best[0][1], best[0][2]


def _is_free(tags: Mapping[str, str], names: frozenset[str]) -> bool:
    """Whether a connection is tagged for this workspace, or for none."""
    return tags.get(WORKSPACE, "") == "" or tags[WORKSPACE] in names


def _require_owner(principal: Principal) -> None:
    if principal.role is not Role.OWNER or principal.read_only:
        raise RoleDenied("Only an owner of the workspace may adopt connections.", hint="Ask an owner of the workspace.")
