"""Sign-ins to the pages: found by a secret, ended for good, and never worth more than their token."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from tests.vault.rows import Clock, Place, make_member, make_token

from connectory.vault.entities import Role
from connectory.vault.sealed_link import hash_link
from connectory.vault.tables import web_sessions
from connectory.vault.vault import Vault
from connectory.vault.web_sessions import NOTE_EVERY

HOUR = timedelta(hours=1)


async def start(vault: Vault, place: Place) -> str:
    token = await make_token(vault, place)
    return await vault.web_sessions.start(
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        token_id=token.id,
        way="token",
        browser="",
        lasts=HOUR,
    )


async def test_a_session_leads_to_its_token_and_the_role_of_the_moment(vault: Vault, place: Place) -> None:
    member = await make_member(vault, place)
    session = await start(vault, member)
    await start(vault, place)

    found = await vault.web_sessions.find(session)
    assert found is not None
    assert (found.user_id, found.role) == (member.user_id, Role.MEMBER)
    await vault.workspaces.set_member(place.workspace_id, member.user_id, Role.VIEWER)
    found = await vault.web_sessions.find(session)
    assert found is not None
    assert found.role is Role.VIEWER


async def test_a_session_that_has_ended_stays_so_and_the_others_go_on(vault: Vault, place: Place) -> None:
    first, second = await start(vault, place), await start(vault, place)

    assert await vault.web_sessions.end(first)
    assert not await vault.web_sessions.end(first)
    assert not await vault.web_sessions.end("x" * 43)
    assert await vault.web_sessions.find(first) is None
    assert await vault.web_sessions.find(second) is not None


async def test_a_revoked_token_or_a_lost_membership_ends_its_sessions(vault: Vault, place: Place) -> None:
    member = await make_member(vault, place)
    revoked, removed = await start(vault, place), await start(vault, member)
    for token in await vault.tokens.list(place.workspace_id, place.user_id):
        await vault.tokens.revoke(place.workspace_id, token.id)
    await vault.workspaces.remove_member(place.workspace_id, member.user_id)

    assert await vault.web_sessions.find(revoked) is None
    assert await vault.web_sessions.find(removed) is None


async def test_what_is_over_opens_nothing_and_leaves(vault: Vault, place: Place, clock: Clock) -> None:
    session = await start(vault, place)
    clock.advance(hours=1)

    assert await vault.web_sessions.find(session) is None
    await start(vault, place)
    assert len(await vault.database.rows(sa.select(web_sessions))) == 1


async def test_the_id_stands_nowhere_in_the_table(vault: Vault, place: Place) -> None:
    session = await start(vault, place)
    (row,) = await vault.database.rows(sa.select(web_sessions))

    assert session not in map(str, row)


async def test_a_users_open_sessions_are_listed_without_what_opens_them(
    vault: Vault, place: Place, clock: Clock
) -> None:
    member = await make_member(vault, place)
    first = await start(vault, place)
    clock.advance(minutes=1)
    second = await start_plain(vault, place)
    await start(vault, member)
    ended = await start_plain(vault, place)
    await vault.web_sessions.end(ended)

    found = await vault.web_sessions.list([place.workspace_id], place.user_id)

    assert [one.token is None for one in found] == [True, False]  # the newest first
    assert [(one.way, one.browser) for one in found] == [("link", "Firefox on Linux"), ("token", "")]
    assert [one.expires_at - one.created_at for one in found] == [HOUR, HOUR]
    assert not any(secret in repr(found) for secret in (first, second))


async def test_sessions_are_x_for_their_user_alone(vault: Vault, place: Place) -> None:
    member = await make_member(vault, place)
    mine, kept = await start_plain(vault, place), await start_plain(vault, place)
    theirs = await start_plain(vault, member)
    listed = {
        user: await vault.web_sessions.list([place.workspace_id], user) for user in (place.user_id, member.user_id)
    }
    chosen = [one.id_hash for found in listed.values() for one in found if one.id_hash != hash_link(kept)]

    assert await vault.web_sessions.end_listed(place.workspace_id, place.user_id, chosen) == 1
    assert await vault.web_sessions.end_listed(place.workspace_id, place.user_id, chosen) == 0
    assert [await vault.web_sessions.find(one) is None for one in (mine, kept, theirs)] == [True, False, False]


async def test_a_session_is_listed_until_its_token_ends(vault: Vault, place: Place, clock: Clock) -> None:
    clock.advance(hours=23, minutes=30)  # the token lasts a day
    await start(vault, place)
    (found,) = await vault.web_sessions.list([place.workspace_id], place.user_id)
    assert found.token is not None
    assert found.expires_at == found.token.expires_at
    clock.advance(minutes=30)

    assert await vault.web_sessions.list([place.workspace_id], place.user_id) == []


async def test_the_last_use_is_noted_every_few_minutes_at_most(vault: Vault, place: Place, clock: Clock) -> None:
    async def last_use() -> timedelta:
        (listed,) = await vault.web_sessions.list([place.workspace_id], place.user_id)
        return listed.last_used_at - listed.created_at

    session = await start_plain(vault, place)
    clock.advance(seconds=NOTE_EVERY.total_seconds() - 1)
    found = await vault.web_sessions.find(session)
    assert found is not None
    assert found.is_use_noted
    clock.advance(seconds=1)
    found = await vault.web_sessions.find(session)
    assert found is not None
    assert not found.is_use_noted
    assert await last_use() == timedelta(0)

    await vault.web_sessions.note_use(session)

    found = await vault.web_sessions.find(session)
    assert found is not None
    assert found.is_use_noted
    assert await last_use() == NOTE_EVERY


async def start_plain(vault: Vault, place: Place) -> str:
    return await vault.web_sessions.start(
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        token_id=None,
        way="link",
        browser="Firefox on Linux",
        lasts=HOUR,
    )
