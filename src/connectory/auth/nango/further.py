"""The connectors that Nango alone knows: integrations of providers that no manifest names (design 5.8).

Each process asks for itself. A Nango that is down delays no start and takes nothing away: what was known stays, and a
connection whose connector never came says why.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

import structlog

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.flights import Flights
from connectory.auth.nango.integrations import Integrations, wanted_providers
from connectory.auth.nango.leaving import NANGO
from connectory.auth.nango.models import NangoIntegration, NangoProvider
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.nango import AtNango, connectors_of
from connectory.errors import BackendUnavailable, ConnectoryError, NangoUnavailable
from connectory.vault.grants import GrantStore

EACH_S = 60.0
AGAIN_AFTER_S = 5.0  # for a name that is missing: it may have been set up a moment ago
WAIT_S = 3.0  # for a listing
MOST_ASKED_FOR = 20  # entries of the catalogue, one by one; for more it is asked for as a whole
_log = structlog.get_logger(__name__)


class FurtherConnectors:
    """Puts them into the catalog, and says why one that is needed is not there."""

    def __init__(self, client: NangoClient, integrations: Integrations, catalog: Catalog, grants: GrantStore) -> None:
        self._client = client
        self._integrations = integrations
        self._catalog = catalog
        self._grants = grants
        self._by_manifest: tuple[Mapping[str, Connector], frozenset[str]] | None = None
        self._failure: ConnectoryError | None = None
        self._missing: frozenset[str] = frozenset()  # connectors of connections that are in no catalog now
        self._asked_at = float("-inf")  # by the loop's clock
        self._flights = Flights[None]()

    async def run(self) -> None:
        """Ask each minute, for ever."""
        while True:
            await self.refresh()
            await asyncio.sleep(EACH_S)

    async def refresh(self) -> None:
        """Ask Nango what there is now, once for whoever waits. A failure is kept, and is no error."""
        await self._flights.join("all", self._refresh)

    async def settled(self, name: str | None) -> None:
        """Wait until Nango was asked once; for a `name` that is missing it is asked anew."""
        age_s = asyncio.get_running_loop().time() - self._asked_at
        if name is not None and age_s > AGAIN_AFTER_S:
            if not self._flights.is_under_way("all"):  # else whoever asks joins that, however many names they try
                self._integrations.forget()
        elif age_s != float("inf"):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                await self.refresh()

    def why_absent(self, name: str) -> ConnectoryError | None:
        """Return why the connector of a connection is not known; of another name nothing can be said."""
        if name not in self._missing:
            return None
        if self._failure is not None:
            return NangoUnavailable(
                f"What '{name}' is, only Nango knows, and it cannot be asked: {self._failure.message}",
                hint=self._failure.hint,
            )
        return BackendUnavailable(
            f"Nango has no integration any more that is called '{name}' here.",
            hint="Whoever runs Nango can make it again; else disconnect the connection.",
        )

    async def aclose(self) -> None:
        """End what is under way."""
        await self._flights.aclose()

    async def _refresh(self) -> None:
        try:
            found = await self._found()
        except ConnectoryError as error:
            if self._failure is None or self._failure.code != error.code:
                _log.warning("connectors that only Nango knows cannot be asked for", code=error.code)
            self._failure = error
        else:
            self._failure = None
            self._catalog.put_further(connectors_of(found, self._catalog.with_manifest))
        there = self._catalog.connectors
        kept = await self._grants.of_backend(NANGO)
        self._missing = frozenset(grant.connector for grant in kept if grant.connector not in there)
        self._asked_at = asyncio.get_running_loop().time()

    async def _found(self) -> Sequence[AtNango]:
        """What no manifest has a name for. Raises what the client raises."""
        manifests = self._catalog.with_manifest
        if self._by_manifest is None or self._by_manifest[0] is not manifests:
            self._by_manifest = manifests, await asyncio.to_thread(_named_by, manifests)
        named = self._by_manifest[1]
        unknown = [one for one in await self._integrations.known() if one.provider not in named]
        entries = await self._entries({one.provider for one in unknown})
        return [_at_nango(one, entries[one.provider]) for one in unknown if one.provider in entries]

    async def _entries(self, names: set[str]) -> dict[str, NangoProvider]:
        if len(names) > MOST_ASKED_FOR:
            every = await self._client.providers()
            return {name: every[name] for name in names if name in every}
        each = {name: await self._client.provider(name) for name in sorted(names)}
        return {name: entry for name, entry in each.items() if entry is not None}


def _named_by(manifests: Mapping[str, Connector]) -> frozenset[str]:
    """Blocks for some tens of milliseconds: manifests are parsed."""
    return frozenset(name for one in manifests.values() for name in wanted_providers(one))


def _at_nango(integration: NangoIntegration, entry: NangoProvider) -> AtNango:
    return AtNango(
        integration=integration.integration,
        provider=integration.provider,
        title=integration.display_name or entry.display_name or integration.integration,
        base_url=entry.proxy.base_url,
        categories=entry.categories,
        docs=entry.docs,
    )
