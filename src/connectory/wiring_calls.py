"""What a call needs, put together over one vault and one catalog: for the application, and for a trial's one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectory.actions.executor import Target
from connectory.actions.http import HttpExecutor
from connectory.actions.nango_proxy import NangoProxy
from connectory.actions.watching import Watch
from connectory.auth.backend import Account, Backend, NewGrant, Option
from connectory.auth.direct import DirectBackend
from connectory.auth.manager import AllowLink, AuthManager
from connectory.auth.oauth.backend import BuiltinBackend
from connectory.auth.refresh import MakeRefresher, TokenRefresher
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.gateway.arguments import ArgumentChecker
from connectory.gateway.audit import AuditTrail
from connectory.gateway.confirmations import Confirmations
from connectory.gateway.cursors import digest_key
from connectory.gateway.files import GivenFiles
from connectory.gateway.gateway import Gateway, Steps
from connectory.gateway.mending import Mending, Presence, always_present
from connectory.gateway.passing import OpenPassing, PassingCalls, no_page
from connectory.gateway.quotas import Quotas
from connectory.gateway.results import Results
from connectory.identity.principal import Principal
from connectory.identity.record import Record
from connectory.net.client import OutboundClient
from connectory.settings import Settings
from connectory.vault.audit import AuditLog
from connectory.vault.clock import Clock
from connectory.vault.passing import passing_vault
from connectory.vault.vault import Vault

if TYPE_CHECKING:
    from connectory.auth.nango.services import NangoServices

VERIFY_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What calls stand on. Whoever made it closes it."""

    settings: Settings
    vault: Vault
    catalog: Catalog
    client: OutboundClient
    quotas: Quotas
    use_link: AllowLink
    now: Clock
    presence: Presence = always_present
    watch: Watch | None = None
    make_refresher: MakeRefresher = TokenRefresher
    to_nango: OutboundClient | None = None


@dataclass(frozen=True, slots=True)
class Core:
    """What is built on it: enough to sign in, and to call."""

    backends: Backends
    auth: AuthManager
    steps: Steps
    gateway: Gateway
    confirmations: Confirmations
    audit: AuditTrail


@asynccontextmanager
async def open_core(ground: Ground) -> AsyncIterator[Core]:
    """Build it, and end what it has under way when the block ends."""
    async with AsyncExitStack() as stack:
        results = Results(ground.vault.results, ground.settings, ground.now)
        stack.push_async_callback(results.aclose)
        executor = HttpExecutor(ground.client, watch=ground.watch, proxy=_nango_proxy(ground))
        backends = Backends(ground, executor)
        stack.push_async_callback(backends.builtin.aclose)
        core = _build(ground, backends, executor, results)
        stack.push_async_callback(core.audit.aclose)
        yield core


def passing_calls(ground: Ground) -> OpenPassing:
    """Calls of one sign-in each. What is entered signs in there, and no Nango or app of the server's settings."""
    alone = ground.settings.model_copy(update={"nango_secret_key": None, "oauth_clients": {}, "oidc_issuer": None})

    @asynccontextmanager
    async def open_passing(principal: Principal, catalog: Catalog, watch: Watch) -> AsyncIterator[PassingCalls]:
        async with passing_vault(ground.vault, principal.workspace_id, now=ground.now) as memory:
            apart = replace(
                ground,
                settings=alone,
                vault=memory,
                catalog=catalog,
                use_link=ground.quotas.use_call,  # nobody gets the link, and each call has one
                presence=no_page,
                watch=watch,
                to_nango=None,
            )
            async with open_core(apart) as core, _unrecorded(apart, core) as unrecorded:
                yield PassingCalls(alone, memory, catalog, core.auth, core.gateway, unrecorded, core.audit, ground.now)

    return open_passing


