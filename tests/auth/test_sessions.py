"""Connect sessions: ten minutes to open, sixty once bound, one browser, one use."""

import asyncio
from dataclasses import replace

import pytest
from tests.auth.making import world

from connectory.auth.backend import Connected
from connectory.errors import AlreadyExists, PolicyDenied, SessionExpired
from connectory.vault.entities import SessionStatus


async def test_a_link_is_long_and_never_repeated() -> None:
    async with world() as w:
        links = {(await w.auth.connect(w.owner, "notes", alias=f"a{number}")).link for number in range(20)}

        assert len(links) == 20
        assert all(len(link) >= 43 for link in links)


async def test_a_link_is_good_for_ten_minutes() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        w.clock.pass_by(minutes=9, seconds=59)
        await w.sessions.open_link(session.link)
        w.clock.pass_by(seconds=1)

        with pytest.raises(SessionExpired):
            await w.sessions.open_link(session.link)
        with pytest.raises(SessionExpired):
            await w.submit(session)
        assert (await w.auth.connect(w.owner, "notes")).link != session.link


async def test_a_bound_session_is_good_for_an_hour_in_its_browser() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        await w.sessions.bind(session, "b1")
        w.clock.pass_by(minutes=59)
        await w.sessions.bind(session, "b1")
        for browser in ("b2", ""):
            with pytest.raises(SessionExpired):
                await w.sessions.bind(session, browser)
        w.clock.pass_by(minutes=1)

        with pytest.raises(SessionExpired):
            await w.sessions.bind(session, "b1")


async def test_a_browser_without_a_cookie_binds_nothing() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")

        with pytest.raises(SessionExpired):
            await w.sessions.bind(session, "")
        assert (await w.sessions.open_link(session.link)).status is SessionStatus.PENDING


async def test_a_person_who_needs_long_on_the_page_gets_no_second_link_and_is_told_when_it_is_done() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        await w.sessions.bind(session, "b1")
        w.clock.pass_by(minutes=58)
        assert (await w.auth.connect(w.owner, "notes")).link == session.link
        assert (await w.auth.connect(w.owner, "notes", scopes=["more"])).link != session.link
        await w.submit(session)

        done = await w.auth.open_session(w.owner, "notes", "default")

        assert done is not None
        assert (done.id, done.connected_at) == (session.id, w.clock())


async def test_a_browser_that_was_lost_keeps_its_link_for_an_hour_and_no_longer() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        await w.sessions.bind(session, "b1")
        w.clock.pass_by(minutes=60)

        assert (await w.auth.connect(w.owner, "notes")).link != session.link


async def test_a_link_serves_once() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        await w.submit(session)

        with pytest.raises(SessionExpired):
            await w.submit(session)
        with pytest.raises(SessionExpired):
            await w.sessions.open_link(session.link)
        assert len(await w.auth.list_connections(w.owner)) == 1


async def test_of_two_browsers_at_once_one_gets_the_connection() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")

        outcomes = await asyncio.gather(
            *(w.submit(session, browser=f"b{number}") for number in range(5)), return_exceptions=True
        )

        assert sum(isinstance(outcome, Connected) for outcome in outcomes) == 1
        assert all(isinstance(outcome, Connected | SessionExpired) for outcome in outcomes)
        assert len(await w.auth.list_connections(w.owner)) == 1


async def test_of_two_submissions_of_one_browser_one_gets_the_connection() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")

        outcomes = await asyncio.gather(w.submit(session), w.submit(session), return_exceptions=True)

        assert sum(isinstance(outcome, Connected) for outcome in outcomes) == 1
        assert len(await w.auth.list_connections(w.owner)) == 1


async def test_unknown_used_expired_and_foreign_links_are_told_alike() -> None:
    async with world() as w:
        used, bound = await w.auth.connect(w.owner, "notes"), await w.auth.connect(w.owner, "notes", alias="b")
        await w.submit(used)
        await w.sessions.bind(bound, "b1")
        texts = set()
        for attempt in (
            w.sessions.open_link("x" * 43), w.sessions.open_link(""), w.sessions.open_link(used.link),
            w.sessions.bind(bound, "b2"),
        ):  # fmt: skip
            with pytest.raises(SessionExpired) as refusal:
                await attempt
            texts.add(refusal.value.text)

        assert len(texts) == 1


