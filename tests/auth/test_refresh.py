"""Tokens are renewed once per expiry, in time, whoever asks and whoever leaves."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr
from tests.auth.making import START, Sleep
from tests.auth.refreshing import HOUR_S, Renewing, access_of, renewing

from connectory.auth.refresh import LONGEST_EARLY_S, Moment
from connectory.errors import NeedsReconnect
from connectory.vault.credentials import OAuthTokens, SecretFields

EARLY_S = LONGEST_EARLY_S / 2  # at the latest then a token of an hour is renewed


async def renewed_at_s(w: Renewing) -> float:
    """How long before its end the token of a new grant is renewed, to ten seconds."""
    grant, process, before = await w.grant(left_s=330), w.process(), len(w.provider.asked)
    start = w.clock.time
    while len(w.provider.asked) == before:
        w.clock.pass_by(seconds=10)
        await process.fresh(grant, valid_for_s=60)
    return 330 - (w.clock.time - start).total_seconds()


async def test_a_token_that_lasts_is_given_out_as_it_is() -> None:
    async with renewing() as w:
        grant = await w.grant(left_s=HOUR_S)

        assert access_of(await w.process().fresh(grant, valid_for_s=60)) == "at-0"
        assert not w.provider.asked


async def test_a_token_is_renewed_before_it_ends_and_other_grants_at_other_times() -> None:
    async with renewing() as w:
        times = [await renewed_at_s(w) for _ in range(8)]

        assert all(EARLY_S - 10 <= one <= LONGEST_EARLY_S for one in times)
        assert len(set(times)) > 1


async def test_while_one_caller_renews_early_the_others_go_on_with_the_old_token() -> None:
    async with renewing() as w:
        grant, here, elsewhere = await w.grant(left_s=100), w.process(), w.process()
        w.provider.gate.clear()
        first = asyncio.create_task(here.fresh(grant, valid_for_s=60))
        await w.provider.began.wait()
        second = await asyncio.wait_for(here.fresh(grant, valid_for_s=60), 30)
        third = await asyncio.wait_for(elsewhere.fresh(await w.row(grant), valid_for_s=60), 30)
        w.provider.gate.set()

        assert (access_of(second), access_of(third), access_of(await first)) == ("at-0", "at-0", "at-1")
        assert len(w.provider.asked) == 1


async def test_what_a_caller_needs_longer_than_usual_is_renewed_for_it() -> None:
    async with renewing() as w:
        grant = await w.grant(left_s=320)

        assert access_of(await w.process().fresh(grant, valid_for_s=60)) == "at-0"
        assert access_of(await w.process().fresh(grant, valid_for_s=330)) == "at-1"


async def test_a_hundred_callers_at_once_ask_once() -> None:
    async with renewing() as w:
        grant, process = await w.grant(), w.process()
        got = await asyncio.gather(*(process.fresh(grant, valid_for_s=60) for _ in range(100)))
        late = await process.fresh(grant, valid_for_s=60)  # whoever read the row before it was renewed

        assert {access_of(one) for one in [*got, late]} == {"at-1"}
        assert [one.refresh_token for one in w.provider.asked] == [SecretStr("rt-0")]


async def test_a_hundred_callers_who_were_refused_at_once_ask_once() -> None:
    async with renewing() as w:
        grant, process = await w.grant(left_s=HOUR_S), w.process()
        got = await asyncio.gather(*(process.other(grant) for _ in range(100)))

        assert {access_of(one) for one in got} == {"at-1"}
        assert len(w.provider.asked) == 1


async def test_eight_processes_at_once_ask_once() -> None:
    async with renewing() as w:
        grant, processes = await w.grant(), [w.process() for _ in range(8)]
        got = await asyncio.gather(*(one.fresh(grant, valid_for_s=60) for one in processes for _ in range(5)))

        assert {access_of(one) for one in got} == {"at-1"}
        assert len(w.provider.asked) == 1


async def test_callers_who_leave_do_not_stop_what_the_provider_may_have_done() -> None:
    async with renewing() as w:
        grant, process = await w.grant(), w.process()
        w.provider.gate.clear()
        callers = [asyncio.create_task(process.fresh(grant, valid_for_s=60)) for _ in range(3)]
        await w.provider.began.wait()
        for one in callers:
            one.cancel()
        ends = await asyncio.gather(*callers, return_exceptions=True)
        w.provider.gate.set()
        await process.aclose()

        assert all(isinstance(one, asyncio.CancelledError) for one in ends)
        row = await w.row(grant)
        assert (access_of(await w.vault.grants.open_credentials(row)), row.lease_until) == ("at-1", None)


async def test_closing_waits_for_what_is_under_way() -> None:
    async with renewing() as w:
        grant, process = await w.grant(), w.process()
        w.provider.gate.clear()
        caller = asyncio.create_task(process.fresh(grant, valid_for_s=60))
        await w.provider.began.wait()
        closing = asyncio.create_task(process.aclose())
        done, _ = await asyncio.wait({closing}, timeout=0.05)
        w.provider.gate.set()
        await closing

        assert not done
        assert (await w.row(grant)).version == 2
        assert access_of(await caller) == "at-1"


async def test_closing_does_not_mind_a_refresh_that_fails() -> None:
    async with renewing() as w:
        grant, process = await w.grant(), w.process()
        w.provider.gate.clear()
        w.provider.failure = NeedsReconnect("no")
        caller = asyncio.create_task(process.fresh(grant, valid_for_s=60))
        await w.provider.began.wait()
        w.provider.gate.set()
        await process.aclose()
        await process.aclose()

        with pytest.raises(NeedsReconnect):
            await caller


async def test_a_rotated_token_is_stored_before_it_is_given_out() -> None:
    async with renewing() as w:
        grant, passed = await w.grant(), list[str]()
        process = w.process(reached=lambda moment: passed.append(moment.value))
        caller = asyncio.create_task(process.fresh(grant, valid_for_s=60))
        while Moment.STORED.value not in passed:
            assert not caller.done()
            await asyncio.sleep(0)
        stored = await w.vault.grants.open_credentials(await w.row(grant))

        assert passed == ["before sending", "after the answer", "before the commit", "after the commit"]
        assert stored == await caller
        assert isinstance(stored, OAuthTokens)
        assert (access_of(stored), stored.refresh_token) == ("at-1", SecretStr("rt-1"))


async def test_a_process_that_dies_after_the_answer_has_given_nothing_out() -> None:
    async with renewing() as w:
        grant = await w.grant()

        def die(moment: Moment) -> None:
            if moment is Moment.STORING:
                raise RuntimeError("killed")

        with pytest.raises(RuntimeError, match="killed"):
            await w.process(reached=die).fresh(grant, valid_for_s=60)

        assert (await w.row(grant)).version == 1


async def test_a_token_without_an_end_is_never_renewed_by_itself() -> None:
    async with renewing() as w:
        grant, process = await w.grant(life_s=None), w.process()
        w.clock.pass_by(days=4000)

        assert access_of(await process.fresh(grant, valid_for_s=60)) == "at-0"
        assert not w.provider.asked
        assert access_of(await process.other(grant)) == "at-1"


async def test_a_token_that_lasts_five_seconds_serves_more_than_one_call() -> None:
    async with renewing() as w:
        w.provider.life_s = 5
        grant, process, got = await w.grant(life_s=5.0, left_s=5), w.process(), list[str]()
        for _ in range(100):  # ten a second
            got.append(access_of(await process.fresh(await w.row(grant), valid_for_s=60)))
            w.clock.pass_by(seconds=0.1)

        assert 2 <= len(w.provider.asked) <= 3
        assert got.count("at-1") >= 40


async def test_what_cannot_be_renewed_is_given_out_as_long_as_the_provider_takes_it() -> None:
    async with renewing() as w:
        grant, process = await w.grant(refresh=None), w.process()

        assert access_of(await process.fresh(grant, valid_for_s=60)) == "at-0"
        with pytest.raises(NeedsReconnect) as refusal:
            await process.other(grant)
        assert refusal.value.hint
        assert not w.provider.asked


async def test_a_key_is_no_token() -> None:
    async with renewing() as w:
        key = SecretFields(values={"token": SecretStr("k")})
        grant = await w.vault.grants.replace_credentials(await w.grant(), key, expires_at=None)

        assert await w.process().fresh(grant, valid_for_s=60) == key
        with pytest.raises(NeedsReconnect):
            await w.process().other(grant)


async def test_what_was_entered_gets_new_tokens_without_a_refresh_token() -> None:
    async with renewing() as w:
        entered = {"client_secret": SecretStr("cs")}
        process, grant = w.process(), await w.grant(refresh=None, entered=entered)
        renewed = await process.fresh(grant, valid_for_s=60)
        w.clock.pass_by(minutes=2)
        again = await process.other(await w.row(grant))

        assert (access_of(renewed), access_of(again)) == ("at-1", "at-2")
        assert [one.entered for one in w.provider.asked] == [entered, entered]


async def test_a_token_refused_within_a_minute_is_not_refused_for_its_age() -> None:
    async with renewing() as w:
        process, grant = w.process(), await w.grant()
        await process.fresh(grant, valid_for_s=60)
        row = await w.row(grant)
        w.clock.pass_by(seconds=59)
        with pytest.raises(NeedsReconnect):
            await process.other(row)
        assert len(w.provider.asked) == 1

        w.clock.pass_by(seconds=2)
        assert access_of(await process.other(row)) == "at-2"


async def test_who_was_refused_with_an_older_token_gets_the_newer_one_without_asking() -> None:
    async with renewing() as w:
        grant = await w.grant(left_s=HOUR_S)
        await w.store_elsewhere(grant)

        assert access_of(await w.process().other(grant)) == "at-other"
        assert not w.provider.asked


async def test_who_finds_the_lease_taken_waits_for_what_is_stored() -> None:
    async with renewing() as w:
        grant, naps = await w.grant(), list[int]()
        await w.lease_elsewhere(grant)

        async def meanwhile() -> None:
            naps.append(1)
            if len(naps) == 3:
                await w.store_elsewhere(grant)

        got = await w.process(sleep=Sleep(meanwhile)).fresh(grant, valid_for_s=60)

        assert (access_of(got), len(naps)) == ("at-other", 3)
        assert not w.provider.asked


async def test_whoever_waits_takes_over_when_the_lease_ends() -> None:
    async with renewing() as w:
        grant = await w.grant()
        await w.lease_elsewhere(grant, 5)

        async def meanwhile() -> None:
            w.clock.pass_by(seconds=0.1)

        got = await w.process(sleep=Sleep(meanwhile)).fresh(grant, valid_for_s=60)
        row = await w.row(grant)

        assert access_of(got) == "at-1"
        assert 5 <= (w.clock.time - START).total_seconds() <= 5.2
        assert row.lease_until is None
