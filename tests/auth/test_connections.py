"""Which connection is meant, and what is seen by whom."""

import pytest
from tests.auth.making import OTHER_KEY, world

from connectory.auth.connections import plain_name
from connectory.errors import AmbiguousConnection, InvalidArguments, NotConnected, UnknownConnection
from connectory.vault.entities import ConnectionId, new_id


async def test_a_connection_is_found_by_id_full_name_and_alias() -> None:
    async with world() as w:
        work = (await w.connected(w.owner, alias="work")).connection
        await w.connected(w.owner, OTHER_KEY, alias="home")

        for name in (work.id, "notes/work"):
            assert (await w.auth.resolve(w.owner, name))[0] == work
        assert (await w.auth.resolve(w.owner, "work", connector="notes"))[0] == work
        with pytest.raises(UnknownConnection) as refusal:
            await w.auth.resolve(w.owner, "work")
        assert "notes/work" in refusal.value.hint


async def test_near_misses_are_told_the_nearest_names() -> None:
    async with world() as w:
        await w.connected(w.owner, alias="work")

        with pytest.raises(UnknownConnection) as by_name:
            await w.auth.resolve(w.owner, "notes/wrok")
        with pytest.raises(UnknownConnection) as by_alias:
            await w.auth.resolve(w.owner, "wrok", connector="notes")
        assert "'notes/work'" in by_name.value.hint
        assert "'work'" in by_alias.value.hint


async def test_a_connection_of_another_connector_is_said_to_be_that() -> None:
    async with world() as w:
        await w.connected(w.owner)

        with pytest.raises(InvalidArguments, match="kinto"):
            await w.auth.resolve(w.owner, "notes/default", connector="kinto")


async def test_the_only_one_needs_no_name_and_of_several_the_question_comes_back() -> None:
    async with world() as w:
        notes = w.catalog.connector("notes")
        with pytest.raises(NotConnected):
            await w.auth.choose(w.owner, notes, None, writes=False)
        work = (await w.connected(w.owner, alias="work")).connection
        assert (await w.auth.choose(w.owner, notes, None, writes=True))[0] == work
        await w.connected(w.owner, OTHER_KEY, alias="home")

        with pytest.raises(AmbiguousConnection, match=r"notes/home \(hubot, own\); notes/work \(octocat, own\)"):
            await w.auth.choose(w.owner, notes, None, writes=False)
        assert (await w.auth.choose(w.owner, notes, "work", writes=True))[0] == work


async def test_one_s_own_goes_before_a_shared_one_of_the_same_name_but_not_for_a_write() -> None:
    async with world() as w:
        shared = (await w.connected(w.owner, OTHER_KEY, shared=True)).connection
        own = (await w.connected(w.owner)).connection
        notes = w.catalog.connector("notes")

        assert (await w.auth.choose(w.owner, notes, None, writes=False))[0] == own
        assert (await w.auth.resolve(w.owner, "notes/default", writes=False))[0] == own
        with pytest.raises(AmbiguousConnection) as question:
            await w.auth.choose(w.owner, notes, "default", writes=True)
        assert own.id in question.value.message
        assert shared.id in question.value.message
        for connection in (own, shared):
            assert (await w.auth.choose(w.owner, notes, connection.id, writes=True))[0] == connection


async def test_members_see_their_own_and_shared_ones_viewers_only_shared_ones() -> None:
    async with world() as w:
        shared = (await w.connected(w.owner, shared=True)).connection
        owners = (await w.connected(w.owner, alias="owners")).connection
        members = (await w.connected(w.member, alias="members")).connection

        seen = {
            who: {row.id for row, _ in await w.auth.list_connections(getattr(w, who))}
            for who in ("owner", "member", "viewer", "stranger")
        }

        assert seen == {
            "owner": {shared.id, owners.id},
            "member": {shared.id, members.id},
            "viewer": {shared.id},
            "stranger": set(),
        }


async def test_a_member_made_viewer_sees_what_was_theirs_no_longer() -> None:
    async with world() as w:
        private = (await w.connected(w.member)).connection
        as_viewer = type(w.member)(w.member.workspace_id, w.member.user_id, w.viewer.role)

        with pytest.raises(UnknownConnection):
            await w.auth.get_credentials(as_viewer, private.id)


async def test_an_account_name_can_break_no_sentence() -> None:
    async with world() as w:
        account = w.provider.accounts["k-good-000"]
        hostile = type(account)("1", "octo\ncat\u202e" + "x" * 500)
        w.provider.accounts = {**w.provider.accounts, "k-good-000": hostile}
        await w.connected(w.owner)
        await w.connected(w.owner, OTHER_KEY, alias="b")

        with pytest.raises(AmbiguousConnection) as question:
            await w.auth.choose(w.owner, w.catalog.connector("notes"), None, writes=False)
        assert "\n" not in question.value.message
        assert "\u202e" not in question.value.message
        assert len(question.value.message) < 300
        [(_, grant)] = [pair for pair in await w.auth.list_connections(w.owner) if pair[0].alias == "default"]
        assert len(grant.account_name or "") == 500


async def test_a_random_id_is_unknown() -> None:
    async with world() as w:
        with pytest.raises(UnknownConnection):
            await w.auth.get_connection(w.owner, ConnectionId(new_id("cn")))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ada@example.org", "ada@example.org"),
        ("a" * 60, "a" * 60),
        ("a" * 61, "a" * 59 + "…"),
        ("ada\u202e\n", "ada"),
        ("", "unnamed account"),
        (None, "unnamed account"),
    ],
)
def test_an_account_s_name_is_cut_where_one_sees_it(name: str | None, shown: str) -> None:
    assert plain_name(name) == shown
