"""Which backends serve a connector, and in which order their ways to sign in are offered (design 5.1).

Asked for > `AUTH_METHOD` > nango when `NANGO_SECRET_KEY` is set > builtin when the OAuth client is known > direct. One
that cannot serve the connector is passed over; one that was asked for is an error. What needs a setup comes last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectory.auth.backend import Access, Backend, BackendConfig, Entry, MethodForm
from connectory.auth.ways import Ways
from connectory.catalog.connector import Connector
from connectory.errors import BackendUnavailable
from connectory.settings import Settings
from connectory.vault.entities import ConnectSession, Grant, WorkspaceId


class BackendChoice:
    """The backends at hand, by name, and the order in which they are preferred."""

    def __init__(self, backends: Mapping[str, Backend], settings: Settings) -> None:
        self._backends = backends
        self._settings = settings

    def named(self, name: str) -> Backend:
        """Return a backend that a stored grant names. Raises `BackendUnavailable`."""
        if name not in self._backends:
            raise BackendUnavailable(
                f"This server has no auth backend '{name}'.",
                hint=f"It has: {', '.join(sorted(self._backends)) or 'none'}.",
            )
        return self._backends[name]

    def all(self) -> Sequence[Backend]:
        """Return every backend."""
        return list(self._backends.values())

    async def access(self, grant: Grant, *, valid_for_s: float, direct: bool = False) -> Access:
        """Return a grant's credentials, renewed where they do not last. Raises what its backend raises."""
        return await self.named(grant.backend).access(grant, valid_for_s=valid_for_s, direct=direct)

    async def serving(
        self, workspace_id: WorkspaceId, connectors: Sequence[Connector]
    ) -> Mapping[str, Sequence[BackendConfig]]:
        """Return how each connector can be signed in to, the preferred backend first; empty where none serves it."""
        found = {name: await backend.configs(workspace_id, connectors) for name, backend in self._backends.items()}
        return {
            one.name: sorted((of[one.name] for of in found.values() if one.name in of), key=self._rank)
            for one in connectors
        }

    async def ways(self, workspace_id: WorkspaceId, connectors: Sequence[Connector]) -> Mapping[str, Ways]:
        """Return which of each connector's ways to sign in work here."""
        serving = await self.serving(workspace_id, connectors)
        return {one.name: _ways(one, serving[one.name]) for one in connectors}

    async def choose(
        self, workspace_id: WorkspaceId, connector: Connector, asked: str | None
    ) -> Sequence[BackendConfig]:
        """Return how a new sign-in can be done. Raises `BackendUnavailable` where none serves, or not the asked one."""
        serving = (await self.serving(workspace_id, [connector]))[connector.name]
        if not serving:
            raise await self._nothing_serves(workspace_id, connector)
        chosen = [config for config in serving if asked in (None, config.backend)]
        if not chosen:
            raise await self._cannot(workspace_id, connector, asked or "", serving)
        return chosen

    async def forms(self, session: ConnectSession, connector: Connector) -> tuple[MethodForm, ...]:
        """Return the ways to sign in that a session offers, those that need a setup last."""
        configs = await self.choose(session.workspace_id, connector, session.backend)
        forms = (replace(form, backend=config.backend) for config in configs for form in config.methods)
        return tuple(sorted(forms, key=lambda form: bool(form.setup)))

    async def serving_entry(self, session: ConnectSession, connector: Connector, entry: Entry) -> Backend:
        """Return the backend that a session's sign-in goes to."""
        return self.fitting(await self.choose(session.workspace_id, connector, session.backend), entry)

    def fitting(self, configs: Sequence[BackendConfig], entry: Entry) -> Backend:
        """Return the backend whose form an entry is of; for an unknown method the preferred."""
        having = [config for config in configs if any(form.method == entry.method for form in config.methods)]
        named = [config for config in having if config.backend == entry.backend]
        return self._backends[(named or having or configs)[0].backend]

    async def look_after(self, workspace_id: WorkspaceId, grants: Sequence[Grant]) -> bool:
        """Bring the status of grants up to date, where their backend can; whether any has changed."""
        backends = [backend for name, backend in self._backends.items() if any(one.backend == name for one in grants)]
        done = [
            await backend.look_after(workspace_id, [one for one in grants if one.backend == backend.name])
            for backend in backends
        ]
        return any(done)

    async def _cannot(
        self, workspace_id: WorkspaceId, connector: Connector, asked: str, serving: Sequence[BackendConfig]
    ) -> BackendUnavailable:
        backend, names = self._backends.get(asked), ", ".join(config.backend for config in serving)
        why = await backend.why_not(workspace_id, connector) if backend is not None else ""
        return BackendUnavailable(
            f"The auth backend '{asked}' cannot serve {connector.title} here.{f' {why}' if why else ''}",
            hint=f"{_ways(connector, serving).can} Leave `backend` out, or use one of: {names}.".strip(),
        )

    async def _nothing_serves(self, workspace_id: WorkspaceId, connector: Connector) -> BackendUnavailable:
        reasons = [await backend.why_not(workspace_id, connector) for backend in self._backends.values()]
        has, ways = ", ".join(sorted(self._backends)) or "none", _ways(connector, ())
        return BackendUnavailable(
            f"{connector.title} cannot be connected here: one signs in to it by {ways.cannot}, which no auth backend of"
            f" this server serves (it has: {has}). {' '.join(filter(None, reasons))}".strip(),
            hint="Whoever runs the server must set up another; until then no link can help.",
        )

    def _rank(self, config: BackendConfig) -> int:
        settings = self._settings
        has_client = any(form.leaves and form.setup is None for form in config.methods)
        order: list[tuple[str, bool]] = [
            (settings.auth_method, True),
            ("nango", settings.nango_secret_key is not None),
            ("builtin", has_client),
            ("direct", True),
        ]
        ranks = (rank for rank, (name, applies) in enumerate(order) if applies and name == config.backend)
        return next(ranks, len(order))


def _ways(connector: Connector, configs: Sequence[BackendConfig]) -> Ways:
    forms = [form for config in configs for form in config.methods]
    ready = {form.method for form in forms if form.setup is None}
    after_setup = {form.method for form in forms} - ready
    return Ways(
        connector,
        tuple(name for name in connector.auth if name in ready),
        tuple(name for name in connector.auth if name in after_setup),
        tuple(name for name in connector.auth if name not in ready | after_setup),
    )
