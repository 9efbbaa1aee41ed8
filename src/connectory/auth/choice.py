"""Which backend serves a connector (design 5.1).

Asked for > the connector's only one > `AUTH_METHOD` > nango when `NANGO_SECRET_KEY` is set > builtin when the OAuth
client is known > direct. One that cannot serve the connector is passed over; one that was asked for is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectory.auth.backend import Access, Backend
from connectory.catalog.connector import Connector
from connectory.errors import BackendUnavailable
from connectory.settings import Settings
from connectory.vault.entities import Grant

_NONE_SERVES = "Whoever runs the server must set up another way to sign in to it."


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

    def choose(self, connector: Connector, asked: str | None) -> Backend:
        """Return the backend for a new sign-in. Raises `BackendUnavailable` where none serves, or not the asked one."""
        serving = self.serving(connector)
        if asked is not None and asked not in serving:
            raise BackendUnavailable(
                f"The auth backend '{asked}' cannot serve {connector.title} here.",
                hint=f"Leave `backend` out, or use one of: {', '.join(serving)}." if serving else _NONE_SERVES,
            )
        if asked is not None:
            return self._backends[asked]
        if not serving:
            raise BackendUnavailable(f"No auth backend can serve {connector.title} here.", hint=_NONE_SERVES)
        if len(serving) == 1:
            return self._backends[serving[0]]
        return self._backends[next((name for name in self._preferred(connector) if name in serving), serving[0])]

    def _preferred(self, connector: Connector) -> list[str]:
        settings = self._settings
        has_client = connector.manifest.auth_family in settings.oauth_clients
        order: list[tuple[str, bool]] = [
            (settings.auth_method, True),
            ("nango", settings.nango_secret_key is not None),
            ("builtin", has_client),
        ]
        return [name for name, applies in order if applies] + ["direct"]
