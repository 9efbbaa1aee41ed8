"""A refresh that fails: the old token serves while it lives, nobody asks too often, and a refusal is believed once."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from tests.auth.making import Sleep
from tests.auth.refreshing import Renewing, access_of, make_tokens, renewing

from connectory.auth.refresh import Renewed, TokenRefresher
from connectory.errors import BackendUnavailable, ConnectoryError, NeedsReconnect, ProviderTimeout, ProviderUnavailable
from connectory.vault.credentials import Credentials
from connectory.vault.entities import Grant, GrantStatus
from connectory.vault.grants import GrantStore

DOWN = ProviderUnavailable("acme is down.", hint="Try again.")
REFUSED = NeedsReconnect("acme has ended the stored sign-in (invalid_grant).", hint="The person must sign in again.")


async def error_of(process: TokenRefresher, grant: Grant) -> ConnectoryError:
    with pytest.raises(ConnectoryError) as refusal:
        await process.fresh(grant, valid_for_s=60)
    return refusal.value


async def test_while_the_provider_is_down_the_old_token_serves_as_long_as_it_lives() -> None:
    async with renewing() as w:
        grant, process = await w.grant(left_s=20), w.process()
        w.provider.failure = DOWN
        served = []
        for _ in range(19):
            served.append(access_of(await process.fresh(await w.row(grant), valid_for_s=60)))
            w.clock.pass_by(seconds=1)
        asked = len(w.provider.asked)
        w.clock.pass_by(seconds=1)
        error = await error_of(process, await w.row(grant))

        assert set(served) == {"at-0"}
        assert asked == 3  # at once, after 5 and after 10 more seconds
        assert (error.code, error.retryable) == ("provider_unavailable", True)
        assert error.retry_after_s == 15
        assert "15 s" in error.hint
        assert len(w.provider.asked) == asked


async def test_each_failure_doubles_the_pause_up_to_five_minutes() -> None:
    async with renewing() as w:
        grant, process, pauses = await w.grant(), w.process(), list[float]()
        w.provider.failure = DOWN
        for number in range(1, 10):
            assert await error_of(process, await w.row(grant)) is DOWN
            row = await w.row(grant)
            assert row.retry_at is not None
            pauses.append((row.retry_at - w.clock()).total_seconds())
            w.clock.pass_by(seconds=pauses[-1] - 0.5)
            assert (await error_of(process, row)).retry_after_s == 0.5
            assert len(w.provider.asked) == number
            w.clock.pass_by(seconds=0.5)
        w.provider.failure = None
        await process.fresh(await w.row(grant), valid_for_s=60)
        row = await w.row(grant)

        assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
        assert (row.failures, row.retry_at, row.status) == (0, None, GrantStatus.ACTIVE)


async def test_every_process_keeps_the_pause() -> None:
    async with renewing() as w:
        grant = await w.grant()
        w.provider.failure = DOWN
        await error_of(w.process(), grant)

        errors = [await error_of(w.process(), row) for row in (grant, await w.row(grant))]

        assert [one.retry_after_s for one in errors] == [5, 5]
        assert len(w.provider.asked) == 1


async def test_a_failure_in_who_runs_the_server_is_told_as_it_is_and_ends_nothing() -> None:
    async with renewing() as w:
        grant = await w.grant()
        w.provider.failure = BackendUnavailable("The OAuth app is gone.", hint="Enter it again.")

        assert await error_of(w.process(), grant) is w.provider.failure
        row = await w.row(grant)
        assert (row.status, row.failures, row.lease_until) == (GrantStatus.ACTIVE, 1, None)


async def test_what_nobody_foresaw_gives_the_lease_back_too() -> None:
    async with renewing() as w:
        grant, process = await w.grant(), w.process()
        w.provider.failure = RuntimeError("a bug")
        with pytest.raises(RuntimeError):
            await process.fresh(grant, valid_for_s=60)
        w.provider.failure = None

        assert access_of(await process.fresh(grant, valid_for_s=60)) == "at-2"


async def test_a_provider_that_does_not_answer_is_left_before_the_lease_ends() -> None:
    async with renewing() as w:
        grant = await w.grant()
        w.provider.gate.clear()

        error = await error_of(w.process(lease_s=0.2), grant)

        assert isinstance(error, ProviderTimeout)
        row = await w.row(grant)
        assert (row.status, row.failures, row.lease_until) == (GrantStatus.ACTIVE, 1, None)


async def test_a_lease_that_never_ends_is_waited_for_twice_its_time_at_most() -> None:
    async with renewing() as w:
        grant, naps = await w.grant(), list[int]()
        await w.lease_elsewhere(grant)

        async def meanwhile() -> None:
            naps.append(1)

        error = await error_of(w.process(sleep=Sleep(meanwhile), lease_s=3), grant)

        assert (error.code, len(naps)) == ("provider_unavailable", 61)
        assert not w.provider.asked


async def test_a_refused_grant_needs_the_person_and_is_never_sent_again() -> None:
    async with renewing() as w:
        grant, process = await w.grant(), w.process()
        w.provider.failure = REFUSED
        first = await error_of(process, grant)
        row = await w.row(grant)
        later = [await error_of(one, seen) for one in (process, w.process()) for seen in (grant, row)]
        with pytest.raises(NeedsReconnect):
            await process.other(row)

        assert first is REFUSED
        assert {one.code for one in later} == {"needs_reconnect"}
        assert (row.status, row.problem, row.lease_until) == (GrantStatus.NEEDS_RECONNECT, REFUSED.message, None)
        assert len(w.provider.asked) == 1


async def test_a_refusal_ends_even_a_token_that_would_live_a_little_longer() -> None:
    async with renewing() as w:
        grant = await w.grant(left_s=20)
        w.provider.failure = REFUSED

        assert await error_of(w.process(), grant) is REFUSED


async def test_a_refusal_is_not_believed_where_another_process_has_renewed_meanwhile() -> None:
    async with renewing() as w:
        grant = await w.grant()
        w.provider.gate.clear()
        w.provider.failure = REFUSED
        caller = asyncio.create_task(w.process().fresh(grant, valid_for_s=60))
        await w.provider.began.wait()
        await w.store_elsewhere(grant)
        w.provider.gate.set()

        assert access_of(await caller) == "at-other"
        assert (await w.row(grant)).status is GrantStatus.ACTIVE


async def test_an_answer_that_comes_too_late_does_not_replace_a_newer_one() -> None:
    async with renewing() as w:
        grant = await w.grant()
        w.provider.gate.clear()
        caller = asyncio.create_task(w.process().fresh(grant, valid_for_s=60))
        await w.provider.began.wait()
        await w.store_elsewhere(grant)
        w.provider.gate.set()

        assert access_of(await caller) == "at-other"


@pytest.mark.parametrize(("failure", "asked"), [(DOWN, 1), (REFUSED, 1)], ids=["down", "refused"])
async def test_who_read_the_row_before_a_failure_elsewhere_does_not_ask_at_once_again(
    failure: ConnectoryError, asked: int
) -> None:
    """Between reading the row and taking the lease another process may have asked, failed, and given the lease back."""
    async with renewing() as w:
        grant = await w.grant()
        w.provider.failure = failure
        slow = w.process(grants=_Late(w, meanwhile=w.process()))

        assert (await error_of(slow, grant)).code == failure.code
        assert len(w.provider.asked) == asked


async def test_a_sign_in_that_is_being_withdrawn_is_not_renewed() -> None:
    async with renewing() as w:
        grant = await w.grant()
        [row, *_] = await w.vault.connections.list_all(grant.workspace_id)
        await w.vault.connections.delete(grant.workspace_id, row.id)

        assert (await error_of(w.process(), grant)).code == "needs_reconnect"
        assert not w.provider.asked


async def test_facts_and_scopes_that_a_renewal_tells_are_stored_with_it() -> None:
    async with renewing() as w:
        grant = await w.grant()

        async def renew(_: Grant, __: Credentials) -> Renewed:
            tokens = make_tokens(w.clock, "at-1")
            return Renewed(tokens, tokens.expires_at, facts={"shop": "new"}, scopes=("read",))

        await TokenRefresher(w.vault.grants, renew, w.clock).fresh(grant, valid_for_s=60)
        row = await w.row(grant)

        assert (row.facts, row.scopes) == ({"shop": "new"}, ("read",))


class _Late(GrantStore):
    """The store as a slow process meets it: right before it takes a lease, another process goes first."""

    def __init__(self, w: Renewing, meanwhile: TokenRefresher) -> None:
        super().__init__(w.vault.database, w.vault.keys, w.clock)
        self._meanwhile = meanwhile

    async def take_lease(self, grant: Grant, holder: str, *, until: datetime) -> bool:
        with pytest.raises(ConnectoryError):
            await self._meanwhile.fresh(grant, valid_for_s=60)
        return await super().take_lease(grant, holder, until=until)
