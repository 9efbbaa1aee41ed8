"""Build everything from `Settings`: the only module that knows all rooms. Imported by `cli` and `testing` alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from connectory.actions.executor import Target
from connectory.actions.http import HttpExecutor
from connectory.actions.nango_proxy import NangoProxy
from connectory.actions.watching import Watch
from connectory.auth.backend import Account, Backend, NewGrant, Option
from connectory.auth.direct import DirectBackend
from connectory.auth.manager import AuthManager
from connectory.auth.nango.way import open_way_out
from connectory.auth.oauth.apps import OAuthApps
from connectory.auth.oauth.backend import BuiltinBackend
from connectory.auth.oauth.clients import OAuthClients
from connectory.auth.refresh import MakeRefresher, TokenRefresher
from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.catalog.own_manifests import OwnManifests, load_beside
from connectory.gateway.arguments import ArgumentChecker
from connectory.gateway.audit import AuditTrail
from connectory.gateway.confirmations import Confirmations
from connectory.gateway.cursors import digest_key
from connectory.gateway.drafts import DraftTrials
from connectory.gateway.files import GivenFiles
from connectory.gateway.gateway import Gateway, Steps
from connectory.gateway.mending import Mending, Presence, always_present
from connectory.gateway.passing import OpenPassing, PassingCalls, no_page
from connectory.gateway.quotas import Quotas
from connectory.gateway.results import Results
from connectory.identity.activity import Activity
from connectory.identity.custom_connectors import CustomConnectors
from connectory.identity.policies import Policies
from connectory.identity.principal import Principal
from connectory.identity.record import Record
from connectory.identity.tokens import Tokens
from connectory.identity.web_sessions import WebSessions
from connectory.identity.workspaces import Workspaces
from connectory.net.client import OutboundClient
from connectory.settings import Settings
from connectory.vault.clock import Clock, utc_now
from connectory.vault.passing import passing_vault
from connectory.vault.vault import Vault, open_vault

if TYPE_CHECKING:
    import httpx2

    from connectory.auth.nango.services import NangoServices
    from connectory.auth.oauth.way import Way
    from connectory.auth.openid.sign_in import OpenIdSignIn

VERIFY_TIMEOUT_S = 20.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Application:
    """Everything a face needs. Services take a principal first."""

    settings: Settings
    vault: Vault
    catalog: Catalog
    auth: AuthManager
    gateway: Gateway
    tokens: Tokens
    web_sessions: WebSessions
    workspaces: Workspaces
    policies: Policies
    confirmations: Confirmations
    audit: AuditTrail
    activity: Activity
    custom_connectors: CustomConnectors
    drafts: DraftTrials
    passing: OpenPassing
    presence: Presence
    oauth_apps: OAuthApps
    clients: OAuthClients
    nango: NangoServices | None  # where NANGO_SECRET_KEY is set
    openid: OpenIdSignIn | None  # where CONNECTORY_OIDC_ISSUER is


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    vault: Vault | None = None,
    catalog: Catalog | None = None,
    mounts: Mapping[str, httpx2.AsyncBaseTransport] | None = None,
    presence: Presence = always_present,
    now: Clock = utc_now,
    watch: Watch | None = None,
    make_refresher: MakeRefresher = TokenRefresher,
    quotas: Quotas | None = None,
) -> AsyncIterator[Application]:
    """Build the application, and close it when the block ends.

    Tests hand in a vault in memory, a catalog of their own, transports that answer inside the process, and a refresher
    that dies in mid-refresh; `watch` is shown what calls send and get, and `quotas` are another application's. Raises
    `SetupError` leaves: `KeyInvalid`, `DatabaseUnusable`, `DatabaseLocked`, ...
    """
    async with AsyncExitStack() as stack:
        vault = vault or await _opened(settings, now, stack)
        manifests = await asyncio.to_thread(_open_manifests, settings, catalog)
        catalog = manifests.catalog
        client = _way_out(settings, mounts)
        stack.push_async_callback(client.aclose)
        results = Results(vault.results, settings, now)
        stack.push_async_callback(results.aclose)
        builtin = BuiltinBackend(vault, catalog, settings, client, now, make_refresher)
        stack.push_async_callback(builtin.aclose)
        out = _way_to_nango(settings, stack)
        executor = HttpExecutor(client, watch=watch, proxy=_nango_proxy(settings, out))
        backends = _Backends(settings, vault, catalog, builtin, executor, now, out)
        quotas = quotas or Quotas(settings)
        passing = _passing(settings, vault, quotas, mounts, now)
        known = (settings, vault, manifests, backends, executor, results, presence)
        application = _build(*known, quotas, passing, now, _way_to_issuer(settings, mounts, stack))
        stack.push_async_callback(application.audit.aclose)
        await _begin_nango(application.nango, catalog, stack)
        await stack.enter_async_context(_beside(manifests.watch()))
        async with _beside(application.auth.withdraw_left()):  # providers that are slow must not delay the start
            yield application


async def _opened(settings: Settings, now: Clock, stack: AsyncExitStack) -> Vault:
    vault = await open_vault(settings, now=now)
    stack.push_async_callback(vault.aclose)
    return vault


async def _begin_nango(nango: NangoServices | None, catalog: Catalog, stack: AsyncExitStack) -> None:
    """Let the catalog have what Nango alone knows, and see to it that all of Nango ends with the application."""
    if nango is None:
        return
    stack.push_async_callback(nango.backend.aclose)
    catalog.further = nango.further
    stack.push_async_callback(nango.further.aclose)
    await stack.enter_async_context(_beside(nango.further.run()))


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do some work while the block runs; what is left of it at the end is left to the next start."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, Exception):
            _log.warning("work beside the server has failed", error=type(outcome).__name__)


def own_folder(settings: Settings) -> Path:
    """Return the folder of one's own manifests, which may be missing."""
    return settings.data_dir / "manifests"


