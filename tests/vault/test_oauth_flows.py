"""OAuth sign-ins under way: a callback is taken once, and nothing of a sign-in outlives its session."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.vault.conftest import OpenVault
from tests.vault.folders import database_bytes
from tests.vault.rows import (
    NOW,
    Clock,
    Place,
    bound_session,
    make_connection,
    make_flow,
    make_member,
    make_place,
    new_session,
    signed_in,
)

from connectory.errors import AlreadyExists, CannotDecrypt
from connectory.vault.entities import ConnectSession, FlowStatus, OAuthFlow
from connectory.vault.tables import connect_sessions, oauth_flows
from connectory.vault.vault import Vault

LATER = NOW + timedelta(minutes=30)


@pytest.fixture
async def session(vault: Vault, place: Place) -> ConnectSession:
    return await bound_session(vault, new_session(place))


async def another_session(vault: Vault, place: Place) -> ConnectSession:
    return await bound_session(vault, new_session(place, alias="other"))


async def kept(vault: Vault) -> set[str]:
    """The ids of all rows, found by the store or not."""
    return {row.id for row in await vault.database.rows(sa.select(oauth_flows.c.id))}


async def status(vault: Vault, session: ConnectSession) -> FlowStatus | None:
    flow = await vault.oauth_flows.of_session(session)
    return flow.status if flow else None


async def test_a_sign_in_is_found_by_its_state_until_its_callback_is_taken(
    vault: Vault, session: ConnectSession
) -> None:
    flow = await make_flow(vault, session, state="s1", body=b"verifier")

    assert (flow.workspace_id, flow.session_id, flow.family) == (session.workspace_id, session.id, "github")
    assert (flow.status, flow.body, flow.expires_at) == (FlowStatus.LEFT, b"verifier", NOW + timedelta(minutes=10))
    assert await vault.oauth_flows.by_state("s1") == flow
    assert await vault.oauth_flows.take(flow)

    assert await vault.oauth_flows.by_state("s1") is None
    assert not await vault.oauth_flows.take(flow)
    assert await status(vault, session) is FlowStatus.TAKEN


@pytest.mark.parametrize("state", ["", "S1", "s1 ", "\ud800", "%"])
async def test_another_state_finds_nothing(vault: Vault, session: ConnectSession, state: str) -> None:
    await make_flow(vault, session, state="s1")

    assert await vault.oauth_flows.by_state(state) is None


async def test_a_sign_in_whose_time_is_over_is_not_found_and_not_taken(
    vault: Vault, session: ConnectSession, clock: Clock
) -> None:
    flow = await make_flow(vault, session, state="s1", expires_at=NOW + timedelta(minutes=5))
    clock.advance(minutes=4, seconds=59)
    assert await vault.oauth_flows.by_state("s1") == flow
    clock.advance(seconds=1)

    assert await vault.oauth_flows.by_state("s1") is None
    assert await vault.oauth_flows.of_session(session) is None
    assert not await vault.oauth_flows.take(flow)


async def test_of_many_callbacks_at_once_one_is_taken(racing: list[Vault]) -> None:
    session = await bound_session(racing[0], new_session(await make_place(racing[0])))
    flow = await make_flow(racing[0], session)

    taken = await asyncio.gather(*(vault.oauth_flows.take(flow) for vault in racing))

    assert sorted(taken) == [False] * 19 + [True]


async def test_leaving_again_ends_the_earlier_sign_in_of_the_session_alone(
    vault: Vault, place: Place, session: ConnectSession
) -> None:
    foreign = await bound_session(vault, new_session(await make_place(vault, "w2", "eve")))
    others = [await make_flow(vault, one) for one in (await another_session(vault, place), foreign)]
    earlier = await make_flow(vault, session, state="s1")

    later = await make_flow(vault, session, state="s2")

    assert await vault.oauth_flows.by_state("s1") is None
    assert not await vault.oauth_flows.take(earlier)
    assert await vault.oauth_flows.by_state("s2") == later
    assert await kept(vault) == {later.id, *(one.id for one in others)}


async def test_a_session_that_leaves_many_times_at_once_has_one_sign_in(racing: list[Vault]) -> None:
    session = await bound_session(racing[0], new_session(await make_place(racing[0])))

    await asyncio.gather(
        *(
            vault.oauth_flows.leave(session, "github", f"s{number}", b"x", expires_at=LATER)
            for number, vault in enumerate(racing)
        )
    )

    assert len(await kept(racing[0])) == 1


async def test_the_next_that_leaves_takes_away_what_is_over(
    vault: Vault, place: Place, session: ConnectSession, clock: Clock
) -> None:
    foreign = await bound_session(vault, new_session(await make_place(vault, "w2", "eve")))
    over = await make_flow(vault, foreign, expires_at=NOW + timedelta(minutes=5))
    live = await make_flow(vault, await another_session(vault, place), expires_at=NOW + timedelta(minutes=6))
    clock.advance(minutes=5)
    assert await kept(vault) == {over.id, live.id}

    new = await make_flow(vault, session)

    assert await kept(vault) == {live.id, new.id}


async def test_what_came_of_a_sign_in_is_held_while_the_person_is_asked(
    vault: Vault, session: ConnectSession, clock: Clock
) -> None:
    flow = await make_flow(vault, session, state="s1", poll_at=NOW)

    await vault.oauth_flows.hold(flow, b"tokens", until=LATER)

    held = await vault.oauth_flows.of_session(session)
    assert held is not None
    assert (held.id, held.status, held.body, held.expires_at) == (flow.id, FlowStatus.HELD, b"tokens", LATER)
    assert await vault.oauth_flows.by_state("s1") is None
    assert not await vault.oauth_flows.take(flow)
    assert not await vault.oauth_flows.take_poll(flow, next_at=LATER)
    clock.advance(minutes=30)
    assert await vault.oauth_flows.of_session(session) is None


async def test_another_body_is_kept_for_a_sign_in_that_goes_on(vault: Vault, session: ConnectSession) -> None:
    flow = await make_flow(vault, session, state="s1")

    await vault.oauth_flows.rewrite(flow, b"interval 10")

    found = await vault.oauth_flows.by_state("s1")
    assert found is not None
    assert (found.id, found.body, found.expires_at) == (flow.id, b"interval 10", flow.expires_at)
    assert await vault.oauth_flows.take(found)


async def test_a_device_code_is_asked_for_by_one_and_not_before_its_time(
    vault: Vault, session: ConnectSession, clock: Clock
) -> None:
    flow = await make_flow(vault, session, poll_at=NOW + timedelta(seconds=5))
    next_at = NOW + timedelta(seconds=10)

    assert not await vault.oauth_flows.take_poll(flow, next_at=next_at)
    clock.advance(seconds=5)
    assert await vault.oauth_flows.take_poll(flow, next_at=next_at)
    assert not await vault.oauth_flows.take_poll(flow, next_at=next_at)
    clock.advance(seconds=5)
    assert await vault.oauth_flows.take_poll(flow, next_at=LATER)


async def test_of_many_that_would_ask_for_a_device_code_one_does(racing: list[Vault]) -> None:
    session = await bound_session(racing[0], new_session(await make_place(racing[0])))
    flow = await make_flow(racing[0], session, poll_at=NOW)

    asked = await asyncio.gather(*(vault.oauth_flows.take_poll(flow, next_at=LATER) for vault in racing))

    assert sorted(asked) == [False] * 19 + [True]


async def test_a_sign_in_without_a_device_code_or_with_its_token_is_not_asked_for(
    vault: Vault, place: Place, session: ConnectSession
) -> None:
    by_redirect = await make_flow(vault, session)
    by_device = await make_flow(vault, await another_session(vault, place), poll_at=NOW)
    assert await vault.oauth_flows.take(by_device)

    for flow in (by_redirect, by_device):
        assert not await vault.oauth_flows.take_poll(flow, next_at=LATER)


async def test_neither_state_nor_body_is_in_the_file(open_file_vault: OpenVault, data_dir: Path) -> None:
    vault = await open_file_vault()
    session = await bound_session(vault, new_session(await make_place(vault)))
    flow = await make_flow(vault, session, state="state-in-clear", body=b"left-in-clear")
    await vault.oauth_flows.rewrite(flow, b"rewritten-in-clear")
    await vault.oauth_flows.hold(flow, b"held-in-clear", until=LATER)

    content = database_bytes(data_dir)

    assert flow.id.encode() in content  # it was looked at in the right place
    assert b"in-clear" not in content
    assert "in-clear" not in repr(flow)


@pytest.mark.parametrize("written_by", ["leave", "rewrite", "hold"])
async def test_a_body_that_was_moved_to_another_row_does_not_open(
    vault: Vault, place: Place, session: ConnectSession, written_by: str
) -> None:
    other = await another_session(vault, place)
    mine, theirs = await make_flow(vault, session, state="s1"), await make_flow(vault, other)
    if written_by == "rewrite":
        await vault.oauth_flows.rewrite(theirs, b"theirs")
    if written_by == "hold":
        await vault.oauth_flows.hold(theirs, b"theirs", until=LATER)
    assert await vault.oauth_flows.of_session(other) is not None
    stolen = sa.select(oauth_flows.c.body).where(oauth_flows.c.id == theirs.id).scalar_subquery()

    await vault.database.change(sa.update(oauth_flows).where(oauth_flows.c.id == mine.id).values(body=stolen))

    with pytest.raises(CannotDecrypt):
        await vault.oauth_flows.by_state("s1")
    with pytest.raises(CannotDecrypt):
        await vault.oauth_flows.of_session(session)


async def held(vault: Vault, session: ConnectSession) -> OAuthFlow:
    flow = await make_flow(vault, session)
    await vault.oauth_flows.hold(flow, b"tokens", until=NOW + timedelta(days=9))
    return flow


async def test_finishing_a_session_ends_its_sign_in_alone(vault: Vault, place: Place, session: ConnectSession) -> None:
    await held(vault, session)
    other = await held(vault, await another_session(vault, place))

    await vault.sessions.finish(session, signed_in())

    assert await kept(vault) == {other.id}


async def test_a_session_that_could_not_be_finished_keeps_its_sign_in(
    vault: Vault, place: Place, session: ConnectSession
) -> None:
    flow = await held(vault, session)
    await make_connection(vault, place)

    with pytest.raises(AlreadyExists):
        await vault.sessions.finish(session, signed_in())

    assert await kept(vault) == {flow.id}


@pytest.mark.parametrize("what", ["sign-in", "session", "old session", "member", "workspace"])
async def test_a_sign_in_goes_with_what_it_is_for(vault: Vault, place: Place, clock: Clock, what: str) -> None:
    bob = await make_member(vault, place)
    session = await bound_session(vault, new_session(bob))
    flow = await held(vault, session)
    foreign = await held(vault, await bound_session(vault, new_session(await make_place(vault, "w2", "eve"))))

    if what == "sign-in":
        await vault.oauth_flows.end(flow)
    if what == "session":
        await vault.database.change(sa.delete(connect_sessions).where(connect_sessions.c.id == session.id))
    if what == "old session":
        clock.advance(days=2)
        await vault.sessions.create(new_session(bob, expires_at=clock() + timedelta(minutes=10)))
    if what == "member":
        await vault.workspaces.remove_member(bob.workspace_id, bob.user_id)
    if what == "workspace":
        assert await vault.workspaces.delete(place.workspace_id)

    assert await kept(vault) == {foreign.id}