async def test_waiting_ends_as_soon_as_the_person_is_done() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        w.sleep.meanwhile = lambda: w.submit(session)

        after = await w.auth.wait(w.owner, session, 45)

        assert after.status is SessionStatus.CONNECTED
        assert after.connection_id is not None


async def test_waiting_ends_when_the_link_expires() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")

        async def pass_by() -> None:
            w.clock.pass_by(minutes=11)

        w.sleep.meanwhile = pass_by

        assert (await w.auth.wait(w.owner, session, 45)).status is SessionStatus.EXPIRED


async def test_a_session_is_found_by_its_link_in_every_state_and_ended_when_nobody_goes_on() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        assert await w.auth.sign_in.find(session.link) == session
        assert await w.auth.sign_in.find("x" * 43) is None

        await w.auth.sign_in.end(session)

        found = await w.auth.sign_in.find(session.link)
        assert found is not None
        assert found.status is SessionStatus.EXPIRED
        assert (await w.auth.connect(w.owner, "notes")).link != session.link


async def test_waiting_ends_with_its_time() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")

        assert (await w.auth.wait(w.owner, session, 0)).status is SessionStatus.PENDING


async def test_nobody_waits_for_another_s_session() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")

        for principal in (w.member, w.stranger):
            with pytest.raises(SessionExpired):
                await w.auth.wait(principal, session, 0)


async def test_whoever_asks_again_after_the_person_is_done_gets_the_connection_and_no_further_link() -> None:
    async with world() as w:
        assert await w.auth.open_session(w.owner, "notes", "work") is None
        session = await w.auth.connect(w.owner, "notes", alias="work")
        assert await w.auth.open_session(w.owner, "notes", "work") == session
        assert await w.auth.open_session(w.owner, "notes", "work", shared=True) is None
        assert await w.auth.open_session(w.member, "notes", "work") is None
        with pytest.raises(PolicyDenied):
            await w.auth.open_session(replace(w.owner, read_only=True), "notes", "work")
        await w.submit(session)

        done = await w.auth.open_session(w.owner, "notes", "work")

        assert done is not None
        assert done.status is SessionStatus.CONNECTED
        w.clock.pass_by(minutes=2)
        assert await w.auth.open_session(w.owner, "notes", "work") == done
        w.clock.pass_by(seconds=1)
        assert await w.auth.open_session(w.owner, "notes", "work") is None


async def test_a_session_whose_connection_has_gone_or_broken_is_not_shown_as_done() -> None:
    async with world() as w:
        done = await w.connected(w.owner)
        [(_, grant)] = await w.auth.list_connections(w.owner)
        await w.auth.mark_needs_reconnect(done.connection, grant)
        assert await w.auth.open_session(w.owner, "notes") is None

        await w.auth.disconnect(w.owner, done.connection.id)
        assert await w.auth.open_session(w.owner, "notes") is None


async def test_an_alias_taken_while_two_links_were_open_keeps_the_first() -> None:
    async with world() as w:
        first = await w.auth.connect(w.owner, "notes")
        await w.sessions.bind(first, "b1")
        second = await w.auth.connect(w.owner, "notes", scopes=["more"])
        kept = await w.submit(second)

        with pytest.raises(AlreadyExists):
            await w.submit(first)
        assert isinstance(kept, Connected)
        assert [row for row, _ in await w.auth.list_connections(w.owner)] == [kept.connection]


async def test_a_reconnect_link_dies_with_its_connection() -> None:
    async with world() as w:
        connection = (await w.connected(w.owner)).connection
        session = await w.auth.connect(w.owner, "notes", alias="default")
        await w.auth.disconnect(w.owner, connection.id)

        with pytest.raises(SessionExpired):
            await w.submit(session)
        assert await w.auth.list_connections(w.owner) == []
