"""What becomes of broken sign-ins: waited out once, then the person's, and good again when Nango says so."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.auth.nango.scene import Scene, scene
from tests.nango.state import Fault

from connectory.errors import NangoRefused, NangoUnavailable, NeedsReconnect, ProviderUnavailable, RateLimited
from connectory.testing.application import connect
from connectory.vault.entities import Connection, GrantStatus

LIST = "/connections"


async def failing(s: Scene) -> Connection:
    """A connection whose token has ended and cannot be refreshed."""
    connection = await s.connected()
    s.clock.pass_by(hours=2)
    s.tokens.refuses = True
    return connection


async def broken(s: Scene) -> Connection:
    """One that needs its person since."""
    connection = await failing(s)
    for _ in range(2):
        with pytest.raises((ProviderUnavailable, NeedsReconnect)):
            await s.token(connection)
        s.clock.pass_by(seconds=61)
    assert (await s.grant(connection)).status is GrantStatus.NEEDS_RECONNECT
    return connection


async def test_the_first_failure_is_waited_out_for_half_a_minute_without_asking_again() -> None:
    async with scene() as s:
        connection = await failing(s)
        s.nango.state.seen.clear()
        for _ in range(3):
            with pytest.raises(ProviderUnavailable, match="could not renew") as refusal:
                await s.token(connection)
            assert refusal.value.retry_after_s == 30

        assert s.asked("GET", "/connections/[^/]+") == 1
        assert (await s.grant(connection)).status is GrantStatus.ACTIVE


async def test_the_second_failure_needs_the_person() -> None:
    async with scene() as s:
        connection = await failing(s)
        with pytest.raises(ProviderUnavailable):
            await s.token(connection)
        s.clock.pass_by(seconds=40)

        with pytest.raises(NeedsReconnect, match="does not let Nango renew"):
            await s.token(connection)

        grant = await s.grant(connection)
        assert grant.status is GrantStatus.NEEDS_RECONNECT
        assert grant.problem is not None
        assert "Notes" in grant.problem


async def test_a_failure_that_another_process_was_told_of_is_not_counted_twice() -> None:
    """Nango answers for half a minute that nothing was tried; that is the same failure, whoever hears it."""
    async with scene() as s:
        connection = await failing(s)
        with pytest.raises(ProviderUnavailable):
            await s.token(connection)
        s.clock.pass_by(seconds=27)
        (await s.there(connection)).last_failure = s.nango.clock.now()

        await s.backend.look_at(await s.grant(connection))  # it asks whatever is known here

        assert (await s.grant(connection)).failures == 1


async def test_one_that_nango_has_given_up_needs_the_person_at_once() -> None:
    async with scene() as s:
        connection = await failing(s)
        (await s.there(connection)).exhausted = True

        with pytest.raises(NeedsReconnect, match="given up"):
            await s.token(connection)

        assert (await s.grant(connection)).status is GrantStatus.NEEDS_RECONNECT


async def test_when_the_provider_is_back_the_sign_in_is_good_again_without_the_person() -> None:
    async with scene() as s:
        connection = await broken(s)
        s.tokens.refuses = False

        assert (await s.token(connection)).startswith("alice")
        grant = await s.grant(connection)
        assert (grant.status, grant.failures, grant.problem, grant.retry_at) == (GrantStatus.ACTIVE, 0, None, None)


async def test_a_broken_one_is_asked_for_again_ever_more_seldom() -> None:
    async with scene() as s:
        connection = await broken(s)
        s.nango.state.seen.clear()
        for _ in range(60):  # ten minutes
            with pytest.raises(NeedsReconnect):
                await s.token(connection)
            s.clock.pass_by(seconds=10)

        assert 2 <= s.asked("GET", "/connections/[^/]+") <= 5


async def test_one_that_the_provider_itself_refused_is_not_good_again_because_nango_has_it() -> None:
    async with scene() as s:
        connection = await s.connected(method="token")
        await s.application.auth.mark_needs_reconnect(connection, await s.grant(connection))

        with pytest.raises(NeedsReconnect):
            await s.token(connection)

        assert await s.application.auth.list_connections(s.ann)
        assert (await s.grant(connection)).status is GrantStatus.NEEDS_RECONNECT


async def test_a_removed_connection_needs_its_person_and_keeps_its_place_here() -> None:
    """The key may be another environment's: what was deleted here for that would not come back."""
    async with scene() as s:
        connection = await s.connected()
        place, there = await s.reference(connection), await s.there(connection)
        s.environment.connections.clear()
        s.clock.pass_by(minutes=6)

        with pytest.raises(NeedsReconnect, match="not at Nango any more"):
            await s.token(connection)

        assert (await s.grant(connection)).status is GrantStatus.NEEDS_RECONNECT
        s.environment.connections[place.integration, place.connection_id] = there
        s.clock.pass_by(seconds=61)
        assert (await s.token(connection)).startswith("alice")


