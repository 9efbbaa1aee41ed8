"""Signing in through Nango: its page, what comes of it, and what keeps one sign-in from being taken for another."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.auth.nango.scene import scene

from connectory.auth.backend import Elsewhere, Entry, Form
from connectory.vault.credentials import NangoReference
from connectory.vault.entities import SessionStatus


async def test_who_signs_in_at_nangos_page_is_connected_and_the_vault_has_no_token() -> None:
    async with scene() as s:
        connection = await s.connected()

        assert connection.name == "notes/default"
        grant = await s.grant(connection)
        assert (grant.backend, grant.method, grant.account_name, grant.expires_at) == (
            "nango", "oauth", "user-alice", None,
        )  # fmt: skip
        assert grant.scopes == ("read", "write")
        there = await s.there(connection)
        assert await s.reference(connection) == NangoReference(
            connection_id=there.connection_id, integration="notes", sign_in=there.tags["connectory_sign_in"]
        )
        assert await s.token(connection) == there.credentials["access_token"]


async def test_the_connection_is_tagged_with_workspace_user_and_session() -> None:
    async with scene() as s:
        session = await s.begin()
        await s.sign_in(await s.page(session))
        done = await s.poll(session)

        tags = (await s.there((await s.application.auth.made_by(s.ann, done))[0])).tags
        assert tags["connectory_workspace"] == s.ann.workspace_id
        assert tags["connectory_user"] == s.ann.user_id
        assert tags["connectory_session"] == session.id
        assert len(tags["connectory_sign_in"]) >= 20


async def test_a_key_is_typed_at_nangos_page_and_used_as_the_manifest_says() -> None:
    async with scene() as s:
        connection = await s.connected(method="token")

        assert await s.token(connection) == "alice-key"
        assert (await s.grant(connection)).account_name == "user-alice"


async def test_the_page_is_asked_for_the_scopes_that_were_ticked_and_told_where_nango_is() -> None:
    async with scene() as s:
        session = await s.application.auth.connect(s.ann, "notes")
        entry = Entry("oauth", {}, scopes=("read",), backend="nango")
        step = await s.application.auth.sign_in.submit(session, "browser", entry)
        assert isinstance(step, Elsewhere)

        assert parse_qs(urlsplit(step.url).query)["apiURL"] == [s.nango.origin]
        [page] = s.nango.state.sessions.values()
        assert page.allowed == ["notes"]
        assert page.defaults == {"notes": {"connection_config": {"oauth_scopes_override": "read"}}}
        assert step.url not in repr(step)


async def test_before_the_person_is_done_nothing_comes_of_it() -> None:
    async with scene() as s:
        session = await s.begin()

        waiting = await s.poll(session)

        assert (waiting.status, waiting.problem) == (SessionStatus.BOUND, None)


async def test_the_page_is_ended_with_the_first_sign_in_and_a_second_one_is_deleted() -> None:
    async with scene() as s:
        session = await s.begin()
        link = await s.page(session)
        await s.sign_in(link, "alice")
        await s.sign_in(link, "bobby")
        assert len(s.environment.connections) == 2

        done = await s.poll(session)

        assert done.status is SessionStatus.CONNECTED
        assert not s.nango.state.sessions
        [left] = s.environment.connections.values()
        assert left.credentials["access_token"].startswith("bobby")  # the newest


async def test_a_page_that_was_left_for_another_one_signs_nobody_in() -> None:
    async with scene() as s:
        session = await s.begin()
        first = await s.page(session)

        again = await s.application.auth.sign_in.submit(session, "browser", Entry("oauth", {}, backend="nango"))

        assert isinstance(again, Elsewhere)
        assert "An error occurred" in await s.html(first)
        assert len(s.nango.state.sessions) == 1


async def test_who_never_signs_in_is_told_so_once_the_page_is_over() -> None:
    async with scene() as s:
        session = await s.begin()
        s.clock.pass_by(minutes=31)

        told = await s.poll(session)

        assert told.status is SessionStatus.BOUND
        assert told.problem is not None
        assert "Nobody has finished signing in to Notes at Nango's page" in told.problem
        assert await s.application.auth.sign_in.page_of(told) is None


async def test_a_sign_in_that_the_provider_does_not_take_is_deleted_at_nango() -> None:
    async with scene() as s:
        s.provider.is_revoked = True
        session = await s.begin()
        await s.sign_in(await s.page(session))

        told = await s.poll(session)

        assert told.problem is not None
        assert "did not accept this" in told.problem
        assert s.environment.connections == {}
        assert await s.application.auth.list_connections(s.ann) == []


async def test_nango_that_is_down_in_between_is_waited_out() -> None:
    async with scene() as s:
        session = await s.begin()
        await s.sign_in(await s.page(session))
        s.nango.fail(503)

        assert (await s.poll(session)).problem is None
        assert (await s.poll(session)).status is SessionStatus.CONNECTED


async def test_a_key_without_the_scope_for_pages_says_which_is_missing() -> None:
    async with scene() as s:
        s.environment.keys[s.environment.key] = frozenset({"environment:integrations:list"})
        session = await s.application.auth.connect(s.ann, "notes")

        step = await s.application.auth.sign_in.submit(session, "browser", Entry("oauth", {}, backend="nango"))

        assert isinstance(step, Form)
        assert "environment:connect_sessions:write" in step.problems[0].message


async def test_nango_is_asked_no_more_often_than_each_two_seconds_however_many_wait() -> None:
    async with scene() as s:
        session = await s.begin()
        for _ in range(10):
            await s.application.auth.sign_in.poll(session)

        assert s.asked("GET", "/connections") == 1


@pytest.mark.parametrize("forged", ["session", "workspace", "sign_in", "integration"])
async def test_only_a_connection_with_every_one_of_the_tags_is_the_one(forged: str) -> None:
    """The list is Nango's answer; what is in it is compared all the same (attack 102)."""
    async with scene() as s:
        session = await s.begin()
        [page] = s.nango.state.sessions.values()
        other = await s.begin(alias="second")
        [_, second] = s.nango.state.sessions.values()
        changed = {
            "session": {**page.tags, "connectory_session": other.id},
            "workspace": {**page.tags, "connectory_workspace": "ws_other"},
            "sign_in": {**page.tags, "connectory_sign_in": second.tags["connectory_sign_in"]},
            "integration": page.tags,
        }[forged]
        integration = "notes-key" if forged == "integration" else "notes"
        made = s.make(integration, tags=changed)

        assert (await s.poll(session)).status is SessionStatus.BOUND
        assert (await s.poll(other)).status is SessionStatus.BOUND
        assert s.environment.connections[integration, made.connection_id] is made  # and is not cleared away either


