"""What becomes of a sign-in whose keeper says that something is wrong with it.

Nango does not tell a provider that says no from one that is down: the first failure is waited out, the second one,
half a minute later at least, needs the person. Since the provider may only have been down, such a sign-in is asked for
again from time to time, and is good again when Nango can refresh it, or has it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.models import NangoListed
from connectory.auth.nango.refusals import BACK_OFF_S, RefreshFailed, RefreshState
from connectory.auth.nango.tags import WORKSPACE, is_ours
from connectory.catalog.catalog import Catalog
from connectory.errors import CannotDecrypt, ConnectoryError, NeedsReconnect, ProviderUnavailable
from connectory.vault.clock import Clock
from connectory.vault.credentials import NangoReference
from connectory.vault.entities import Grant, GrantStatus, WorkspaceId
from connectory.vault.grants import GrantStore

FAILURES_BELIEVED = 2
APART_S = BACK_OFF_S - 5  # of two failures that count: a little less than Nango lets lie between two tries
LONGEST_PAUSE_S = 300.0
LOOK_EACH_S = 60.0
LOOK_WAIT_S = 3.0
SIGN_IN_AGAIN = "The person must sign in again."
Refer = Callable[[Grant], Awaitable[NangoReference]]
_log = structlog.get_logger(__name__)


class Health:
    """Keeps the status of grants in step with Nango."""

    def __init__(self, client: NangoClient, grants: GrantStore, catalog: Catalog, refer: Refer, now: Clock) -> None:
        self._client = client
        self._grants = grants
        self._catalog = catalog
        self._refer = refer
        self._now = now
        self._looked: dict[WorkspaceId, datetime] = {}

    def is_asleep(self, grant: Grant) -> bool:
        """Whether a broken sign-in is not asked for now. One that the provider itself refused stays broken."""
        if grant.status is GrantStatus.ACTIVE:
            return False
        return grant.retry_at is None or grant.retry_at > self._now()

    def broken(self, grant: Grant) -> NeedsReconnect:
        """The error for a grant that is known to need its person."""
        title = self._title(grant)
        return NeedsReconnect(grant.problem or f"{title} no longer accepts this sign-in.", hint=SIGN_IN_AGAIN)

    async def failed(self, grant: Grant, failure: RefreshFailed) -> ConnectoryError:
        """Count a refresh that has failed, and return what to raise."""
        title = self._title(grant)
        if failure.state is not RefreshState.BACKING_OFF or grant.failures == 0:  # else nothing was tried since
            await self._count(grant)
        if failure.state is RefreshState.EXHAUSTED:
            return await self._needs_reconnect(grant, f"Nango has given up renewing the sign-in of {title}.")
        row = await self._grants.get(grant.workspace_id, grant.id)
        if row is not None and row.failures >= FAILURES_BELIEVED:
            return await self._needs_reconnect(grant, f"{title} does not let Nango renew this sign-in.")
        return ProviderUnavailable(
            f"Nango could not renew the sign-in of {title} just now.",
            hint=f"Try again in {BACK_OFF_S:.0f} s.",
            retry_after_s=BACK_OFF_S,
        )

    async def gone(self, grant: Grant) -> NeedsReconnect:
        """Note that Nango has no such connection. It may be another environment's key: nothing is deleted here."""
        return await self._lost(grant, f"This sign-in of {self._title(grant)} is not at Nango any more.")

    async def changed(self, grant: Grant) -> NeedsReconnect:
        """Note that somebody signed in to the connection by another way than through us: it may be another account."""
        return await self._lost(
            grant, f"Somebody has signed in to {self._title(grant)} anew at Nango, and that was not finished here."
        )

    async def expired(self, grant: Grant) -> NeedsReconnect:
        """Note that the token has ended, and Nango has nothing to renew it with."""
        return await self._lost(grant, f"The sign-in of {self._title(grant)} has ended, and Nango cannot renew it.")

    async def good(self, grant: Grant) -> None:
        """Note that Nango gives out what it should. What the provider itself refused is not for Nango to say."""
        if grant.failures or grant.retry_at is not None:
            await self._grants.note_success(grant)

    async def look_after(self, workspace_id: WorkspaceId, grants: Sequence[Grant]) -> bool:
        """Ask for all connections of a workspace at once, at most once a minute; whether any grant has changed."""
        looked = self._looked.get(workspace_id)
        if not grants or (looked is not None and self._now() - looked < timedelta(seconds=LOOK_EACH_S)):
            return False
        self._looked[workspace_id] = self._now()
        try:
            async with asyncio.timeout(LOOK_WAIT_S):
                listed = await self._client.connections(tags={WORKSPACE: workspace_id})
        except (TimeoutError, ConnectoryError) as error:
            _log.info("the health of sign-ins at Nango could not be asked", error=type(error).__name__)
            return False
        there = {(one.connection_id, one.integration): one for one in listed}
        return any([await self._compare(grant, there) for grant in grants])

    async def _compare(self, grant: Grant, there: dict[tuple[str, str], NangoListed]) -> bool:
        """Take what the list says of one grant; whether its status has changed."""
        try:
            reference = await self._refer(grant)
        except CannotDecrypt:
            return False
        found = there.get((reference.connection_id, reference.integration))
        if found is None:
            await self.gone(grant)
        elif not is_ours(found.tags, grant.workspace_id, reference.sign_in):
            await self.changed(grant)
        elif found.is_broken:
            await self.failed(grant, RefreshFailed(RefreshState.FAILED, None))
        else:
            await self.good(grant)
        row = await self._grants.get(grant.workspace_id, grant.id)
        return row is not None and row.status is not grant.status

    async def _lost(self, grant: Grant, problem: str) -> NeedsReconnect:
        await self._count(grant)
        return await self._needs_reconnect(grant, problem)

    async def _count(self, grant: Grant) -> None:
        pause_s = min(APART_S * 2 ** min(grant.failures, 10), LONGEST_PAUSE_S)
        await self._grants.note_failure(grant, retry_at=self._now() + timedelta(seconds=pause_s))

    async def _needs_reconnect(self, grant: Grant, problem: str) -> NeedsReconnect:
        await self._grants.set_status(
            grant.workspace_id, grant.id, GrantStatus.NEEDS_RECONNECT, if_version=grant.version, problem=problem
        )
        return NeedsReconnect(problem, hint=SIGN_IN_AGAIN)

    def _title(self, grant: Grant) -> str:
        known = self._catalog.connectors.get(grant.connector)
        return known.title if known is not None else grant.connector