async def test_an_ended_token_that_nango_cannot_renew_needs_the_person() -> None:
    async with scene() as s:
        s.tokens.gives_refresh_token = False
        connection = await s.connected()
        s.clock.pass_by(hours=2)

        with pytest.raises(NeedsReconnect, match="has ended"):
            await s.token(connection)


async def test_a_list_tells_of_broken_and_removed_ones_after_one_question() -> None:
    async with scene() as s:
        good = await s.connected()
        removed = await s.connected(alias="removed", name="bobby")
        gone = await s.reference(removed)
        failed = await s.connected(alias="failed", name="carol")
        (await s.there(failed)).errors = [{"type": "auth", "log_id": "x"}]
        del s.environment.connections[gone.integration, gone.connection_id]
        s.nango.state.seen.clear()

        for _ in range(3):
            await s.application.auth.list_connections(s.ann)
        s.clock.pass_by(seconds=61)
        found = await s.application.auth.list_connections(s.ann)

        states = {row.alias: grant.status.value for row, grant in found}
        assert states == {"default": "active", "removed": "needs_reconnect", "failed": "needs_reconnect"}
        assert good.id in {row.id for row, _ in found}
        assert s.asked("GET", LIST) == 2


@pytest.mark.parametrize("how", ["down", "slow", "key", "limit"])
async def test_a_list_does_not_fail_for_nango(how: str) -> None:
    may_end = threading.Event()  # after the lists have come
    async with scene() as s:
        await s.connected()
        await connect(s.application, s.ann, "notes", alias="typed", backend="direct")
        if how == "key":
            s.environment.keys.clear()
        elif how == "slow":
            s.nango.state.faults.extend(Fault(200, may_end=may_end) for _ in range(5))
        else:
            s.nango.fail(429 if how == "limit" else 502, times=9, headers={"Retry-After": "60"})

        async with asyncio.timeout(60):
            found = await s.application.auth.list_connections(s.ann)
            offered = await s.application.auth.supported_providers(s.ann)
        may_end.set()

        assert [(row.alias, grant.status.value) for row, grant in found] == [
            ("default", "active"), ("typed", "active"),
        ]  # fmt: skip
        assert offered == ["notes"]


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (502, NangoUnavailable, "Nango"),
        (403, NangoRefused, "environment:connections:read"),
        (401, NangoRefused, "NANGO_SECRET_KEY"),
        (429, RateLimited, "rate limit"),
    ],
)
async def test_a_call_says_what_is_wrong_with_nango_and_the_grant_stays(
    status: int, error: type[Exception], says: str
) -> None:
    async with scene() as s:
        connection = await s.connected()
        s.clock.pass_by(hours=2)  # nothing that is kept lives
        if status == 403:
            s.environment.keys[s.environment.key] = frozenset({"environment:connections:list"})
        elif status == 401:
            s.environment.keys.clear()
        else:
            s.nango.fail(status, times=9, headers={"Retry-After": "60"})

        with pytest.raises(error, match=says):
            await s.token(connection)

        assert (await s.grant(connection)).status is GrantStatus.ACTIVE


async def test_other_backends_go_on_without_nango() -> None:
    async with scene() as s:
        typed = await connect(s.application, s.ann, "notes", alias="typed", backend="direct", token="alice-typed")
        s.nango.fail(502, times=99)

        access = await s.application.auth.get_credentials(s.ann, typed.id)

        assert access.credentials.secrets()["token"].get_secret_value() == "alice-typed"
        made = await connect(s.application, s.ann, "notes", alias="more", backend="direct", token="alice-typed")
        assert made.alias == "more"
