"""Making Nango's integrations of the OAuth apps that are known here, so that nobody types them a second time.

Nango's environment serves every workspace, so only whoever runs this server may. An integration that has another app is
left alone: its connections are refreshed by that one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.integrations import Integrations
from connectory.auth.nango.models import NangoApp, NangoIntegration
from connectory.auth.oauth import scopes
from connectory.auth.oauth.clients import OAuthClients
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import AuthMethod, Effect, OAuth1Method, OAuth2Method
from connectory.errors import ConnectoryError, InvalidArguments, NangoUnavailable, RateLimited, RoleDenied
from connectory.identity.principal import Principal
from connectory.identity.record import Record
from connectory.identity.rights import is_operator
from connectory.settings import OAuthClient, Settings
from connectory.vault.vault import Vault

CALLBACK = "/oauth/callback"
NOT_OURS = "-connectory"  # behind the key where another provider's integration has it


class Outcome(StrEnum):
    """What became of an integration, or would."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    OTHER_APP = "other_app"  # it has another OAuth app, and was left alone
    NEEDS_APP = "needs_app"  # no OAuth app is known here
    UNKNOWN = "unknown"  # this Nango has no such provider
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Synced:
    """One integration. `problem` says what Nango had against it, or what it has now."""

    connector: str
    method: str
    provider: str
    integration: str
    outcome: Outcome
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One way to sign in that Nango can serve."""

    connector: Connector
    name: str
    method: AuthMethod

    @property
    def providers(self) -> tuple[str, ...]:
        return self.method.nango.providers if self.method.nango is not None else ()

    @property
    def needs_app(self) -> bool:
        return isinstance(self.method, OAuth2Method | OAuth1Method)


class IntegrationSync:
    """Compares what Nango has with what the manifests and the OAuth apps say, and makes it so."""

    def __init__(
        self, client: NangoClient, integrations: Integrations, vault: Vault, catalog: Catalog, settings: Settings,
        record: Record,
    ) -> None:  # fmt: skip
        self._client = client
        self._integrations = integrations
        self._vault = vault
        self._catalog = catalog
        self._apps = OAuthClients(vault, settings)
        self._record = record
        self.redirect_uri = f"{settings.nango_public_server_url or settings.nango_host}{CALLBACK}"

    async def sync(
        self, principal: Principal, names: Collection[str] = (), *, replace: bool = False, pretend: bool = False
    ) -> Sequence[Synced]:
        """Make or change what is needed; `names`: for these connectors alone, and also those that need no OAuth app.

        `replace`: take our app where an integration has another one. `pretend`: change nothing. Raises `RoleDenied`,
        `UnknownConnector`, and `NangoUnavailable`, `NangoRefused` where Nango cannot be asked at all.
        """
        asked = {"connectors": sorted(names), "replace": replace, "pretend": pretend}
        async with self._record(principal, "nango_sync", Effect.READ if pretend else Effect.WRITE, asked) as line:
            if not await is_operator(self._vault, principal) or principal.read_only:
                raise RoleDenied(
                    "Only an owner of the workspace 'default' may change what Nango has.", hint="Ask one of them."
                )
            wanted = list(self._wanted(names))
            if not pretend:
                await line.start()
            there = {one.integration: one for one in await self._client.integrations()}
            done = [await self._one(principal, one, there, replace=replace, pretend=pretend) for one in wanted]
            self._integrations.forget()
            return done

    def _wanted(self, names: Collection[str]) -> Iterator[_Wanted]:
        """Each family once, by the one that has the ways to sign in; of an OAuth family the first of them."""
        known = self._catalog.with_manifest
        families = {self._catalog.connector(name).manifest.auth_family for name in names}
        if names and not families <= set(known):
            raise InvalidArguments("Connectors without a manifest have their integration already.")
        for name, connector in known.items():
            if connector.family is not None or (names and name not in families):
                continue
            ways = [_Wanted(connector, way, method) for way, method in connector.auth.items() if method.nango]
            yield from [way for way in ways if way.needs_app][:1]
            yield from [way for way in ways if not way.needs_app and names]

    async def _one(
        self,
        principal: Principal,
        wanted: _Wanted,
        there: dict[str, NangoIntegration],
        *,
        replace: bool,
        pretend: bool,
    ) -> Synced:
        existing = next((one for name in wanted.providers for one in _of(name, there.values())), None)
        provider = existing.provider if existing is not None else await self._provider(wanted.providers)
        if provider is None:
            return _synced(wanted, wanted.providers[0], "", Outcome.UNKNOWN)
        key = existing.integration if existing is not None else provider
        if existing is None and key in there:
            key = f"{provider}{NOT_OURS}"
        app = None
        if wanted.needs_app:
            client = await self._apps.find(principal.workspace_id, wanted.connector.manifest.auth_family, "")
            if client is None:
                return _synced(wanted, provider, key if existing is not None else "", Outcome.NEEDS_APP)
            app = self._app(wanted, client)
        try:
            if existing is not None:
                outcome, problem = await self._change(key, app, replace=replace, pretend=pretend)
            else:
                outcome, problem = Outcome.CREATED, ""
                if not pretend:
                    await self._client.create_integration(key, provider, display_name=wanted.connector.title, app=app)
        except (NangoUnavailable, RateLimited):
            raise
        except ConnectoryError as error:
            return _synced(wanted, provider, key, Outcome.FAILED, error.text)
        return _synced(wanted, provider, key, outcome, problem)

    async def _change(self, key: str, app: NangoApp | None, *, replace: bool, pretend: bool) -> tuple[Outcome, str]:
        """Give an integration our app, unless it has another one. Raises what the client raises."""
        if app is None:
            return Outcome.UNCHANGED, ""
        found = await self._client.integration(key, with_credentials=True)
        has = found.app if found is not None else None
        if has is not None and has.client_id not in (None, app.client_id) and not replace:
            return Outcome.OTHER_APP, f"It has the app {has.client_id}."
        same_app = has is not None and has.client_id == app.client_id
        merged = app.model_copy(update={"scopes": _together(has.scopes if has and same_app else (), app.scopes)})
        if has is not None and _is_same(has, merged):
            return Outcome.UNCHANGED, ""
        if not pretend:
            await self._client.update_integration(key, app=merged)
        return Outcome.UPDATED, ""

    async def _provider(self, names: Sequence[str]) -> str | None:
        """The first that this Nango has; it may be older than the manifests."""
        for name in names:
            if await self._client.provider(name) is not None:
                return name
        return None

    def _app(self, wanted: _Wanted, client: OAuthClient) -> NangoApp:
        family = wanted.connector.manifest.auth_family
        members = [
            one
            for one in self._catalog.with_manifest.values()
            if one.manifest.auth_family == family and not one.manifest.is_bundle
        ]
        method = wanted.method
        asked = scopes.to_ask(method, members, None, ()) if isinstance(method, OAuth2Method) else ()
        kind = "OAUTH1" if isinstance(method, OAuth1Method) else "OAUTH2"
        return NangoApp(type=kind, client_id=client.client_id, client_secret=client.client_secret, scopes=asked)


def _of(provider: str, there: Collection[NangoIntegration]) -> list[NangoIntegration]:
    """The integrations of a provider, that first which the sign-in would take."""
    own = [one for one in there if one.provider == provider]
    return sorted(own, key=lambda one: (one.integration != provider, one.created_at, one.integration))


def _together(had: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Scopes that somebody has added at Nango stay."""
    return tuple(dict.fromkeys([*had, *wanted]))


def _is_same(has: NangoApp, wanted: NangoApp) -> bool:
    secrets = [one.client_secret and one.client_secret.get_secret_value() for one in (has, wanted)]
    return has.client_id == wanted.client_id and secrets[0] == secrets[1] and set(has.scopes) == set(wanted.scopes)


def _synced(wanted: _Wanted, provider: str, integration: str, outcome: Outcome, problem: str = "") -> Synced:
    return Synced(wanted.connector.name, wanted.name, provider, integration, outcome, problem)
