"""Build everything from `Settings`: the only module that knows all rooms. Imported by `cli` and `testing` alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from connectory.actions.watching import Watch
from connectory.auth.manager import AuthManager
from connectory.auth.nango.way import open_way_out
from connectory.auth.oauth.apps import OAuthApps
from connectory.auth.oauth.clients import OAuthClients
from connectory.auth.refresh import MakeRefresher, TokenRefresher
from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.catalog.own_manifests import OwnManifests, load_beside
from connectory.gateway.audit import AuditTrail
from connectory.gateway.confirmations import Confirmations
from connectory.gateway.drafts import DraftTrials
from connectory.gateway.gateway import Gateway
from connectory.gateway.mending import Presence, always_present
from connectory.gateway.passing import OpenPassing
from connectory.gateway.quotas import Quotas
from connectory.identity.activity import Activity
from connectory.identity.custom_connectors import CustomConnectors
from connectory.identity.policies import Policies
from connectory.identity.record import Record
from connectory.identity.tokens import Tokens
from connectory.identity.web_sessions import WebSessions
from connectory.identity.workspaces import Workspaces
from connectory.net.client import OutboundClient
from connectory.settings import Settings
from connectory.vault.clock import Clock, utc_now
from connectory.vault.vault import Vault, open_vault
from connectory.wiring_calls import Core, Ground, open_core, passing_calls

if TYPE_CHECKING:
    import httpx2

    from connectory.auth.nango.services import NangoServices
    from connectory.auth.oauth.way import Way
    from connectory.auth.openid.sign_in import OpenIdSignIn

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
) -> AsyncIterator[Application]:
    """Build the application, and close it when the block ends.

    Tests hand in a vault in memory, a catalog of their own, transports that answer inside the process, and a refresher
    that dies in mid-refresh; `watch` is shown what calls send and get. Raises `SetupError` leaves: `KeyInvalid`,
    `DatabaseUnusable`, `DatabaseLocked`, ...
    """
    async with AsyncExitStack() as stack:
        vault = vault or await _opened(settings, now, stack)
        manifests = await asyncio.to_thread(_open_manifests, settings, catalog)
        client = _way_out(settings, mounts)
        stack.push_async_callback(client.aclose)
        quotas = Quotas(settings)
        ground = Ground(
            settings, vault, manifests.catalog, client, quotas, quotas.use_link, now,
            presence=presence, watch=watch, make_refresher=make_refresher, to_nango=_way_to_nango(settings, stack),
        )  # fmt: skip
        core = await stack.enter_async_context(open_core(ground))
        application = _build(ground, core, manifests, _way_to_issuer(settings, mounts, stack))
        await _begin_nango(application.nango, manifests.catalog, stack)
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


def _build(ground: Ground, core: Core, manifests: OwnManifests, to_issuer: Way | None) -> Application:
    settings, vault, catalog = ground.settings, ground.vault, ground.catalog
    auth, record, clients = core.auth, core.audit.enclose, core.backends.builtin.clients
    tokens = Tokens(vault, ground.now, record, has_issuer=settings.oidc_issuer is not None)
    custom_connectors = CustomConnectors(vault, manifests, record)
    passing = passing_calls(ground)
    return Application(
        settings=settings,
        vault=vault,
        catalog=catalog,
        auth=auth,
        gateway=core.gateway,
        tokens=tokens,
        web_sessions=WebSessions(vault, tokens, record),
        workspaces=Workspaces(vault, auth.withdraw, record),
        policies=Policies(vault, record),
        confirmations=core.confirmations,
        audit=core.audit,
        activity=Activity(vault),
        custom_connectors=custom_connectors,
        drafts=DraftTrials(catalog, custom_connectors, passing),
        passing=passing,
        presence=ground.presence,
        oauth_apps=OAuthApps(vault, catalog, clients, record),
        clients=clients,
        nango=core.backends.services(auth, record),
        openid=_openid(settings, to_issuer, vault, auth, record, ground.now),
    )


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


def _demo(settings: Settings) -> dict[str, httpx2.AsyncBaseTransport]:
    from connectory.demo.transport import ORIGIN, DemoTransport

    return {ORIGIN: DemoTransport(settings.data_dir / "demo.db")}
