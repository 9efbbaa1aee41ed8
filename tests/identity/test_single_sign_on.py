"""People whom an issuer vouches for: whom it lets in, as whom, and what they may do afterwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest
from tests.identity.making import Town, town
from tests.vault.rows import Place, make_connection

from connectory.errors import AlreadyExists, RoleDenied
from connectory.identity.role_mapping import parse_rules
from connectory.identity.single_sign_on import SingleSignOn, Vouched
from connectory.vault.entities import Grant, Role, UserId
from connectory.vault.vault import open_memory_vault

ISSUER = "https://login.example.com"
RULES = ("engineering:default:member", "admins:default:owner", "guests:other:viewer", "*:nowhere:owner")


def sign_on(t: Town, rules: Collection[str] = RULES) -> SingleSignOn:
    async def withdraw(grants: Sequence[Grant]) -> None:
        t.withdrawn += grants

    return SingleSignOn(t.vault, parse_rules(tuple(rules)), withdraw)


def ann(*groups: str, **more: Any) -> Vouched:
    return Vouched(**{
        "issuer": ISSUER, "subject": "7", "name": "Ann", "email": "Ann@Example.org", "groups": frozenset(groups), **more
    })  # fmt: skip


async def roles(t: Town, user_id: UserId) -> dict[str, Role | None]:
    found = await t.vault.workspaces.list_for_user(user_id)
    return {one.slug: await t.vault.workspaces.role_of(one.id, user_id) for one in found}


async def test_a_first_sign_in_makes_the_user_with_the_roles_of_their_groups() -> None:
    async with town() as t:
        user_id, workspaces = await sign_on(t).admit(ann("engineering", "guests"))

        user = await t.vault.workspaces.get_user(user_id)
        assert user is not None
        assert (user.name, user.email) == ("Ann", "ann@example.org")
        assert [one.slug for one in workspaces] == ["default", "other"]
        assert await roles(t, user_id) == {"default": Role.MEMBER, "other": Role.VIEWER}
        assert (await sign_on(t).admit(ann("engineering", "guests")))[0] == user_id


async def test_a_workspace_that_a_rule_gives_comes_before_one_whose_owner_has_added_the_person() -> None:
    async with town() as t:
        other = await t.vault.workspaces.by_slug("other")
        assert other is not None
        sue = await t.vault.workspaces.create_user("Sue", "ann@example.org", member_of=(other.id, Role.MEMBER))
        for rule, first in (("*:default:member", "default"), ("*:other:member", "other")):
            user_id, workspaces = await sign_on(t, [rule]).admit(ann())
            assert user_id == sue.id
            assert workspaces[0].slug == first


async def test_a_new_server_is_entered_by_a_rule_alone() -> None:
    vault = await open_memory_vault()
    people = SingleSignOn(vault, parse_rules(RULES), withdraw_nothing)
    user_id, workspaces = await people.admit(ann("admins"))
    assert [one.slug for one in workspaces] == ["default"]
    assert await vault.workspaces.role_of(workspaces[0].id, user_id) is Role.OWNER
    await vault.aclose()


async def withdraw_nothing(grants: Sequence[Grant]) -> None:
    assert not grants


async def test_each_sign_in_brings_the_roles_up_to_date() -> None:
    async with town() as t:
        user_id, _ = await sign_on(t).admit(ann("engineering", "guests"))

        await sign_on(t).admit(ann("admins"))
        assert await roles(t, user_id) == {"default": Role.OWNER}
        await sign_on(t).admit(ann("engineering"))
        assert await roles(t, user_id) == {"default": Role.MEMBER}


async def test_who_has_lost_every_group_is_out_with_what_was_theirs() -> None:
    async with town() as t:
        user_id, workspaces = await sign_on(t).admit(ann("engineering"))
        user = await t.vault.workspaces.get_user(user_id)
        assert user is not None
        connection = await make_connection(t.vault, Place(workspaces[0], user))

        with pytest.raises(RoleDenied, match=r"ann@example\.org"):
            await sign_on(t).admit(ann())

        assert await roles(t, user_id) == {}
        assert [grant.id for grant in t.withdrawn] == [connection.grant_id]
        assert (await sign_on(t).admit(ann("guests")))[0] == user_id  # and is the same person when let in again


async def test_a_role_that_was_set_by_hand_stays_where_no_group_is_named() -> None:
    async with town() as t:
        everybody = sign_on(t, ("*:default:viewer",))
        user = await t.vault.workspaces.create_user("ann", "ann@example.org")
        await t.vault.workspaces.set_member(t.owner.workspace_id, user.id, Role.OWNER)

        assert (await everybody.admit(ann()))[0] == user.id
        assert await roles(t, user.id) == {"default": Role.OWNER}
        assert (await sign_on(t, ()).admit(ann()))[0] == user.id
        assert await roles(t, user.id) == {"default": Role.OWNER}


async def test_the_last_owner_stays_whatever_the_rules_say() -> None:
    async with town() as t:
        user_id, _ = await sign_on(t).admit(ann("admins"))
        await t.vault.workspaces.remove_member(t.owner.workspace_id, t.owner.user_id)

        await sign_on(t).admit(ann("engineering"))
        assert await roles(t, user_id) == {"default": Role.OWNER}
        await sign_on(t).admit(ann())
        assert await roles(t, user_id) == {"default": Role.OWNER}


async def test_without_rules_only_who_is_a_user_here_by_a_proven_address_comes_in() -> None:
    async with town() as t:
        user = await t.vault.workspaces.create_user(
            "ann", "ann@example.org", member_of=(t.owner.workspace_id, Role.MEMBER)
        )
        before = await t.vault.workspaces.list_users()

        for stranger in (ann(email=None), ann(email="eve@example.org"), ann(email="ann@example.org,eve@example.org")):
            with pytest.raises(RoleDenied):
                await sign_on(t, ()).admit(stranger)
        assert await t.vault.workspaces.list_users() == before
        assert await t.vault.identities.find(ISSUER, "7") is None

        assert (await sign_on(t, ()).admit(ann()))[0] == user.id
        assert (await sign_on(t, ()).admit(ann(email=None)))[0] == user.id  # known by the account from now on


async def test_a_user_who_belongs_nowhere_is_not_let_in() -> None:
    async with town() as t:
        await t.vault.workspaces.create_user("ann", "ann@example.org")
        with pytest.raises(RoleDenied):
            await sign_on(t, ()).admit(ann())
        assert await t.vault.identities.find(ISSUER, "7") is None


@pytest.mark.parametrize("address", ["\u212aim@example.org", "k\u0131m@example.org", "kim@example.org\u200b", "kim"])
async def test_an_address_that_only_folds_to_somebodys_is_not_theirs(address: str) -> None:
    async with town() as t:
        await t.vault.workspaces.create_user("kim", "kim@example.org", member_of=(t.owner.workspace_id, Role.OWNER))
        with pytest.raises(RoleDenied):
            await sign_on(t, ()).admit(ann(email=address))


async def test_another_account_with_the_same_address_is_refused() -> None:
    async with town() as t:
        await sign_on(t).admit(ann("engineering"))
        with pytest.raises(AlreadyExists, match="another account"):
            await sign_on(t).admit(ann("admins", subject="8"))


async def test_nobody_comes_in_under_the_name_of_who_acts_for_this_machine() -> None:
    async with town() as t:
        for subject, name in (("1", "local"), ("2", " LOCAL\u200b"), ("3", "\u202e\n")):
            user_id, _ = await sign_on(t).admit(ann("engineering", subject=subject, name=name, email=None))
            user = await t.vault.workspaces.get_user(user_id)
            assert user is not None
            assert user.name.casefold() != "local"
            assert user.name
            assert user.name.isprintable()