@asynccontextmanager
async def _unrecorded(ground: Ground, core: Core) -> AsyncIterator[Gateway]:
    """The same gateway, whose lines are gone with its vault."""
    log = AuditLog(ground.vault.database, ground.now, keep_days=0)
    audit = AuditTrail(log, ground.now, _names_of(ground.catalog), key=digest_key(ground.vault.keys))
    try:
        yield Gateway(replace(core.steps, audit=audit), ground.settings)
    finally:
        await audit.aclose()


def _names_of(catalog: Catalog) -> Callable[[], Collection[str]]:
    return lambda: catalog.connectors


def _build(ground: Ground, backends: Backends, executor: HttpExecutor, results: Results) -> Core:
    vault, catalog, quotas, presence = ground.vault, ground.catalog, ground.quotas, ground.presence
    audit = AuditTrail(vault.audit, ground.now, _names_of(catalog), key=digest_key(vault.keys))
    record, origin = audit.enclose, ground.settings.origin
    auth = backends.manager(record)
    confirmations = Confirmations(vault, catalog, origin, ground.use_link, presence, record, ground.now)
    steps = Steps(
        catalog=catalog,
        vault=vault,
        auth=auth,
        executor=executor,
        arguments=ArgumentChecker(),
        files=GivenFiles(vault.results),
        confirmations=confirmations,
        results=results,
        audit=audit,
        quotas=quotas,
        mending=Mending(auth, vault.policies, presence),
    )
    return Core(backends, auth, steps, Gateway(steps, ground.settings), confirmations, audit)


class Backends:
    """The auth backends, with what they need of rooms that `auth` may not import: the verify call."""

    def __init__(self, ground: Ground, executor: HttpExecutor) -> None:
        self._ground = ground
        self._executor = executor
        vault, catalog, settings, now = ground.vault, ground.catalog, ground.settings, ground.now
        self.builtin = BuiltinBackend(vault, catalog, settings, ground.client, now, ground.make_refresher)
        self.nango, self._client = None, None
        if ground.to_nango is not None:
            from connectory.auth.nango.backend import NangoBackend
            from connectory.auth.nango.client import NangoClient

            self._client = NangoClient(ground.to_nango, settings)
            self.nango = NangoBackend(self._client, vault, catalog, settings, self._verify, now)

    def manager(self, record: Record) -> AuthManager:
        """Return the AuthManager of all backends."""
        ground = self._ground
        backends: dict[str, Backend] = {
            "direct": DirectBackend(ground.vault, ground.settings),
            "builtin": self.builtin,
            **({"nango": self.nango} if self.nango is not None else {}),
        }
        return AuthManager(
            ground.vault,
            ground.catalog,
            ground.settings,
            backends,
            self._verify,
            list_options=self._list_options,
            allow_link=ground.use_link,
            record=record,
            now=ground.now,
        )

    def services(self, auth: AuthManager, record: Record) -> NangoServices | None:
        """Return what stands on Nango, where there is one."""
        if self.nango is None or self._client is None:
            return None
        from connectory.auth.nango.services import nango_services

        ground = self._ground
        return nango_services(self._client, self.nango, auth, ground.vault, ground.catalog, ground.settings, record)

    async def _verify(self, connector: Connector, new: NewGrant) -> Account:
        told = await self._executor.verify(_target_of(connector, new))
        return Account(told.account_id, told.account_name, told.scopes, told.facts)

    async def _list_options(self, connector: Connector, new: NewGrant) -> list[Option]:
        choices = await self._executor.list_choices(_target_of(connector, new))
        return [Option(one.id, one.name, one.facts) for one in choices]


def _target_of(connector: Connector, new: NewGrant) -> Target:
    facts, known = {**new.facts, "id": new.connection_id}, connector.signed_in_by(new.method)
    return Target(known, new.method, facts, new.hosts, new.sent.credentials, VERIFY_TIMEOUT_S, new.sent.hidden)


def _nango_proxy(ground: Ground) -> NangoProxy | None:
    """The way through Nango's proxy."""
    out, settings = ground.to_nango, ground.settings
    if out is None or settings.nango_secret_key is None:
        return None
    return NangoProxy(out, settings.nango_host, settings.nango_secret_key)