async def test_the_second_of_two_who_look_at_once_finds_it_taken() -> None:
    async with scene() as s:
        session = await s.begin()
        await s.sign_in(await s.page(session))
        s.clock.pass_by(seconds=6)
        flow = await s.application.vault.oauth_flows.of_session(session)
        assert flow is not None
        assert await s.application.vault.oauth_flows.take(flow)

        assert await s.backend.poll(session) is None


async def test_reconnecting_keeps_nangos_connection_and_ours() -> None:
    async with scene() as s:
        before = await s.connected()
        place = await s.reference(before)
        session = await s.begin(alias="default")

        await s.sign_in(await s.page(session))
        done = await s.poll(session)

        assert done.status is SessionStatus.CONNECTED
        assert done.connection_id == before.id
        after = await s.reference(before)
        assert (after.connection_id, after.integration) == (place.connection_id, place.integration)
        assert after.sign_in != place.sign_in
        assert len(s.environment.connections) == 1
        there = await s.there(before)
        assert there.tags["connectory_workspace"] == s.ann.workspace_id
        assert there.tags["connectory_session"] == session.id
        assert await s.token(before) == there.credentials["access_token"]


async def test_what_is_signed_in_to_anew_at_nango_is_not_used_before_it_is_finished_here() -> None:
    """Nango has taken the new account already; here it may be another one, which must be meant."""
    async with scene() as s:
        connection = await s.connected()
        session = await s.begin(alias="default")
        await s.sign_in(await s.page(session), "bobby")
        s.clock.pass_by(minutes=6)

        with pytest.raises(Exception, match="anew at Nango") as refusal:
            await s.token(connection)

        assert getattr(refusal.value, "code", "") == "needs_reconnect"


async def test_another_account_under_an_old_name_must_be_confirmed() -> None:
    async with scene() as s:
        connection = await s.connected()
        session = await s.begin(alias="default")
        await s.sign_in(await s.page(session), "bobby")
        asked = await s.poll(session)
        assert asked.status is SessionStatus.BOUND

        answer = Entry("", {}, account_change_confirmed=True)
        await s.application.auth.sign_in.submit(asked, "browser", answer)

        assert (await s.session(session)).status is SessionStatus.CONNECTED
        assert (await s.grant(connection)).account_name == "user-bobby"
        assert (await s.token(connection)).startswith("bobby")


async def test_a_connection_that_nango_has_lost_gets_a_new_one_and_keeps_our_id() -> None:
    async with scene() as s:
        connection = await s.connected()
        s.environment.connections.clear()
        session = await s.begin(alias="default")

        await s.sign_in(await s.page(session))
        done = await s.poll(session)

        assert done.connection_id == connection.id
        assert (await s.grant(connection)).status.value == "active"
        assert (await s.token(connection)).startswith("alice")


async def test_signing_in_another_way_instead_deletes_what_nango_had() -> None:
    async with scene() as s:
        connection = await s.connected()
        session = await s.application.auth.connect(s.ann, "notes", alias="default", backend="direct")

        await s.application.auth.sign_in.submit(session, "browser", Entry("token", {"token": "alice-typed"}))

        assert (await s.session(session)).connection_id == connection.id
        assert (await s.grant(connection)).backend == "direct"
        assert s.environment.connections == {}


async def test_by_another_integration_the_old_connection_goes() -> None:
    async with scene() as s:
        connection = await s.connected()

        again = await s.connected(method="token", alias="default")

        assert again.id == connection.id
        assert [key for key, _ in s.environment.connections] == ["notes-key"]


async def test_a_session_that_renews_is_answered_by_its_own_connection_alone() -> None:
    async with scene() as s:
        await s.connected()
        session = await s.begin(alias="default")
        [page] = s.nango.state.sessions.values()
        other = s.make(tags=dict(page.tags))

        assert (await s.poll(session)).status is SessionStatus.BOUND
        assert ("notes", other.connection_id) in s.environment.connections


async def test_the_time_of_the_page_is_told() -> None:
    async with scene() as s:
        session = await s.begin()
        s.clock.pass_by(minutes=10)

        page = await s.application.auth.sign_in.page_of(session)

        assert page is not None
        assert (page.at, round(page.expires_in_s / 60)) == ("Nango", 20)
        assert timedelta(seconds=page.expires_in_s) < timedelta(minutes=21)


async def test_a_verify_call_that_nangos_proxy_refuses_to_carry_is_a_problem_on_the_page() -> None:
    async with scene(NANGO_PROXY="always") as s:
        s.nango.state.places.pop("https://api.notes.example")
        session = await s.begin()
        await s.sign_in(await s.page(session))

        told = await s.poll(session)

        assert told.problem is not None
        assert "It could not be checked with Notes" in told.problem
