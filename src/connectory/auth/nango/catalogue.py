"""Nango's provider catalogue, kept: it has a megabyte, and changes when Nango is updated."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from connectory.auth.nango.calls import NangoCalls
from connectory.auth.nango.models import NangoProvider

KEPT_S = 3600.0


class ProviderCatalogue:
    """The entries by name, asked for at most once in an hour; then Nango is asked whether they have changed."""

    def __init__(self, calls: NangoCalls, *, kept_s: float = KEPT_S) -> None:
        self._calls = calls
        self._kept_s = kept_s
        self._asking = asyncio.Lock()
        self._all: Mapping[str, NangoProvider] = {}
        self._all_until = 0.0  # by the loop's clock; an empty catalogue is none
        self._etag: str | None = None
        self._one: dict[str, tuple[NangoProvider, float]] = {}

    async def all(self) -> Mapping[str, NangoProvider]:
        """Return every entry, by name."""
        async with self._asking:
            if not self._all or _now() >= self._all_until:
                answer = await self._calls.ask("GET", ("providers",), etag=self._etag)
                if answer.status != 304:
                    # A thousand models: too long for the loop.
                    good = answer.good("list its providers")
                    entries = await asyncio.to_thread(good.parse_known, NangoProvider, "data")
                    self._all = {entry.name: entry for entry in entries}
                    self._etag = answer.etag
                self._all_until = _now() + self._kept_s
            return self._all

    async def one(self, name: str) -> NangoProvider | None:
        """Return one entry; None where there is none. Nothing is asked while all are known."""
        if self._all and _now() < self._all_until:
            return self._all.get(name)
        kept = self._one.get(name)
        if kept is not None and _now() < kept[1]:
            return kept[0]
        answer = await self._calls.ask("GET", ("providers", name))
        if answer.says(404, "not_found"):
            return None
        entry = answer.good("show a provider").parse(NangoProvider, "data")
        self._one[name] = entry, _now() + self._kept_s
        return entry


def _now() -> float:
    return asyncio.get_running_loop().time()
