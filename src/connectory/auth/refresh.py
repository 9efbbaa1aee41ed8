"""Refresh credentials once per expiry, however many callers and processes wait (RFC 6749 section 6, design 5.5).

A lease in the row lets one process ask; the others wait for what it stores. A rotated refresh token is stored before
the new access token is used: a crash between the two would lose the only one. Of a process that dies while it asks, the
lease ends by itself, and another asks again; where the provider has rotated by then, it refuses, and the person is
asked to sign in: never is a refused token sent twice.
"""

from __future__ import annotations

import asyncio
import secrets
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from connectory.errors import ConnectoryError, NeedsReconnect, ProviderTimeout, ProviderUnavailable
from connectory.vault.clock import Clock
from connectory.vault.credentials import Credentials, OAuthTokens
from connectory.vault.entities import Grant, GrantId, GrantStatus
from connectory.vault.grants import GrantStore

LEASE_S = 30.0  # longer than a token request may take
ASKING_SHARE = 0.9  # of the lease; what is left is for storing, so that nobody asks while another is at it
POLL_S = 0.1
LONGEST_EARLY_S = 300.0
LEAST_AGE_S = 60.0  # a younger token that is refused is not refused for its age
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Renewed:
    """What the provider gave. Facts and scopes stay where they are None."""

    credentials: Credentials
    expires_at: datetime | None
    facts: Mapping[str, str] | None = field(default=None)
    scopes: Sequence[str] | None = None


class Moment(StrEnum):
    """The points of a refresh at which a process may die, for the tests that kill it there."""

    LEASED = "before sending"
    ANSWERED = "after the answer"
    STORING = "before the commit"
    STORED = "after the commit"


Renew = Callable[[Grant, Credentials], Awaitable[Renewed]]
"""Asks the provider. Raises `NeedsReconnect` where it refuses for good, any other error where it may work later."""


def pass_on(_: Moment) -> None:
    """Nobody watches."""


