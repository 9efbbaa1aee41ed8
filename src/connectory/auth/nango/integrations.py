"""Which of Nango's integrations is ours: by the manifest's provider names, or by what the workspace has chosen.

The list is kept for half a minute. Where Nango cannot be asked, lists go on with what was known last: a listing must
not fail, nor wait, for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.flights import Flights
from connectory.auth.nango.models import NangoApp, NangoIntegration
from connectory.catalog.connector import Connector
from connectory.errors import BackendUnavailable, ConnectoryError
from connectory.vault.entities import WorkspaceId
from connectory.vault.nango_integrations import NangoIntegrationStore

KEPT_S = 30.0
AGAIN_AFTER_S = 10.0  # a failure: nobody asks before
LISTING_WAIT_S = 3.0
Seconds = Callable[[], float]
Serving = Mapping[str, NangoIntegration]  # by method


class Integrations:
    """Finds the integration of a connector's way to sign in."""

    def __init__(self, client: NangoClient, store: NangoIntegrationStore, *, seconds: Seconds | None = None) -> None:
        self._client = client
        self._store = store
        self._seconds = seconds or (lambda: asyncio.get_running_loop().time())
        self._found: tuple[NangoIntegration, ...] = ()
        self._failure: ConnectoryError | None = None
        self._good_until = self._failed_until = float("-inf")
        self._apps: dict[str, tuple[float, NangoApp | None]] = {}
        self._flights = Flights[tuple[NangoIntegration, ...]]()
        self._changes = 0  # that we know of; what was asked before one is not kept

    async def known(self) -> tuple[NangoIntegration, ...]:
        """Return what is configured at Nango. Raises what the client raises."""
        if self._seconds() < self._good_until:
            return self._found
        if self._failure is not None and self._seconds() < self._failed_until:
            raise self._failure
        return await self._flights.join(self._changes, self._ask)

    async def known_soon(self) -> tuple[NangoIntegration, ...]:
        """Return the same, or what was known last, within some seconds."""
        try:
            async with asyncio.timeout(LISTING_WAIT_S):
                return await self.known()
        except (TimeoutError, ConnectoryError):
            return self._found

    async def serving(
        self, workspace_id: WorkspaceId, connectors: Sequence[Connector], *, soon: bool
    ) -> Mapping[str, Serving]:
        """Return which integration serves which method of each connector.

        `soon`: for a listing, which goes on without Nango; else raises what the client raises.
        """
        found = await self.known_soon() if soon else await self.known()
        chosen = await self._store.of(workspace_id) if found else {}
        return {one.name: serving_of(one, found, chosen) for one in connectors}

    async def app(self, integration: str) -> NangoApp | None:
        """Return an integration's OAuth client, where requests are signed by it (OAuth 1.0a)."""
        until, app = self._apps.get(integration, (float("-inf"), None))
        if until <= self._seconds():
            found = await self._client.integration(integration, with_credentials=True)
            app = found.app if found is not None else None
            self._apps[integration] = (self._seconds() + KEPT_S, app)
        return app

    async def choose(self, workspace_id: WorkspaceId, connector: Connector, integration: str) -> str:
        """Let an integration serve a connector in this workspace, and return the method that it serves.

        Raises `BackendUnavailable` where it cannot.
        """
        found = await self._one(integration)
        if found is None:
            self.forget()  # it may be as new as the wish for it
            found = await self._one(integration)
        if found is None:
            keys = ", ".join(sorted(one.integration for one in await self.known())) or "none"
            raise BackendUnavailable(f"Nango has no integration '{integration[:60]}'.", hint=f"It has: {keys}.")
        for name in connector.auth:
            if found.provider in providers_of(connector, name):
                await self._store.put(workspace_id, connector.manifest.auth_family, name, found.integration)
                return name
        raise BackendUnavailable(
            f"The integration '{integration[:60]}' is of Nango's provider '{found.provider}', by which one does not"
            f" sign in to {connector.title}.",
            hint=f"It needs one of: {', '.join(wanted_providers(connector)) or 'none'}.",
        )

    def forget(self) -> None:
        """Ask anew the next time: something was changed at Nango."""
        self._good_until = self._failed_until = float("-inf")
        self._changes += 1

    async def aclose(self) -> None:
        """End what is under way."""
        await self._flights.aclose()

    async def _one(self, integration: str) -> NangoIntegration | None:
        return next((one for one in await self.known() if one.integration == integration), None)

    async def _ask(self) -> tuple[NangoIntegration, ...]:
        changes = self._changes
        try:
            found = await self._client.integrations()
        except ConnectoryError as error:
            if changes == self._changes:
                self._failure, self._failed_until = error, self._seconds() + AGAIN_AFTER_S
            raise
        if changes == self._changes:
            self._found, self._failure, self._good_until = found, None, self._seconds() + KEPT_S
        return found


def providers_of(connector: Connector, method: str) -> tuple[str, ...]:
    """Return Nango's providers of one way to sign in, the first choice first."""
    nango = connector.auth[method].nango
    return nango.providers if nango is not None else ()


def wanted_providers(connector: Connector) -> tuple[str, ...]:
    """Return Nango's providers of all the ways to sign in."""
    return tuple(dict.fromkeys(name for method in connector.auth for name in providers_of(connector, method)))


def serving_of(
    connector: Connector, found: Sequence[NangoIntegration], chosen: Mapping[tuple[str, str], str]
) -> Serving:
    """Return the integration of each method that has one; of a connector that Nango alone knows, its own.

    Of several of a provider: the one that the workspace has chosen, else the one called like it, else the oldest.
    """
    if connector.integration is not None:
        own = next((one for one in found if one.integration == connector.integration), None)
        return dict.fromkeys(connector.auth, own) if own is not None else {}
    in_order = sorted(found, key=lambda one: (one.integration != one.provider, one.created_at, one.integration))
    serving = {}
    for name in connector.auth:
        fitting = [one for provider in providers_of(connector, name) for one in in_order if one.provider == provider]
        wanted = chosen.get((connector.manifest.auth_family, name))
        taken = next((one for one in fitting if one.integration == wanted), None) if wanted else None
        if taken is not None or fitting:
            serving[name] = taken or fitting[0]
    return serving
