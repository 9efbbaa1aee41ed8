"""Connect sessions: bound once, finished once, whoever races."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.vault.conftest import OpenVault
from tests.vault.rows import (
    BROWSER,
    NOW,
    Clock,
    Place,
    bound_session,
    credentials_of,
    key,
    make_connection,
    make_place,
    new_session,
    new_use,
    signed_in,
)

from connectory.errors import AlreadyExists, SessionExpired
from connectory.net.address import HostRule
from connectory.vault.entities import (
    Connection,
    ConnectionId,
    ConnectSession,
    FinishedSignIn,
    GrantStatus,
    SessionStatus,
    Use,
    new_id,
)
from connectory.vault.keys import KeyRing
from connectory.vault.tables import connect_sessions, grants
from connectory.vault.vault import Vault


async def test_a_session_is_found_by_its_link_and_by_its_id(vault: Vault, place: Place) -> None:
    session = await vault.sessions.create(new_session(place))

    assert await vault.sessions.by_link(session.link) == session
    assert await vault.sessions.get(place.workspace_id, session.id) == session
    assert await vault.sessions.by_link("another") is None


async def test_the_link_is_not_in_the_table(vault: Vault, place: Place) -> None:
    session = await vault.sessions.create(new_session(place))

    row = await vault.database.row(sa.select(connect_sessions))

    assert row is not None
    assert session.link not in repr(tuple(row))
    assert session.link.encode() not in row.link


async def test_the_open_session_for_the_same_purpose_is_found_again(vault: Vault, place: Place, clock: Clock) -> None:
    session = await vault.sessions.create(new_session(place))

    async def find(
        connector: str = "github", alias: str = "default", owner: str = session.owner
    ) -> ConnectSession | None:
        where = place.workspace_id, place.user_id
        return await vault.sessions.open_for(*where, connector, alias, owner=owner)

    assert await find() == session
    assert await find(alias="other") is None
    assert await find(connector="gitlab") is None
    assert await find(owner=place.workspace_id) is None
    await vault.sessions.bind(session.id, BROWSER, until=NOW + timedelta(minutes=60))
    clock.advance(minutes=59)
    again = await find()
    assert again is not None
    assert (again.link, again.status) == (session.link, SessionStatus.BOUND)
    clock.advance(minutes=1)
    assert await find() is None


async def test_the_session_that_became_a_connection_is_found_by_when_it_did(
    vault: Vault, place: Place, clock: Clock
) -> None:
    where = place.workspace_id, place.user_id, "github", "default"
    session = await bound_session(vault, new_session(place))
    assert await vault.sessions.connected_for(*where, owner=session.owner, since=NOW) is None
    clock.advance(minutes=9)

    [connection] = (await vault.sessions.finish(session, signed_in())).connections

    clock.advance(minutes=2)  # the session's own time is over by now
    found = await vault.sessions.connected_for(*where, owner=session.owner, since=NOW + timedelta(minutes=9))
    assert found is not None
    assert (found.id, found.connection_id, found.connected_at) == (
        session.id, connection.id, NOW + timedelta(minutes=9)
    )  # fmt: skip
    since = NOW + timedelta(minutes=9, seconds=1)
    assert await vault.sessions.connected_for(*where, owner=session.owner, since=since) is None


async def test_a_session_whose_time_is_over_is_expired_whatever_its_row_says(
    vault: Vault, place: Place, clock: Clock
) -> None:
    session = await vault.sessions.create(new_session(place))
    clock.advance(minutes=10)

    found = await vault.sessions.by_link(session.link)

    assert found is not None
    assert found.status is SessionStatus.EXPIRED
    assert not await vault.sessions.bind(session.id, BROWSER, until=clock() + timedelta(hours=1))


async def test_only_the_first_browser_gets_the_session(vault: Vault, place: Place) -> None:
    session = await vault.sessions.create(new_session(place))

    assert await vault.sessions.bind(session.id, BROWSER, until=NOW + timedelta(hours=1))
    assert not await vault.sessions.bind(session.id, "c" * 64, until=NOW + timedelta(hours=1))

    found = await vault.sessions.by_link(session.link)
    assert found is not None
    assert (found.browser_hash, found.expires_at) == (BROWSER, NOW + timedelta(hours=1))


async def test_finishing_makes_the_connection_and_its_grant_and_counts_in_the_revision(
    vault: Vault, place: Place
) -> None:
    session = await bound_session(vault, new_session(place))
    before = await vault.workspaces.revision(place.workspace_id)
    chosen_id = ConnectionId(new_id("cn"))
    hosts = (HostRule("https://10.0.0.5:8443", private_confirmed=True),)

    use = new_use(connection_id=chosen_id, hosts=hosts)
    [connection] = (await vault.sessions.finish(session, signed_in("s3cret-token", use))).connections

    assert (connection.id, connection.name, connection.owner) == (chosen_id, "github/default", place.user_id)
    assert (connection.hosts, connection.created_at) == (hosts, NOW)
    grant = await vault.grants.get(place.workspace_id, connection.grant_id)
    assert grant is not None
    assert (grant.account_name, grant.facts, grant.scopes) == ("octocat", {"shop": "acme"}, ("repo",))
    assert (grant.status, grant.version) == (GrantStatus.ACTIVE, 1)
    assert await credentials_of(vault, connection) == key()
    assert await vault.workspaces.revision(place.workspace_id) > before
    done = await vault.sessions.get(place.workspace_id, session.id)
    assert done is not None
    assert (done.status, done.connection_id) == (SessionStatus.CONNECTED, connection.id)


async def test_a_session_is_finished_once(vault: Vault, place: Place) -> None:
    session = await bound_session(vault, new_session(place))
    await vault.sessions.finish(session, signed_in())

    with pytest.raises(SessionExpired):
        await vault.sessions.finish(session, signed_in("second"))

    assert len(await vault.connections.list_all(place.workspace_id)) == 1


@pytest.mark.parametrize("why", ["pending", "expired", "over", "another browser"])
async def test_a_session_that_is_not_this_browsers_makes_nothing(
    vault: Vault, place: Place, clock: Clock, why: str
) -> None:
    if why == "pending":
        session = await vault.sessions.create(new_session(place))
    else:
        session = await bound_session(vault, new_session(place))
    if why == "expired":
        assert await vault.sessions.expire(session)
    if why == "over":
        clock.advance(minutes=10)
    if why == "another browser":
        session = replace(session, browser_hash="c" * 64)

    with pytest.raises(SessionExpired) as refusal:
        await vault.sessions.finish(session, signed_in())

    assert refusal.value.hint
    assert await vault.connections.list_all(place.workspace_id) == []
    assert await vault.database.rows(sa.select(grants)) == []


async def test_an_alias_taken_meanwhile_leaves_the_session_as_it_was(vault: Vault, place: Place) -> None:
    session = await bound_session(vault, new_session(place))
    await make_connection(vault, place)

    with pytest.raises(AlreadyExists, match="github/default"):
        await vault.sessions.finish(session, signed_in())

    found = await vault.sessions.get(place.workspace_id, session.id)
    assert found is not None
    assert found.status is SessionStatus.BOUND
    assert len(await vault.database.rows(sa.select(grants))) == 1


async def test_reconnecting_renews_the_grant_and_keeps_the_connection(vault: Vault, place: Place) -> None:
    old = await make_connection(vault, place)
    await vault.grants.set_status(place.workspace_id, old.grant_id, GrantStatus.NEEDS_RECONNECT, if_version=1)
    before = await vault.workspaces.revision(place.workspace_id)
    session = await bound_session(vault, replace(new_session(place), connection_id=old.id))
    hosts = (HostRule("https://github.example.org"),)
    changes = {"account_id": "2", "account_name": "hubot", "scopes": ("repo", "user"), "facts": {}}

    use = new_use(connection_id=old.id, hosts=hosts)
    done = await vault.sessions.finish(session, signed_in("renewed", use, grant_id=old.grant_id, **changes))

    [new] = done.connections
    assert done.unused == ()

    assert new == replace(old, hosts=hosts)
    grant = await vault.grants.get(place.workspace_id, new.grant_id)
    assert grant is not None
    assert (grant.account_id, grant.account_name, grant.scopes, grant.facts) == ("2", "hubot", ("repo", "user"), {})
    assert (grant.status, grant.version) == (GrantStatus.ACTIVE, 2)
    assert await credentials_of(vault, new) == key("renewed")
    assert await vault.workspaces.revision(place.workspace_id) > before


@pytest.mark.parametrize("backend", [None, "direct"])
async def test_why_the_last_try_failed_is_noted_on_a_live_session_alone(
    vault: Vault, place: Place, backend: str | None
) -> None:
    session = await bound_session(vault, replace(new_session(place), backend=backend))
    other = await vault.sessions.create(new_session(place, alias="other"))

    for problem in ("GitHub says no.", None):
        await vault.sessions.note_problem(session, problem)
        assert await vault.sessions.by_link(session.link) == replace(session, problem=problem)
    await vault.sessions.finish(session, signed_in())
    await vault.sessions.note_problem(session, "Too late.")

    for one in (session, other):
        found = await vault.sessions.by_link(one.link)
        assert found is not None
        assert found.problem is None


async def test_a_reconnect_link_dies_with_its_connection(vault: Vault, place: Place) -> None:
    old = await make_connection(vault, place)
    session = await bound_session(vault, replace(new_session(place), connection_id=old.id))
    await vault.connections.delete(place.workspace_id, old.id)

    with pytest.raises(SessionExpired):
        await vault.sessions.finish(session, signed_in())

    assert await vault.connections.list_all(place.workspace_id) == []


async def test_long_finished_sessions_are_forgotten(vault: Vault, place: Place, clock: Clock) -> None:
    old = await vault.sessions.create(new_session(place))
    clock.advance(days=2)

    await vault.sessions.create(new_session(place, expires_at=clock() + timedelta(minutes=10)))

    assert await vault.sessions.by_link(old.link) is None


async def test_a_link_sealed_with_a_lost_key_gives_way_to_a_new_one(vault: Vault, place: Place) -> None:
    session = await vault.sessions.create(new_session(place))
    other_keys = type(vault.sessions)(vault.database, KeyRing([bytes(range(1, 64, 2))]), lambda: NOW)

    where = place.workspace_id, place.user_id, "github", "default"
    assert await other_keys.open_for(*where, owner=session.owner) is None
    assert await other_keys.by_link(session.link) == session


@pytest.mark.slow
async def test_of_two_processes_that_finish_one_link_exactly_one_connects(open_file_vault: OpenVault) -> None:
    one, other = await open_file_vault(), await open_file_vault()
    place = await make_place(one)

    for round_number in range(50):
        session = await bound_session(one, new_session(place, alias=f"a{round_number}"))
        outcomes = await asyncio.gather(
            one.sessions.finish(session, signed_in("one")),
            other.sessions.finish(session, signed_in("other")),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Finished", "SessionExpired"]

    assert len(await one.connections.list_all(place.workspace_id)) == 50
    assert len(await one.database.rows(sa.select(grants))) == 50


async def test_of_two_browsers_that_post_at_once_exactly_one_is_bound(open_file_vault: OpenVault) -> None:
    one, other = await open_file_vault(), await open_file_vault()
    place = await make_place(one)

    for round_number in range(20):
        session = await one.sessions.create(new_session(place, alias=f"a{round_number}"))
        bound = await asyncio.gather(
            one.sessions.bind(session.id, "1" * 64, until=session.expires_at),
            other.sessions.bind(session.id, "2" * 64, until=session.expires_at),
        )
        assert sorted(bound) == [False, True]


def two_uses() -> tuple[Use, Use]:
    return new_use("mail"), new_use("files")


async def test_one_sign_in_makes_several_connections_on_one_grant_in_the_order_asked_for(
    vault: Vault, place: Place
) -> None:
    session = await bound_session(vault, new_session(place))
    mail, files = two_uses()
    new = replace(signed_in("s3cret-token", mail, files), problem="Photos was not connected.")

    done = await vault.sessions.finish(session, new)

    assert [row.id for row in done.connections] == [mail.connection_id, files.connection_id]
    assert [row.name for row in done.connections] == ["mail/default", "files/default"]
    assert len({row.grant_id for row in done.connections}) == 1
    found = await vault.sessions.get(place.workspace_id, session.id)
    assert found is not None
    assert (found.connection_id, found.problem) == (mail.connection_id, "Photos was not connected.")


async def test_of_several_connections_all_are_made_or_none(vault: Vault, place: Place) -> None:
    taken = await bound_session(vault, new_session(place))
    await vault.sessions.finish(taken, signed_in("s3cret-token", new_use("files")))
    session = await bound_session(vault, new_session(place))

    with pytest.raises(AlreadyExists, match="files/default"):
        await vault.sessions.finish(session, signed_in("other", *two_uses()))

    assert [row.name for row in await vault.connections.list_all(place.workspace_id)] == ["files/default"]
    assert len(await vault.database.rows(sa.select(grants))) == 1


async def test_a_connection_that_moves_leaves_its_old_grant_to_be_withdrawn(vault: Vault, place: Place) -> None:
    old = await make_connection(vault, place)
    kept = await make_connection(vault, place, alias="kept")
    session = await bound_session(vault, new_session(place, alias="moved"))
    uses = new_use("mail"), new_use(connection_id=old.id)

    done = await vault.sessions.finish(session, signed_in("new", *uses, grant_id=kept.grant_id))

    assert {row.grant_id for row in done.connections} == {kept.grant_id}
    assert [grant.id for grant in done.unused] == [old.grant_id]
    [revoking] = await vault.grants.revoking()
    assert revoking.id == old.grant_id
    moved = await vault.connections.get(place.workspace_id, old.id)
    assert moved is not None
    assert (moved.alias, moved.grant_id) == ("default", kept.grant_id)
    assert await credentials_of(vault, moved) == key("new")


async def test_a_further_connection_leaves_the_grant_it_uses_to_whoever_renews_it_meanwhile(
    vault: Vault, place: Place
) -> None:
    first = await make_connection(vault, place)
    grant = await vault.grants.get(place.workspace_id, first.grant_id)
    assert grant is not None
    session = await bound_session(vault, new_session(place, alias="further"))
    use = new_use("files")
    new = FinishedSignIn((use,), grant_id=grant.id, facts={"shop": "evil", "drive": "d1"}, scopes=("repo", "files"))

    await vault.sessions.finish(session, new)
    await vault.grants.replace_credentials(grant, key("rotated"), expires_at=None)

    now = await vault.grants.get(place.workspace_id, grant.id)
    assert now is not None
    assert (dict(now.facts), now.scopes) == ({"shop": "acme", "drive": "d1"}, ("repo", "files"))
    assert await credentials_of(vault, first) == key("rotated")


@pytest.mark.parametrize("renews", [True, False])
async def test_nothing_is_put_on_a_grant_that_is_being_withdrawn(vault: Vault, place: Place, renews: bool) -> None:
    old = await make_connection(vault, place)
    session = await bound_session(vault, new_session(place, alias="late"))
    await vault.connections.delete(place.workspace_id, old.id)
    new = signed_in("new", new_use("files"), grant_id=old.grant_id)

    with pytest.raises(SessionExpired):
        await vault.sessions.finish(session, new if renews else replace(new, grant=None))

    assert await vault.connections.list_all(place.workspace_id) == []


async def test_another_owners_connection_is_never_put_on_the_grant(vault: Vault, place: Place) -> None:
    theirs = await make_connection(vault, place, shared=True)
    session = await bound_session(vault, new_session(place, alias="mine"))

    with pytest.raises(AlreadyExists):
        await vault.sessions.finish(session, signed_in("new", new_use(connection_id=theirs.id)))

    assert await vault.connections.get(place.workspace_id, theirs.id) == theirs


async def finish_labelled(
    vault: Vault, place: Place, labels: Mapping[str, str] | None, *uses: Use, renews: Connection | None = None
) -> list[Mapping[str, str]]:
    """Make or renew connections by a session with these labels, and return theirs."""
    session = replace(new_session(place), labels=labels, connection_id=renews.id if renews else None)
    grant_id = renews.grant_id if renews else None
    new = signed_in("s3cret-token", *uses, grant_id=grant_id)
    done = await vault.sessions.finish(await bound_session(vault, session), new)
    return [row.labels for row in done.connections]


async def test_a_session_gives_its_labels_to_all_that_it_makes(vault: Vault, place: Place) -> None:
    assert await finish_labelled(vault, place, {"customer": "c-17"}, *two_uses()) == [{"customer": "c-17"}] * 2
    assert await finish_labelled(vault, place, None) == [{}]


async def test_a_renewal_without_labels_keeps_them_and_one_with_labels_replaces_them(
    vault: Vault, place: Place
) -> None:
    made = await make_connection(vault, place)
    beside = await make_connection(vault, place, alias="beside")
    await vault.connections.set_labels(place.workspace_id, made.id, {"customer": "c-17"})
    await vault.connections.set_labels(place.workspace_id, beside.id, {"customer": "other"})
    uses = (
        new_use(connection_id=made.id),
        replace(new_use(connection_id=beside.id), goes_along=True),
    )

    kept = await finish_labelled(vault, place, None, *uses, renews=made)
    assert kept == [{"customer": "c-17"}, {"customer": "other"}]
    replaced = await finish_labelled(vault, place, {"plan": "pro"}, *uses, renews=made)
    assert replaced == [{"plan": "pro"}, {"customer": "other"}]
    assert await finish_labelled(vault, place, {}, *uses, renews=made) == [{}, {"customer": "other"}]


async def test_labels_are_set_on_a_session_while_it_lives(vault: Vault, place: Place) -> None:
    session = await bound_session(vault, new_session(place))
    assert session.labels is None

    assert await vault.sessions.set_labels(session, {"customer": "c-17"})

    found = await vault.sessions.by_link(session.link)
    assert found == replace(session, labels={"customer": "c-17"})
    [made] = (await vault.sessions.finish(session, signed_in())).connections
    assert made.labels == {"customer": "c-17"}
    assert not await vault.sessions.set_labels(session, {"customer": "late"})