class TokenRefresher:
    """Gives out credentials that last."""

    def __init__(
        self,
        grants: GrantStore,
        renew: Renew,
        now: Clock,
        *,
        lease_s: float = LEASE_S,
        reached: Callable[[Moment], None] = pass_on,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._grants = grants
        self._renew = renew
        self._now = now
        self._lease_s = lease_s
        self._reached = reached
        self._sleep = sleep
        self._holder = secrets.token_hex(8)
        self._running: dict[tuple[GrantId, int], asyncio.Task[Grant]] = {}

    async def fresh(self, grant: Grant, *, valid_for_s: float) -> Credentials:
        """Return credentials that last `valid_for_s` seconds, or a tenth of their life where that is less.

        Shortly before that they are renewed by whoever comes first, while the others go on with the old ones; an old
        token that still lives is used where the provider is down. Raises `CannotDecrypt`, `NeedsReconnect`, leaves of
        `ProviderError`, `Refused` and `SetupError`.
        """
        credentials = await self._grants.open_credentials(grant)
        if not isinstance(credentials, OAuthTokens) or not self._may_renew(credentials):
            return credentials
        needed_s = _needed_s(credentials, valid_for_s)
        if credentials.lasts(max(needed_s, _early_s(grant, credentials)), now=self._now()):
            return credentials
        if credentials.lasts(needed_s, now=self._now()) and (self._is_renewed(grant) or not self._is_due(grant)):
            return credentials
        try:
            return await self._grants.open_credentials(await self._once(grant))
        except NeedsReconnect:
            raise
        except ConnectoryError:
            if credentials.lasts(0, now=self._now()):
                return credentials
            raise

    async def other(self, grant: Grant) -> Credentials:
        """Return other credentials than those of `grant`, which the provider has refused.

        Raises `NeedsReconnect` where nothing can be renewed, or was a moment ago, and what `fresh` raises.
        """
        credentials = await self._grants.open_credentials(grant)
        if not isinstance(credentials, OAuthTokens) or not self._may_renew(credentials):
            raise _cannot(grant)
        latest = await self._grants.get(grant.workspace_id, grant.id)
        if latest is not None and latest.version == grant.version and self._is_young(latest):
            raise _cannot(grant)
        return await self._grants.open_credentials(await self._once(grant))

    async def aclose(self) -> None:
        """Let the refreshes under way end: what a provider has rotated must be stored."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _once(self, grant: Grant) -> Grant:
        """Join the refresh of this process, or start it. A caller who leaves does not stop it."""
        key = (grant.id, grant.version)
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._refresh(grant))
            self._running[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: tuple[GrantId, int], task: asyncio.Task[Grant]) -> None:
        del self._running[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("a sign-in could not be refreshed", grant=key[0], code=getattr(error, "code", "internal_error"))

    async def _refresh(self, grant: Grant) -> Grant:
        """Take the lease and ask, or wait for what another process stores."""
        row = await self._lease(grant)
        if row.version != grant.version:
            return row
        credentials = await self._grants.open_credentials(row)
        self._reached(Moment.LEASED)
        try:
            renewed = await self._ask(row, credentials)
        except NeedsReconnect as error:  # believed only if the row is still what was sent
            await self._refused(row, error)
            return await self._current(row)
        except ConnectoryError:
            await self._grants.end_lease(row, self._holder, retry_at=self._now() + _pause(row))
            raise
        except BaseException:
            await self._grants.end_lease(row, self._holder)
            raise
        self._reached(Moment.ANSWERED)
        self._reached(Moment.STORING)
        stored = await self._grants.replace_credentials(
            row, renewed.credentials, expires_at=renewed.expires_at, facts=renewed.facts, scopes=renewed.scopes
        )
        self._reached(Moment.STORED)
        return stored

    async def _ask(self, row: Grant, credentials: Credentials) -> Renewed:
        """Ask the provider, and stop before the lease ends: then another process would send the same token."""
        try:
            async with asyncio.timeout(self._lease_s * ASKING_SHARE):
                return await self._renew(row, credentials)
        except TimeoutError:
            raise ProviderTimeout(
                f"{row.family} did not renew the sign-in in time.", hint="Try again in a moment."
            ) from None

    async def _lease(self, grant: Grant) -> Grant:
        """Return the row with our lease on it, or a newer one. Raises where another process takes too long."""
        for _ in range(int(2 * self._lease_s / POLL_S) + 1):
            row = await self._current(grant)
            if row.version != grant.version:
                return row
            if not self._is_due(row):
                raise _paused(row, self._now())
            if await self._grants.take_lease(row, self._holder, until=self._now() + timedelta(seconds=self._lease_s)):
                return row
            await self._sleep(POLL_S)
        raise ProviderUnavailable("Another process has been renewing this sign-in for too long.", hint="Try again.")

    async def _current(self, grant: Grant) -> Grant:
        """Return the row as it stands. Raises `NeedsReconnect` where it is of no use any more."""
        row = await self._grants.get(grant.workspace_id, grant.id)
        if row is None or row.status is not GrantStatus.ACTIVE:
            raise NeedsReconnect(
                f"{grant.family} no longer accepts this sign-in.", hint="The person must sign in again."
            )
        return row

    async def _refused(self, row: Grant, error: NeedsReconnect) -> None:
        is_noted = await self._grants.set_status(
            row.workspace_id, row.id, GrantStatus.NEEDS_RECONNECT, if_version=row.version, problem=error.message
        )
        if is_noted:
            raise error

    def _is_renewed(self, grant: Grant) -> bool:
        """Whether somebody is at it: this process, or the one that has the lease."""
        return (grant.id, grant.version) in self._running or _is_leased(grant, self._now())

    def _may_renew(self, tokens: OAuthTokens) -> bool:
        return tokens.refresh_token is not None or bool(tokens.entered)

    def _is_due(self, grant: Grant) -> bool:
        return grant.retry_at is None or grant.retry_at <= self._now()

    def _is_young(self, grant: Grant) -> bool:
        age = None if grant.refreshed_at is None else self._now() - grant.refreshed_at
        return age is not None and age < timedelta(seconds=LEAST_AGE_S)


MakeRefresher = Callable[[GrantStore, Renew, Clock], TokenRefresher]
"""How a backend gets its refresher: a test's own has a shorter lease, and dies where it is told to."""


def _needed_s(tokens: OAuthTokens, valid_for_s: float) -> float:
    return valid_for_s if tokens.lifetime_s is None else min(valid_for_s, tokens.lifetime_s / 10)


def _early_s(grant: Grant, tokens: OAuthTokens) -> float:
    """How long before its end a token is renewed; other grants at other times, so that not all come at once."""
    most = LONGEST_EARLY_S if tokens.lifetime_s is None else min(LONGEST_EARLY_S, tokens.lifetime_s / 5)
    share = zlib.crc32(f"{grant.id}{grant.version}".encode()) / 2**32
    return most * (0.5 + share / 2)


def _is_leased(grant: Grant, now: datetime) -> bool:
    return grant.lease_until is not None and grant.lease_until > now


def _pause(grant: Grant) -> timedelta:
    """How long nobody asks after a failure: twice as long each time."""
    return timedelta(seconds=min(FIRST_PAUSE_S * 2 ** min(grant.failures, 10), LONGEST_PAUSE_S))


def _paused(grant: Grant, now: datetime) -> ProviderUnavailable:
    wait_s = (grant.retry_at - now).total_seconds() if grant.retry_at else 0.0
    return ProviderUnavailable(
        f"The sign-in of {grant.family} has expired and could not be renewed just now.",
        hint=f"Try again in {max(1, round(wait_s))} s.",
        retry_after_s=wait_s,
    )


def _cannot(grant: Grant) -> NeedsReconnect:
    return NeedsReconnect(
        f"{grant.family} does not accept the stored sign-in, and it cannot be renewed by itself.",
        hint="The person must sign in again.",
    )
