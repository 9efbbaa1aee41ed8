"""API tokens: made, listed, verified, revoked."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from tests.identity.making import town
from tests.vault.rows import Place, make_connection

from connectory.errors import InvalidArguments, PolicyDenied, RoleDenied, UnknownObject
from connectory.identity.principal import local_principal
from connectory.identity.tokens import Tokens
from connectory.settings import Settings
from connectory.vault.entities import PolicyEffect, Role
from connectory.vault.vault import open_vault


async def test_a_token_acts_as_its_user_with_the_role_of_the_moment() -> None:
    async with town() as t:
        token, secret = await t.tokens.create(t.member, "laptop")

        acting = await t.tokens.verify(secret)
        assert acting == replace(t.member, token_id=token.id)
        await t.vault.workspaces.set_member(t.member.workspace_id, t.member.user_id, Role.VIEWER)
        acting = await t.tokens.verify(secret)
        assert acting is not None
        assert acting.role is Role.VIEWER
        await t.vault.workspaces.remove_member(t.member.workspace_id, t.member.user_id)
        assert await t.tokens.verify(secret) is None


@pytest.mark.parametrize(
    "token",
    ["", "cny_", "Bearer cny_" + "a" * 43, "cny_" + "a" * 43, "cny_" + "a" * 44, "cny_" + "ä" * 43, "x" * 100_000],
)
async def test_what_is_no_token_is_nobody(token: str) -> None:
    async with town() as t:
        assert await t.tokens.verify(token) is None


async def test_a_revoked_token_is_nobody_at_once() -> None:
    async with town() as t:
        token, secret = await t.tokens.create(t.owner, "laptop")
        assert await t.tokens.verify(secret)

        await t.tokens.revoke(t.owner, token.prefix)

        assert await t.tokens.verify(secret) is None
        [shown] = await t.tokens.list(t.owner)
        assert shown.revoked_at is not None


async def test_who_stays_connected_is_judged_like_who_comes_without_using_the_token() -> None:
    async with town() as t:
        token, secret = await t.tokens.create(t.owner, "laptop", read_only=True, expires_in=timedelta(hours=1))
        holder = await t.tokens.verify(secret)
        assert holder is not None
        [before] = await t.tokens.list(t.owner)
        t.clock.pass_by(minutes=30)
        assert await t.tokens.renew(holder) == holder
        assert await t.tokens.list(t.owner) == [before]
        t.clock.pass_by(minutes=31)
        assert await t.tokens.renew(holder) is None
        token, secret = await t.tokens.create(t.owner, "phone")
        holder = await t.tokens.verify(secret)
        assert holder is not None
        await t.tokens.revoke(t.owner, token.prefix)
        assert await t.tokens.renew(holder) is None


async def test_without_a_token_the_membership_decides_who_stays_connected() -> None:
    async with town() as t:
        assert await t.tokens.renew(t.member) == t.member
        await t.vault.workspaces.set_member(t.member.workspace_id, t.member.user_id, Role.VIEWER)
        assert await t.tokens.renew(t.member) == replace(t.member, role=Role.VIEWER)
        await t.vault.workspaces.remove_member(t.member.workspace_id, t.member.user_id)
        assert await t.tokens.renew(t.member) is None


async def test_a_token_expires_to_the_second() -> None:
    async with town() as t:
        _, secret = await t.tokens.create(t.owner, "laptop", expires_in=timedelta(hours=1))
        t.clock.pass_by(minutes=59, seconds=59)
        assert await t.tokens.verify(secret)
        t.clock.pass_by(seconds=1)

        assert await t.tokens.verify(secret) is None


async def test_use_is_noted_at_most_once_a_minute() -> None:
    async with town() as t:
        _, secret = await t.tokens.create(t.owner, "laptop")
        await t.tokens.verify(secret)
        first = t.clock()
        t.clock.pass_by(seconds=59)
        await t.tokens.verify(secret)
        [shown] = await t.tokens.list(t.owner)
        assert shown.last_used_at == first
        t.clock.pass_by(seconds=1)
        await t.tokens.verify(secret)

        [shown] = await t.tokens.list(t.owner)
        assert shown.last_used_at == t.clock()


async def test_a_read_only_token_makes_a_read_only_principal_that_makes_and_revokes_nothing_but_itself() -> None:
    async with town() as t:
        other, _ = await t.tokens.create(t.owner, "other")
        acting = await t.by_token(t.owner, read_only=True)
        assert acting.read_only

        with pytest.raises(PolicyDenied):
            await t.tokens.create(acting, "wider")
        with pytest.raises(PolicyDenied):
            await t.tokens.revoke(acting, other.id)
        assert acting.token_id is not None
        await t.tokens.revoke(acting, acting.token_id)


async def test_a_token_makes_none_that_outlives_it() -> None:
    async with town() as t:
        _, secret = await t.tokens.create(t.member, "short", expires_in=timedelta(hours=1))
        acting = await t.tokens.verify(secret)
        assert acting is not None

        for wish in (None, timedelta(days=9)):
            child, _ = await t.tokens.create(acting, "child", expires_in=wish)
            assert child.expires_at == t.clock() + timedelta(hours=1)
        child, _ = await t.tokens.create(acting, "child", expires_in=timedelta(minutes=5))
        assert child.expires_at == t.clock() + timedelta(minutes=5)


async def test_a_token_with_rules_of_its_own_makes_no_other() -> None:
    async with town() as t:
        acting = await t.by_token(t.owner)
        await t.policies.add(t.owner, PolicyEffect.DENY, ["notes_*"], token=acting.token_id)

        with pytest.raises(PolicyDenied):
            await t.tokens.create(acting, "wider")


async def test_a_token_with_rules_of_its_own_revokes_itself_alone() -> None:
    async with town() as t:
        acting, other = await t.by_token(t.owner), await t.by_token(t.owner)
        await t.policies.add(t.owner, PolicyEffect.DENY, ["notes_*"], token=acting.token_id)
        assert acting.token_id is not None
        assert other.token_id is not None

        with pytest.raises(PolicyDenied):
            await t.tokens.revoke(acting, other.token_id)
        await t.tokens.revoke(acting, acting.token_id)


async def test_a_token_for_another_is_no_way_round_the_rules_of_ones_user() -> None:
    async with town() as t:
        acting = await t.by_token(t.owner)
        await t.policies.add(t.owner, PolicyEffect.READ_ONLY)  # holds whoever gets a token here
        await t.tokens.create(acting, "to let Vic in", user="Vic")
        await t.policies.add(t.owner, PolicyEffect.READ_ONLY, user="local")

        with pytest.raises(PolicyDenied) as refusal:
            await t.tokens.create(acting, "wider", user="Mia")
        assert "connectory open" in refusal.value.hint
        await t.tokens.create(acting, "as narrow")
        await t.tokens.create(t.owner, "to let Mia in", user="Mia")


async def test_owners_make_tokens_for_another_until_that_one_has_something_of_their_own() -> None:
    async with town() as t:
        first, _ = await t.tokens.create(t.owner, "to let Mia in", user="Mia")
        workspace = await t.vault.workspaces.get(t.member.workspace_id)
        user = await t.vault.workspaces.get_user(t.member.user_id)
        assert workspace is not None
        assert user is not None
        place = Place(workspace, user)
        await make_connection(t.vault, place, alias="shared", shared=True)
        await t.tokens.create(t.owner, "once more", user="Mia")
        await make_connection(t.vault, place, alias="private")

        with pytest.raises(RoleDenied, match="theirs alone") as refusal:
            await t.tokens.create(t.owner, "mine now", user="Mia")
        assert "They make it themselves" in refusal.value.hint
        await t.tokens.create(t.member, "by herself")
        await t.tokens.revoke(t.owner, first.id)

        await t.workspaces.remove(t.owner, "Mia")
        await t.vault.workspaces.set_member(t.member.workspace_id, t.member.user_id, Role.MEMBER)
        await t.tokens.create(t.owner, "anew", user="Mia")


async def test_owners_make_no_token_for_whom_an_issuer_vouches() -> None:
    async with town() as t:
        user = await t.workspaces.create_user(t.owner, "Sue", "sue@example.com")
        await t.tokens.create(t.owner, "to let Sue in", user="Sue")
        assert not await t.vault.identities.is_bound(user.id)
        await t.vault.identities.bind("https://login.example.com", "7", name="Sue", email="sue@example.com")
        assert await t.vault.identities.is_bound(user.id)

        with pytest.raises(RoleDenied):
            await t.tokens.create(t.owner, "as Sue", user="Sue")


async def test_where_people_sign_in_at_an_issuer_owners_let_in_programs_alone() -> None:
    async with town() as t:
        tokens = Tokens(t.vault, has_issuer=True)
        await t.workspaces.create_user(t.owner, "Sue", "sue@example.com")
        await t.workspaces.create_user(t.owner, "nightly")
        with pytest.raises(RoleDenied, match="theirs alone"):  # it would lie in wait for her first sign-in
            await tokens.create(t.owner, "to let Sue in", user="Sue")
        await tokens.create(t.owner, "for the program", user="nightly")


async def test_viewers_make_no_tokens_but_owners_may_make_one_for_them() -> None:
    async with town() as t:
        with pytest.raises(RoleDenied):
            await t.tokens.create(t.viewer, "mine")

        _, secret = await t.tokens.create(t.owner, "for Vic", user="Vic")

        acting = await t.tokens.verify(secret)
        assert acting is not None
        assert (acting.user_id, acting.role) == (t.viewer.user_id, Role.VIEWER)


async def test_members_make_tokens_only_for_themselves_and_owners_only_for_members() -> None:
    async with town() as t:
        await t.tokens.create(t.member, "mine", user="Mia")
        for name in ("local", "Vic", "nobody"):
            with pytest.raises(RoleDenied):
                await t.tokens.create(t.member, "theirs", user=name)
        with pytest.raises(UnknownObject):
            await t.tokens.create(t.owner, "theirs", user=t.stranger.user_id)


async def test_each_sees_and_revokes_their_own_and_owners_all_of_the_workspace() -> None:
    async with town() as t:
        mine, _ = await t.tokens.create(t.member, "mine")
        owners, _ = await t.tokens.create(t.owner, "owners")
        strangers, _ = await t.tokens.create(t.stranger, "strangers")

        assert [token.id for token in await t.tokens.list(t.member)] == [mine.id]
        assert {token.id for token in await t.tokens.list(t.owner)} == {mine.id, owners.id}
        for unseen in (owners.id, owners.prefix, strangers.id, "tk_unknown"):
            with pytest.raises(UnknownObject):
                await t.tokens.revoke(t.member, unseen)
        with pytest.raises(UnknownObject):
            await t.tokens.revoke(t.owner, strangers.prefix)
        await t.tokens.revoke(t.owner, mine.id)


async def test_a_whole_token_given_for_revoking_is_not_repeated() -> None:
    async with town() as t:
        _, secret = await t.tokens.create(t.owner, "laptop")
        with pytest.raises(UnknownObject) as refusal:
            await t.tokens.revoke(t.stranger, secret)
        assert secret[12:] not in refusal.value.text

        await t.tokens.revoke(t.owner, secret)
        assert await t.tokens.verify(secret) is None


async def test_a_token_needs_a_name_and_time_to_live() -> None:
    async with town() as t:
        for name in ("", "  ", "a\nb", "x" * 101):
            with pytest.raises(InvalidArguments):
                await t.tokens.create(t.owner, name)
        with pytest.raises(InvalidArguments):
            await t.tokens.create(t.owner, "late", expires_in=timedelta(0))


@pytest.mark.parametrize("patience_s", [0.001, 30], ids=["that gives up at once", "that waits"])
async def test_a_locked_database_keeps_no_token_out(tmp_path: Path, patience_s: float) -> None:
    making = await open_vault(Settings(data_dir=tmp_path / "data"))
    token, secret = await Tokens(making).create(await local_principal(making), "laptop")
    vault = await open_vault(Settings(data_dir=tmp_path / "data", database_wait_s=patience_s))
    other = sqlite3.connect(tmp_path / "data" / "connectory.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = monotonic()

    acting = await Tokens(vault).verify(secret)

    assert acting is not None
    assert acting.token_id == token.id
    assert monotonic() - began < 20  # and not the half minute
    other.execute("ROLLBACK")
    other.close()
    for one in (vault, making):
        await one.aclose()


@pytest.mark.parametrize("whose", ["the workspace", "its user"])
async def test_a_token_whose_calls_wait_for_a_yes_makes_none_to_say_it_with(whose: str) -> None:
    async with town() as t:
        _, secret = await t.tokens.create(t.member, "of an agent")
        agent = await t.tokens.verify(secret)
        assert agent is not None
        of = {"user": None if whose == "the workspace" else t.member.user_id}
        await t.policies.add(t.owner, PolicyEffect.CONFIRM, ["*_delete_*"], **of)

        with pytest.raises(PolicyDenied, match="wait for a person's yes"):
            await t.tokens.create(agent, "for the browser")

        await t.tokens.create(t.member, "by a person")  # who is signed in without a token
