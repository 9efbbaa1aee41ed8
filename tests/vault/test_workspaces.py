"""Workspaces, users, memberships."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.vault.conftest import OpenVault
from tests.vault.rows import (
    Place,
    audit_line,
    bound_session,
    make_confirmation,
    make_connection,
    make_flow,
    make_member,
    make_place,
    make_policy,
    make_result,
    make_token,
    new_client,
    new_session,
)

from connectory.errors import AlreadyExists, BadInput
from connectory.vault.entities import Role, UserId
from connectory.vault.tables import metadata
from connectory.vault.vault import Vault


async def fill(vault: Vault, place: Place) -> None:
    """One row at least in every table."""
    connection = await make_connection(vault, place)
    await make_connection(vault, place, alias="team", shared=True)
    token = await make_token(vault, place)
    await vault.web_sessions.start(
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        token_id=token.id,
        way="token",
        browser="",
        lasts=timedelta(hours=1),
    )
    await vault.sign_in_links.make(workspace_id=place.workspace_id, user_id=place.user_id, lasts=timedelta(hours=1))
    await make_flow(vault, await bound_session(vault, new_session(place, alias="next")))
    await vault.oauth_clients.put(new_client(place))
    await make_confirmation(vault, place, connection, token=token)
    await make_result(vault, place, connection, token=token)
    await make_policy(vault, place, user=True)
    await make_policy(vault, place)
    await vault.nango_integrations.put(place.workspace_id, "github", "oauth2", "github-ours")
    await vault.audit.write([audit_line(place)])


async def counts(
    vault: Vault, place: Place, *, column: str = "workspace_id", value: str | None = None
) -> dict[str, int]:
    """How many rows each table has of the workspace, or with `value` in `column`."""
    wanted = value or place.workspace_id
    return {
        table.name: len(await vault.database.rows(sa.select(table).where(table.c[column] == wanted)))
        for table in metadata.sorted_tables
        if column in table.c
    }


async def test_the_first_start_makes_the_default_workspace_and_its_owner(vault: Vault) -> None:
    workspace, user = await vault.workspaces.ensure_default()

    assert (workspace.slug, user.name) == ("default", "local")
    assert await vault.workspaces.role_of(workspace.id, user.id) is Role.OWNER
    assert await vault.workspaces.ensure_default() == (workspace, user)


async def test_first_starts_at_once_make_one_default_workspace(open_file_vault: OpenVault) -> None:
    vaults = [await open_file_vault(), await open_file_vault()]

    found = await asyncio.gather(*(vault.workspaces.ensure_default() for vault in vaults * 5))

    assert len({(workspace.id, user.id) for workspace, user in found}) == 1
    assert len(await vaults[0].workspaces.list_users()) == 1


async def test_a_workspace_is_found_by_id_and_slug(vault: Vault, place: Place) -> None:
    assert await vault.workspaces.get(place.workspace_id) == place.workspace
    assert await vault.workspaces.by_slug("w1") == place.workspace
    assert await vault.workspaces.by_slug("w2") is None
    assert await vault.workspaces.list() == [place.workspace]
    with pytest.raises(AlreadyExists, match="w1"):
        await vault.workspaces.create("w1", "Again", owner=place.user_id)


async def test_a_workspace_needs_an_owner_who_exists(vault: Vault) -> None:
    with pytest.raises(BadInput):
        await vault.workspaces.create("w1", "W1", owner=UserId("us_nobody"))

    assert await vault.workspaces.list() == []


async def test_users_are_found_by_id_name_and_email_in_any_case(vault: Vault, place: Place) -> None:
    for words in (place.user_id, "ada", "Ada@Example.org"):
        assert await vault.workspaces.find_users(words) == [place.user]
    assert await vault.workspaces.find_users("ad") == []
    assert await vault.workspaces.get_user(place.user_id) == place.user
    assert await vault.workspaces.get_user(UserId("us_none")) is None


async def test_members_and_their_roles(vault: Vault, place: Place) -> None:
    bob = await make_member(vault, place)
    before = await vault.workspaces.revision(place.workspace_id)

    assert await vault.workspaces.members(place.workspace_id) == [(place.user, Role.OWNER), (bob.user, Role.MEMBER)]
    await vault.workspaces.set_member(place.workspace_id, bob.user_id, Role.VIEWER)
    assert await vault.workspaces.role_of(place.workspace_id, bob.user_id) is Role.VIEWER
    assert await vault.workspaces.revision(place.workspace_id) > before
    assert await vault.workspaces.list_for_user(bob.user_id) == [await vault.workspaces.get(place.workspace_id)]
    assert await vault.workspaces.remove_member(place.workspace_id, bob.user_id) == []
    assert await vault.workspaces.role_of(place.workspace_id, bob.user_id) is None
    assert await vault.workspaces.list_for_user(bob.user_id) == []
    assert await vault.workspaces.remove_member(place.workspace_id, bob.user_id) is None


async def test_deleting_a_workspace_leaves_no_row_of_it_in_any_table(vault: Vault, place: Place) -> None:
    other = await make_place(vault, "w2", "eve")
    await fill(vault, place)
    await fill(vault, other)
    full = await counts(vault, place)
    assert all(full.values()), full
    others = await counts(vault, other)

    assert await vault.workspaces.delete(place.workspace_id)

    assert not any((await counts(vault, place)).values())
    assert await counts(vault, other) == others
    assert await vault.workspaces.get(place.workspace_id) is None
    assert await vault.workspaces.get_user(place.user_id) == place.user
    assert not await vault.workspaces.delete(place.workspace_id)


@pytest.mark.parametrize("how", ["remove", "delete"])
async def test_a_member_leaves_with_all_that_only_they_could_use(vault: Vault, place: Place, how: str) -> None:
    bob = await make_member(vault, place)
    await fill(vault, place)
    mine = await counts(vault, place)
    private = await make_connection(vault, bob, alias="mine")
    await make_token(vault, bob)
    await make_policy(vault, bob, user=True)
    await make_result(vault, bob, private)
    await make_flow(vault, await bound_session(vault, new_session(bob, alias="next")))

    if how == "remove":
        left = await vault.workspaces.remove_member(place.workspace_id, bob.user_id)
    else:
        left = await vault.workspaces.delete_user(bob.user_id)
        assert await vault.workspaces.get_user(bob.user_id) is None
        assert await vault.workspaces.delete_user(bob.user_id) is None

    assert left
    assert left == await vault.grants.revoking()
    assert [grant.id for grant in left] == [private.grant_id]
    assert await vault.grants.forget(left[0])

    assert await counts(vault, place) == {**mine, "memberships": 1}
    assert not any((await counts(vault, bob, column="user_id", value=bob.user_id)).values())
    assert not any((await counts(vault, bob, column="owner", value=bob.user_id)).values())
