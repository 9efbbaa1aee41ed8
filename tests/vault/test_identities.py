"""Accounts of issuers: bound to one user for good, found by a proven email once, never twice over."""

from __future__ import annotations

import asyncio

import pytest
from tests.vault.rows import Place

from connectory.errors import AlreadyExists
from connectory.vault.entities import Role
from connectory.vault.vault import Vault

ISSUER = "https://login.example.com"


async def test_an_account_is_a_new_user_and_the_same_one_ever_after(vault: Vault) -> None:
    assert await vault.identities.find(ISSUER, "7") is None

    first = await vault.identities.bind(ISSUER, "7", name="Ann", email="Ann@Example.org")
    again = await vault.identities.bind(ISSUER, "7", name="Anna", email="other@example.org")

    assert first == again == await vault.identities.find(ISSUER, "7")
    user = await vault.workspaces.get_user(first.user_id)
    assert user is not None
    assert (user.name, user.email) == ("Ann", "ann@example.org")
    assert len(await vault.workspaces.list_users()) == 1


async def test_a_proven_email_finds_the_user_that_has_it(vault: Vault) -> None:
    made = await vault.workspaces.create_user("ann", "ann@example.org")

    bound = await vault.identities.bind(ISSUER, "7", name="Ann", email="ANN@example.org")

    assert bound.user_id == made.id


async def test_an_email_that_went_to_somebody_else_opens_nothing(vault: Vault) -> None:
    await vault.identities.bind(ISSUER, "7", name="Ann", email="ann@example.org")

    with pytest.raises(AlreadyExists, match="another account"):
        await vault.identities.bind(ISSUER, "8", name="Ann the second", email="ann@example.org")

    assert await vault.identities.find(ISSUER, "8") is None
    elsewhere = await vault.identities.bind("https://other.example.com", "8", name="Ann", email="ann@example.org")
    first = await vault.identities.find(ISSUER, "7")
    assert first is not None
    assert elsewhere.user_id == first.user_id


async def test_without_an_email_two_accounts_are_two_users(vault: Vault) -> None:
    one = await vault.identities.bind(ISSUER, "7", name="Ann", email=None)
    other = await vault.identities.bind(ISSUER, "8", name="Ann", email=None)

    assert one.user_id != other.user_id


async def test_what_a_sign_in_gave_is_remembered_and_goes_with_the_user(vault: Vault, place: Place) -> None:
    bound = await vault.identities.bind(ISSUER, "7", name="Ann", email=None)

    await vault.identities.keep_roles(bound, {place.workspace_id: Role.MEMBER})

    found = await vault.identities.find(ISSUER, "7")
    assert found is not None
    assert found.roles == {place.workspace_id: Role.MEMBER}
    await vault.workspaces.delete_user(bound.user_id)
    assert await vault.identities.find(ISSUER, "7") is None


async def test_twenty_first_sign_ins_at_once_are_one_user(racing: list[Vault]) -> None:
    bound = await asyncio.gather(
        *(vault.identities.bind(ISSUER, "7", name="Ann", email="ann@example.org") for vault in racing)
    )

    assert len({one.user_id for one in bound}) == 1
    assert len(await racing[0].workspaces.list_users()) == 1