def manifest_folders(settings: Settings) -> list[Path]:
    """Return the folders of manifests, the packaged one first; one's own in the data folder may be missing."""
    own = own_folder(settings)
    return [packaged_folder(), *settings.manifests, *([own] if own.is_dir() else [])]


def _build(
    settings: Settings, vault: Vault, manifests: OwnManifests, backends: _Backends, executor: HttpExecutor,
    results: Results, presence: Presence, quotas: Quotas, passing: OpenPassing, now: Clock, to_issuer: Way | None,
) -> Application:  # fmt: skip
    catalog = manifests.catalog
    audit = AuditTrail(vault.audit, now, key=digest_key(vault.keys))
    record = audit.enclose
    auth = backends.manager(quotas, record)
    tokens = Tokens(vault, now, record)
    confirmations = Confirmations(vault, catalog, settings.origin, quotas.use_link, presence, record, now)
    steps = _steps(vault, catalog, auth, executor, confirmations, results, audit, quotas, presence)
    custom_connectors = CustomConnectors(vault, manifests, record)
    return Application(
        settings=settings,
        vault=vault,
        catalog=catalog,
        auth=auth,
        gateway=Gateway(steps, settings),
        tokens=tokens,
        web_sessions=WebSessions(vault, tokens, record),
        workspaces=Workspaces(vault, auth.withdraw, record),
        policies=Policies(vault, record),
        confirmations=confirmations,
        audit=audit,
        activity=Activity(vault),
        custom_connectors=custom_connectors,
        drafts=DraftTrials(catalog, custom_connectors, passing),
        passing=passing,
        presence=presence,
        oauth_apps=OAuthApps(vault, catalog, backends.builtin.clients, record),
        clients=backends.builtin.clients,
        nango=backends.services(auth, record),
        openid=_openid(settings, to_issuer, vault, auth, record, now),
    )


def _passing(
    settings: Settings, vault: Vault, quotas: Quotas, mounts: Mapping[str, httpx2.AsyncBaseTransport] | None, now: Clock
) -> OpenPassing:
    """Applications for one call each. What is entered signs in there, and no Nango or app of the server's settings."""
    alone = settings.model_copy(update={"nango_secret_key": None, "oauth_clients": {}, "oidc_issuer": None})

    @asynccontextmanager
    async def open_passing(principal: Principal, catalog: Catalog, watch: Watch) -> AsyncIterator[PassingCalls]:
        handed_in: dict[str, Any] = {"catalog": catalog, "mounts": mounts, "presence": no_page, "now": now}
        async with (
            passing_vault(vault, principal.workspace_id, now=now) as memory,
            running(alone, vault=memory, watch=watch, quotas=quotas.of_passing_calls(), **handed_in) as made,
        ):
            yield PassingCalls(alone, memory, made.catalog, made.auth, made.gateway, made.audit, now)

    return open_passing


def _openid(
    settings: Settings, way: Way | None, vault: Vault, auth: AuthManager, record: Record, now: Clock
) -> OpenIdSignIn | None:
    """Signing in to the pages by OpenID Connect, where an issuer is set."""
    if way is None:
        return None
    from connectory.auth.openid.sign_in import OpenIdSignIn
    from connectory.identity.role_mapping import parse_rules
    from connectory.identity.single_sign_on import SingleSignOn

    people = SingleSignOn(vault, parse_rules(settings.oidc_roles), auth.withdraw, record)
    return OpenIdSignIn(settings, way, people, now)


