"""Which backend serves a connector (design 5.1).

Asked for > the connector's only one > `AUTH_METHOD` > nango when `NANGO_SECRET_KEY` is set > builtin when the OAuth
client is known > direct. One that cannot serve the connector is passed over; one that was asked for is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectory.auth.backend import Access, Backend
from connectory.auth.ways import Ways
from connectory.catalog.connector import Connector
from connectory.errors import BackendUnavailable
from connectory.settings import Settings
from connectory.vault.entities import Grant


class BackendChoice:
    """The backends at hand, by name, and the order in which they are preferred."""

    def __init__(self, backends: Mapping[str, Backend], settings: Settings) -> None:
        self._backends = backends
        self._settings = settings

    def named(self, name: str) -> Backend:
        """Return a backend that a stored grant or session names. Raises `BackendUnavailable`."""
        if name not in self._backends:
            raise BackendUnavailable(
                f"This server has no auth backend '{name}'.",
                hint=f"It has: {', '.join(sorted(self._backends)) or 'none'}.",
            )
        return self._backends[name]

    async def access(self, grant: Grant, *, valid_for_s: float, now: datetime) -> Access:
        """Return a grant's credentials, renewed where they do not last. Raises what its backend raises."""
        backend = self.named(grant.backend)
        access = await backend.access(grant)
        return access if access.credentials.lasts(valid_for_s, now=now) else await backend.refresh(grant)

    def serving(self, connector: Connector) -> list[str]:
        """Return the names of the backends that can serve the connector now."""
        return [name for name, backend in self._backends.items() if backend.supports(connector)]

    def ways(self, connector: Connector) -> Ways:
        """Return which of the connector's ways to sign in work here."""
        served = {
            form.method for name in self.serving(connector) for form in self._backends[name].config(connector).methods
        }
        return Ways(
            connector,
            tuple(name for name in connector.auth if name in served),
            tuple(name for name in connector.auth if name not in served),
        )

    def choose(self, connector: Connector, asked: str | None) -> Backend:
        """Return the backend for a new sign-in. Raises `BackendUnavailable` where none serves, or not the asked one."""
        serving = self.serving(connector)
        if not serving:
            raise self._nothing_serves(connector)
        if asked is not None and asked not in serving:
            raise BackendUnavailable(
                f"The auth backend '{asked}' cannot serve {connector.title} here.",
                hint=f"{self.ways(connector).can} Leave `backend` out, or use one of: {', '.join(serving)}.".strip(),
            )
        if asked is not None:
            return self._backends[asked]
        if len(serving) == 1:
            return self._backends[serving[0]]
        return self._backends[next((name for name in self._preferred(connector) if name in serving), serving[0])]

    def _nothing_serves(self, connector: Connector) -> BackendUnavailable:
        has = ", ".join(sorted(self._backends)) or "none"
        return BackendUnavailable(
            f"{connector.title} cannot be connected here: one signs in to it by {self.ways(connector).cannot}, which no"
            f" auth backend of this server serves (it has: {has}).",
            hint="Whoever runs the server must set up another; until then no link can help.",
        )

    def _preferred(self, connector: Connector) -> list[str]:
        settings = self._settings
        has_client = connector.manifest.auth_family in settings.oauth_clients
        order: list[tuple[str, bool]] = [
            (settings.auth_method, True),
            ("nango", settings.nango_secret_key is not None),
            ("builtin", has_client),
        ]
        return [name for name, applies in order if applies] + ["direct"]
