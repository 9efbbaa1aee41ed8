"""Workspaces, users and roles: who may do what, and who may know of whom."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.identity.making import Town, town
from tests.vault.rows import NOW, Place, make_connection

from connectory.errors import AlreadyExists, BadInput, InvalidArguments, PolicyDenied, RoleDenied, UnknownObject
from connectory.identity.principal import Principal, local_principal
from connectory.vault.entities import GrantId, GrantStatus, PolicyEffect, Role, WorkspaceId


async def test_the_local_principal_owns_the_first_workspace() -> None:
    async with town() as t:
        assert await local_principal(t.vault) == t.owner


async def test_the_operator_makes_workspaces_and_owns_them() -> None:
    async with town() as t:
        made = await t.workspaces.create(t.owner, "sales", "Sales")

        inside = replace(t.owner, workspace_id=made.id)
        assert [(user.id, role) for user, role in await t.workspaces.members(inside)] == [(t.owner.user_id, Role.OWNER)]
        with pytest.raises(AlreadyExists):
            await t.workspaces.create(t.owner, "sales")
        for slug in ("", "Sales", "a/b", "a" * 41):
            with pytest.raises(InvalidArguments):
                await t.workspaces.create(t.owner, slug)


async def test_what_concerns_the_server_is_the_operator_s_alone() -> None:
    async with town() as t:
        for principal in (t.member, t.viewer, t.stranger):
            with pytest.raises(RoleDenied):
                await t.workspaces.create(principal, "sales")
            with pytest.raises(RoleDenied):
                await t.workspaces.delete_user(principal, "Mia")
        with pytest.raises(PolicyDenied):
            await t.workspaces.create(replace(t.owner, read_only=True), "sales")


async def test_an_owner_of_another_workspace_learns_nobody_s_name() -> None:
    async with town() as t:
        assert [workspace.slug for workspace in await t.workspaces.list(t.stranger)] == ["other"]
        assert [user.name for user in await t.workspaces.list_users(t.stranger)] == ["Sam"]
        texts = set()
        for name in ("Mia", "Nobody"):
            with pytest.raises(UnknownObject) as refusal:
                await t.workspaces.set_role(t.stranger, name, Role.MEMBER)
            texts.add(refusal.value.text.replace(name, "X"))
        with pytest.raises(UnknownObject):
            await t.workspaces.delete(t.stranger, "default")
        assert len(texts) == 1


async def test_the_operator_sees_all() -> None:
    async with town() as t:
        assert {workspace.slug for workspace in await t.workspaces.list(t.owner)} == {"default", "other"}
        assert {user.name for user in await t.workspaces.list_users(t.owner)} == {"local", "Mia", "Vic", "Sam"}


async def test_owners_set_roles_and_others_do_not() -> None:
    async with town() as t:
        await t.workspaces.set_role(t.owner, "Mia", Role.VIEWER)
        assert await t.vault.workspaces.role_of(t.member.workspace_id, t.member.user_id) is Role.VIEWER
        for principal in (t.member, t.viewer):
            with pytest.raises(RoleDenied):
                await t.workspaces.set_role(principal, "Vic", Role.OWNER)
            with pytest.raises(RoleDenied):
                await t.workspaces.remove(principal, "local")
        with pytest.raises(PolicyDenied):
            await t.workspaces.set_role(replace(t.owner, read_only=True), "Vic", Role.OWNER)


async def test_the_operator_takes_users_of_the_server_in() -> None:
    async with town() as t:
        await t.workspaces.set_role(t.owner, "Sam", Role.MEMBER)

        assert await t.vault.workspaces.role_of(t.owner.workspace_id, t.stranger.user_id) is Role.MEMBER


async def test_the_operator_stays_one_in_another_workspace_but_a_token_does_not() -> None:
    async with town() as t:
        made = await t.workspaces.create(t.owner, "sales")
        inside = replace(t.owner, workspace_id=made.id)

        await t.workspaces.set_role(inside, "Mia", Role.MEMBER)

        assert await t.vault.workspaces.role_of(made.id, t.member.user_id) is Role.MEMBER
        with pytest.raises(UnknownObject):
            await t.workspaces.set_role(await t.by_token(inside), "Vic", Role.MEMBER)


CHANGES: dict[str, Callable[[Town, Principal], Awaitable[object]]] = {
    "set_role": lambda t, p: t.workspaces.set_role(p, "Vic", Role.OWNER),
    "remove": lambda t, p: t.workspaces.remove(p, "Mia"),
    "leave": lambda t, p: t.workspaces.remove(p, p.user_id),
    "add_member": lambda t, p: t.workspaces.add_member(p, "Sue", "sue@example.com", role=Role.OWNER),
    "create_user": lambda t, p: t.workspaces.create_user(p, "Sue", role=Role.OWNER),
    "delete_user": lambda t, p: t.workspaces.delete_user(p, "Vic"),
    "create": lambda t, p: t.workspaces.create(p, "wide"),
    "delete its own": lambda t, p: t.workspaces.delete(p, "default"),
    "delete another": lambda t, p: t.workspaces.delete(p, "other"),
}


@pytest.mark.parametrize("level", ["workspace", "user", "token"])
@pytest.mark.parametrize("change", CHANGES)
async def test_a_token_that_a_rule_concerns_changes_neither_people_nor_workspaces(change: str, level: str) -> None:
    async with town() as t:
        await t.workspaces.set_role(t.owner, "Mia", Role.OWNER)
        acting = await t.by_token(t.owner)
        levels: dict[str, dict[str, str]] = {
            "workspace": {}, "user": {"user": t.owner.user_id}, "token": {"token": str(acting.token_id)}
        }  # fmt: skip
        await t.policies.add(t.owner, PolicyEffect.CONFIRM, ["x_*"], **levels[level])
        before = await everybody(t)

        with pytest.raises(PolicyDenied, match="while a policy concerns it"):
            await CHANGES[change](t, acting)

        assert await everybody(t) == before


async def everybody(t: Town) -> list[object]:
    """The members of the first workspace, and all workspaces and users of the server."""
    lists = (t.workspaces.members, t.workspaces.list, t.workspaces.list_users)
    return [await find(t.owner) for find in lists]


async def test_a_workspace_keeps_an_owner() -> None:
    async with town() as t:
        with pytest.raises(InvalidArguments, match="without an owner"):
            await t.workspaces.set_role(t.owner, "local", Role.MEMBER)
        with pytest.raises(InvalidArguments, match="without an owner"):
            await t.workspaces.remove(t.owner, "local")
        with pytest.raises(InvalidArguments, match="without an owner"):
            await t.workspaces.delete_user(t.owner, "Sam")
        await t.workspaces.set_role(t.owner, "Mia", Role.OWNER)

        await t.workspaces.set_role(t.owner, "local", Role.MEMBER)


async def test_of_two_owners_who_demote_each_other_at_once_one_stays() -> None:
    async with town() as t:
        await t.workspaces.set_role(t.owner, "Mia", Role.OWNER)
        mia = replace(t.member, role=Role.OWNER)

        outcomes = await asyncio.gather(
            t.workspaces.set_role(t.owner, "Mia", Role.MEMBER),
            t.workspaces.set_role(mia, "local", Role.MEMBER),
            return_exceptions=True,
        )

        assert [type(outcome) for outcome in outcomes].count(InvalidArguments) == 1
        assert [role for _, role in await t.workspaces.members(t.owner)].count(Role.OWNER) == 1


async def test_members_are_found_by_email_in_any_case() -> None:
    async with town() as t:
        sue = await t.workspaces.create_user(t.owner, "Sue", "Sue@Example.com")

        assert await t.workspaces.set_role(t.owner, "sue@example.COM", Role.VIEWER) == sue


async def test_an_email_belongs_to_one_user_in_whatever_case() -> None:
    async with town() as t:
        await t.workspaces.create_user(t.owner, "Sue", "sue@example.com")

        with pytest.raises(AlreadyExists, match="email") as refusal:
            await t.workspaces.create_user(t.owner, "Susan", "SUE@example.com")

        assert refusal.value.hint
        assert "Susan" not in {user.name for user in await t.workspaces.list_users(t.owner)}
        await t.workspaces.create_user(t.owner, "Ron")
        await t.workspaces.create_user(t.owner, "Rob")  # without one, several may be


@pytest.mark.parametrize(
    "email",
    ["", "sue", "sue@", "@example.com", "a b@example.com", "sue@example.com\n", "sue@example.com\r\nBcc: x@y.z",
     "a@b@c", "a@b.c,d@e.f", "Sue <sue@example.com>", "sue\u202e@example.com", "a" * 65 + "@example.com",
     "a@" + "b" * 101],
)  # fmt: skip
async def test_what_cannot_be_an_email_is_refused_and_nobody_made(email: str) -> None:
    async with town() as t:
        with pytest.raises(InvalidArguments, match="email"):
            await t.workspaces.create_user(t.owner, "Sue", email)

        assert "Sue" not in {user.name for user in await t.workspaces.list_users(t.owner)}


async def test_who_is_taken_in_is_a_user_with_that_email_for_the_operator_and_else_a_new_one() -> None:
    async with town() as t:
        sue = await t.workspaces.create_user(t.stranger, "Sue", "sue@example.com")

        assert await t.workspaces.add_member(t.owner, "Susan", " Sue@Example.com", role=Role.VIEWER) == sue
        assert await t.vault.workspaces.role_of(t.owner.workspace_id, sue.id) is Role.VIEWER
        for name, email in (("Sam", None), ("Ron", "ron@example.com")):  # a name alone finds nobody
            made = await t.workspaces.add_member(t.owner, name, email)
            assert (made.name, made.email) == (name, email)
            assert made.id != t.stranger.user_id


async def test_whoever_is_a_member_with_that_email_is_not_taken_in_again() -> None:
    async with town() as t:
        for owner in (t.owner, t.stranger):
            sue = await t.workspaces.create_user(owner, "Sue", f"sue@{owner.user_id}.example")

            with pytest.raises(AlreadyExists, match="Sue is a member already"):
                await t.workspaces.add_member(owner, "Susan", (sue.email or "").upper(), role=Role.OWNER)

            assert await t.vault.workspaces.role_of(owner.workspace_id, sue.id) is Role.MEMBER


async def test_an_owner_of_another_workspace_takes_nobody_in_by_an_email() -> None:
    async with town() as t:
        await t.workspaces.create_user(t.owner, "Sue", "sue@example.com")

        with pytest.raises(AlreadyExists, match="Another user"):
            await t.workspaces.add_member(t.stranger, "Sue", "sue@example.com")
        for principal in (t.member, t.viewer):
            with pytest.raises(RoleDenied):
                await t.workspaces.add_member(principal, "Sue", "sue@example.com")

        assert [user.name for user, _ in await t.workspaces.members(t.stranger)] == ["Sam"]


async def test_of_two_members_with_one_name_none_is_taken() -> None:
    async with town() as t:
        one, other = [await t.workspaces.create_user(t.owner, "Sue") for _ in range(2)]

        for attempt in (
            t.workspaces.set_role(t.owner, "Sue", Role.OWNER), t.workspaces.remove(t.owner, "Sue"),
            t.tokens.create(t.owner, "t", user="Sue"), t.policies.add(t.owner, PolicyEffect.DENY, user="Sue"),
        ):  # fmt: skip
            with pytest.raises(InvalidArguments, match="Several users") as refusal:
                await attempt
            assert one.id in refusal.value.hint
            assert other.id in refusal.value.hint
        assert (await t.workspaces.set_role(t.owner, one.id, Role.VIEWER)).id == one.id


async def test_a_user_who_cannot_become_a_member_is_not_made() -> None:
    async with town() as t:
        gone = replace(t.owner, workspace_id=WorkspaceId("ws_gone"))

        with pytest.raises(BadInput):
            await t.workspaces.create_user(gone, "Sue", "sue@example.com")

        assert "Sue" not in {user.name for user in await t.vault.workspaces.list_users()}


async def test_local_is_not_made_an_owner_again_by_the_next_start() -> None:
    async with town() as t:
        await t.workspaces.set_role(t.owner, "Mia", Role.OWNER)
        mia = replace(t.member, role=Role.OWNER)
        for change in (t.workspaces.set_role(mia, "local", Role.MEMBER), t.workspaces.remove(mia, "local")):
            await change
            before = await t.workspaces.list_users(mia)

            with pytest.raises(RoleDenied, match="'local'") as refusal:
                await local_principal(t.vault)

            assert "CONNECTORY_TOKEN" in refusal.value.hint
            assert await t.workspaces.list_users(mia) == before


async def test_a_member_may_leave() -> None:
    async with town() as t:
        await t.workspaces.remove(t.member, "Mia")

        assert await t.vault.workspaces.role_of(t.member.workspace_id, t.member.user_id) is None


async def test_near_misses_among_the_members_are_told() -> None:
    async with town() as t:
        with pytest.raises(UnknownObject) as refusal:
            await t.workspaces.remove(t.owner, "mia")
        assert "'Mia'" in refusal.value.hint


async def test_a_new_user_is_a_member_of_the_maker_s_workspace() -> None:
    async with town() as t:
        user = await t.workspaces.create_user(t.stranger, "Sue", "sue@example.com", role=Role.VIEWER)

        assert await t.vault.workspaces.role_of(t.stranger.workspace_id, user.id) is Role.VIEWER
        assert (user.name, user.email) == ("Sue", "sue@example.com")
        with pytest.raises(RoleDenied):
            await t.workspaces.create_user(t.member, "Ron")
        with pytest.raises(InvalidArguments):
            await t.workspaces.create_user(t.owner, "a\x1b[8mb")


async def test_workspaces_are_deleted_by_their_owner_or_the_operator_but_the_first_never() -> None:
    async with town() as t:
        await t.workspaces.create(t.owner, "sales")
        with pytest.raises(UnknownObject):
            await t.workspaces.delete(t.stranger, "sales")
        await t.workspaces.delete(t.owner, "sales")
        await t.workspaces.delete(t.stranger, "other")
        with pytest.raises(InvalidArguments):
            await t.workspaces.delete(t.owner, "default")
        with pytest.raises(RoleDenied):
            await t.workspaces.delete(t.member, "default")
        assert [workspace.slug for workspace in await t.workspaces.list(t.owner)] == ["default"]


async def connect(t: Town, principal: Principal, *, shared: bool = False) -> GrantId:
    """A connection of theirs; its grant's id."""
    workspace = await t.vault.workspaces.get(principal.workspace_id)
    user = await t.vault.workspaces.get_user(principal.user_id)
    assert workspace is not None
    assert user is not None
    t.clock.time = NOW
    return (await make_connection(t.vault, Place(workspace, user), shared=shared)).grant_id


