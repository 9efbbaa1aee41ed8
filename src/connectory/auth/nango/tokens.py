"""What Nango gives out, kept in memory for some minutes and never beyond its expiry; one question for all who wait.

Nango refreshes when it is asked, so it is asked often; each question counts against its rate limit, so not for every
call. A token that still lives is used while Nango, or its refresh, fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.flights import Flights
from connectory.auth.nango.models import NangoConnection
from connectory.auth.nango.refusals import BACK_OFF_S, RefreshFailed, RefreshState
from connectory.errors import NangoUnavailable, RateLimited
from connectory.vault.clock import Clock
from connectory.vault.credentials import NangoReference

KEPT_S = 300.0
KEPT_WITHOUT_NANGO_S = 900.0  # one without an expiry, while Nango cannot be asked
YOUNG_S = 60.0  # a token that was renewed so lately is not renewed again because it is refused
MOST_KEPT = 2000


@dataclass(frozen=True, slots=True)
class _Kept:
    """A connection as Nango gave it. `fetched_at` and `changed_at`: when it was asked for, and when its token came."""

    connection: NangoConnection = field(repr=False)
    fetched_at: datetime
    changed_at: datetime | None = None

    @property
    def expires_at(self) -> datetime | None:
        return self.connection.credentials.lasts_until


class TokensAtNango:
    """Asks Nango for connections, once for everybody."""

    def __init__(self, client: NangoClient, now: Clock) -> None:
        self._client = client
        self._now = now
        self._kept: dict[NangoReference, _Kept] = {}
        self._failed: dict[NangoReference, tuple[datetime, RefreshFailed]] = {}  # until when, and how
        self._flights = Flights[NangoConnection | None]()

    async def get(self, reference: NangoReference, *, valid_for_s: float) -> NangoConnection | None:
        """Return a connection whose token lasts `valid_for_s` seconds, or as long as Nango gives them out for.

        None: Nango has no such connection. Raises `RefreshFailed`, and what the client raises.
        """
        kept, now = self._kept.get(reference), self._now()
        if kept is not None and self._is_fresh(kept, valid_for_s):
            return kept.connection
        failed = self._failed.get(reference)
        try:
            if failed is not None and now < failed[0]:
                raise RefreshFailed(_later(failed[1].state), failed[1].connection)
            return await self.ask(reference)
        except (RefreshFailed, NangoUnavailable, RateLimited):
            if kept is not None and self._lives(kept):
                return kept.connection
            raise

    async def ask(self, reference: NangoReference) -> NangoConnection | None:
        """Ask Nango, whatever is kept. Raises what `get` raises."""
        return await self._flights.join((reference, "get"), partial(self._ask, reference, force_refresh=False))

    async def renew(self, reference: NangoReference) -> NangoConnection | None:
        """Have the token refreshed that the provider has refused. Where that fails, Nango hides it for half a minute.

        Raises what `get` raises.
        """
        return await self._flights.join((reference, "renew"), partial(self._ask, reference, force_refresh=True))

    def kept(self, reference: NangoReference) -> NangoConnection | None:
        """Return what was given out last."""
        found = self._kept.get(reference)
        return found.connection if found is not None else None

    def is_young(self, reference: NangoReference) -> bool:
        """Whether the token has changed within the last minute: then one that was refused is an older one."""
        found = self._kept.get(reference)
        return found is not None and found.changed_at is not None and self._age_s(found.changed_at) < YOUNG_S

    def forget(self, reference: NangoReference) -> None:
        """Keep nothing of a connection."""
        self._kept.pop(reference, None)
        self._failed.pop(reference, None)

    async def aclose(self) -> None:
        """End what is under way, and keep nothing."""
        await self._flights.aclose()
        self._kept.clear()

    async def _ask(self, reference: NangoReference, *, force_refresh: bool) -> NangoConnection | None:
        try:
            found = await self._client.connection(
                reference.connection_id, reference.integration, force_refresh=force_refresh
            )
        except RefreshFailed as failure:
            self._failed[reference] = (self._now() + timedelta(seconds=BACK_OFF_S), failure)
            raise
        self._failed.pop(reference, None)
        if found is None:
            self.forget(reference)
        else:
            self._keep(reference, found)
        return found

    def _keep(self, reference: NangoReference, found: NangoConnection) -> None:
        before, now = self._kept.get(reference), self._now()
        changed_at = before.changed_at if before is not None else None
        if before is not None and before.connection.credentials != found.credentials:
            changed_at = now
        self._kept[reference] = _Kept(found, now, changed_at)
        if len(self._kept) > MOST_KEPT:
            self._kept = {one: kept for one, kept in self._kept.items() if self._lives(kept)}
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]

    def _is_fresh(self, kept: _Kept, valid_for_s: float) -> bool:
        lasts = kept.expires_at is None or kept.expires_at - self._now() > timedelta(seconds=valid_for_s)
        return lasts and self._age_s(kept.fetched_at) < KEPT_S

    def _lives(self, kept: _Kept) -> bool:
        if kept.expires_at is not None:
            return kept.expires_at > self._now()
        return self._age_s(kept.fetched_at) < KEPT_WITHOUT_NANGO_S

    def _age_s(self, since: datetime) -> float:
        return (self._now() - since).total_seconds()


def _later(state: RefreshState) -> RefreshState:
    """Whoever is told again is told that nothing was tried."""
    return RefreshState.BACKING_OFF if state is RefreshState.FAILED else state