def _steps(
    vault: Vault, catalog: Catalog, auth: AuthManager, executor: HttpExecutor, confirmations: Confirmations,
    results: Results, audit: AuditTrail, quotas: Quotas, presence: Presence,
) -> Steps:  # fmt: skip
    return Steps(
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


class _Backends:
    """The auth backends, with what they need of rooms that `auth` may not import: the verify call."""

    def __init__(
        self, settings: Settings, vault: Vault, catalog: Catalog, builtin: BuiltinBackend, executor: HttpExecutor,
        now: Clock, out: OutboundClient | None,
    ) -> None:  # fmt: skip
        self._settings, self._vault, self._catalog, self._now = settings, vault, catalog, now
        self._executor = executor
        self.builtin = builtin
        self.nango, self._client = None, None
        if out is not None:
            from connectory.auth.nango.backend import NangoBackend
            from connectory.auth.nango.client import NangoClient

            self._client = NangoClient(out, settings)
            self.nango = NangoBackend(self._client, vault, catalog, settings, self._verify, now)

    def manager(self, quotas: Quotas, record: Record) -> AuthManager:
        """Return the AuthManager of all backends."""
        backends: dict[str, Backend] = {
            "direct": DirectBackend(self._vault, self._settings),
            "builtin": self.builtin,
            **({"nango": self.nango} if self.nango is not None else {}),
        }
        return AuthManager(
            self._vault,
            self._catalog,
            self._settings,
            backends,
            self._verify,
            list_options=self._list_options,
            allow_link=quotas.use_link,
            record=record,
            now=self._now,
        )

    def services(self, auth: AuthManager, record: Record) -> NangoServices | None:
        """Return what stands on Nango, where there is one."""
        if self.nango is None or self._client is None:
            return None
        from connectory.auth.nango.services import nango_services

        rooms = (self._vault, self._catalog, self._settings)
        return nango_services(self._client, self.nango, auth, *rooms, record)

    async def _verify(self, connector: Connector, new: NewGrant) -> Account:
        told = await self._executor.verify(_target_of(connector, new))
        return Account(told.account_id, told.account_name, told.scopes, told.facts)

    async def _list_options(self, connector: Connector, new: NewGrant) -> list[Option]:
        choices = await self._executor.list_choices(_target_of(connector, new))
        return [Option(one.id, one.name, one.facts) for one in choices]


def _target_of(connector: Connector, new: NewGrant) -> Target:
    facts, known = {**new.facts, "id": new.connection_id}, connector.signed_in_by(new.method)
    return Target(known, new.method, facts, new.hosts, new.sent.credentials, VERIFY_TIMEOUT_S, new.sent.hidden)


def _open_manifests(settings: Settings, given: Catalog | None) -> OwnManifests:
    """One's own manifests, and the catalog of this application. Blocks.

    What Nango alone knows is put into this application's catalog, and not into a test's that handed one in.
    """
    own = own_folder(settings)
    if given is None:
        return OwnManifests.open(own, partial(_load, settings))
    catalog = given if settings.nango_secret_key is None else Catalog(given.with_manifest, given.problems)
    return OwnManifests.open(own, load_beside(given.with_manifest, own), catalog)


def _load(settings: Settings, draft: Path | None) -> Catalog:
    return load_catalog(manifest_folders(settings), index_dir=settings.data_dir / "index", draft=draft)


def _way_out(settings: Settings, mounts: Mapping[str, httpx2.AsyncBaseTransport] | None) -> OutboundClient:
    """The way out that connectors have."""
    return OutboundClient(
        allow_hosts=settings.allow_hosts,
        believes_persons=settings.is_local,
        proxy=settings.proxy.get_secret_value() if settings.proxy else None,
        max_response_bytes=settings.max_response_bytes,
        mounts=_demo(settings) if mounts is None else mounts,
    )


def _way_to_nango(settings: Settings, stack: AsyncExitStack) -> OutboundClient | None:
    """The way out to Nango, where there is one."""
    if settings.nango_secret_key is None:
        return None
    out = open_way_out(settings)
    stack.push_async_callback(out.aclose)
    return out


def _way_to_issuer(
    settings: Settings, mounts: Mapping[str, httpx2.AsyncBaseTransport] | None, stack: AsyncExitStack
) -> Way | None:
    """The way out to the OpenID Connect issuer, where one is set."""
    if settings.oidc_issuer is None:
        return None
    from connectory.auth.openid import way

    found = way.open_way_out(settings, settings.oidc_issuer, mounts or {})
    stack.push_async_callback(found.client.aclose)
    return found


def _nango_proxy(settings: Settings, out: OutboundClient | None) -> NangoProxy | None:
    """The way through Nango's proxy."""
    if out is None or settings.nango_secret_key is None:
        return None
    return NangoProxy(out, settings.nango_host, settings.nango_secret_key)


def _demo(settings: Settings) -> dict[str, httpx2.AsyncBaseTransport]:
    from connectory.demo.transport import ORIGIN, DemoTransport

    return {ORIGIN: DemoTransport(settings.data_dir / "demo.db")}