async def test_who_leaves_has_their_sign_ins_withdrawn_and_nobody_else_s() -> None:
    async with town() as t:
        private = await connect(t, t.member)
        await connect(t, t.owner), await connect(t, t.owner, shared=True)

        await t.workspaces.remove(t.owner, "Mia")

        assert [(grant.id, grant.status) for grant in t.withdrawn] == [(private, GrantStatus.REVOKING)]
        assert await t.vault.grants.revoking() == []


async def test_a_deleted_user_s_sign_ins_are_withdrawn_in_every_workspace() -> None:
    async with town() as t:
        made = await t.workspaces.create(t.owner, "sales")
        inside = replace(t.owner, workspace_id=made.id)
        await t.workspaces.set_role(inside, "Mia", Role.MEMBER)
        grants = {await connect(t, t.member), await connect(t, replace(t.member, workspace_id=made.id))}

        await t.workspaces.delete_user(t.owner, "Mia")

        assert {grant.id for grant in t.withdrawn} == grants


async def test_a_deleted_workspace_has_all_its_sign_ins_withdrawn_before_it_goes() -> None:
    async with town() as t:
        grants = {await connect(t, t.stranger), await connect(t, t.stranger, shared=True)}
        kept = await connect(t, t.owner)

        await t.workspaces.delete(t.stranger, "other")

        assert {grant.id for grant in t.withdrawn} == grants
        assert await t.vault.grants.get(t.owner.workspace_id, kept) is not None


async def test_a_last_owner_who_may_not_leave_keeps_their_sign_ins() -> None:
    async with town() as t:
        grant = await connect(t, t.owner)
        with pytest.raises(InvalidArguments):
            await t.workspaces.remove(t.owner, "local")

        found = await t.vault.grants.get(t.owner.workspace_id, grant)
        assert found is not None
        assert found.status is GrantStatus.ACTIVE
        assert t.withdrawn == []


async def test_a_deleted_user_is_gone_everywhere() -> None:
    async with town() as t:
        _, secret = await t.tokens.create(t.member, "laptop")

        await t.workspaces.delete_user(t.owner, "Mia")

        assert await t.tokens.verify(secret) is None
        assert "Mia" not in {user.name for user in await t.workspaces.list_users(t.owner)}
