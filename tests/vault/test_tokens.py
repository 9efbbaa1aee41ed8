"""API tokens at rest."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from tests.vault.rows import NOW, Place, make_member, make_place, make_token

from connectory.errors import AlreadyExists, BadInput, InvalidArguments
from connectory.vault.entities import Role, TokenId, UserId, new_id
from connectory.vault.tables import api_tokens
from connectory.vault.tokens import MOST_LIVE
from connectory.vault.vault import Vault


async def test_a_token_is_found_by_its_hash_until_it_is_revoked(vault: Vault, place: Place) -> None:
    token = await make_token(vault, place, hash="a" * 64)

    assert await vault.tokens.find("a" * 64) == (token, Role.OWNER)
    assert (token.created_at, token.read_only, token.revoked_at) == (NOW, True, None)
    assert await vault.tokens.find("b" * 64) is None
    assert await vault.tokens.revoke(place.workspace_id, token.id)
    assert await vault.tokens.find("a" * 64) is None
    assert not await vault.tokens.revoke(place.workspace_id, token.id)
    assert [one.revoked_at for one in await vault.tokens.list(place.workspace_id)] == [NOW]


async def test_last_use_is_noted(vault: Vault, place: Place) -> None:
    token = await make_token(vault, place, hash="a" * 64)
    await vault.tokens.touch(token.id, NOW + timedelta(minutes=5))

    found = await vault.tokens.find("a" * 64)

    assert found is not None
    assert found[0].last_used_at == NOW + timedelta(minutes=5)


async def test_tokens_are_listed_for_a_workspace_or_a_user(vault: Vault, place: Place) -> None:
    bob = await make_member(vault, place)
    mine, his = await make_token(vault, place), await make_token(vault, bob)

    assert {token.id for token in await vault.tokens.list(place.workspace_id)} == {mine.id, his.id}
    assert await vault.tokens.list(place.workspace_id, bob.user_id) == [his]
    assert await vault.tokens.list(place.workspace_id, UserId("us_none")) == []


async def test_a_hash_is_kept_once_and_only_for_a_member(vault: Vault, place: Place) -> None:
    stranger = await make_place(vault, "w2", "eve")
    await make_token(vault, place, hash="a" * 64)

    with pytest.raises(AlreadyExists):
        await make_token(vault, place, hash="a" * 64)
    with pytest.raises(BadInput):
        await make_token(vault, Place(place.workspace, stranger.user))
    assert not await vault.tokens.revoke(place.workspace_id, TokenId("tk_none"))


async def test_a_user_has_200_tokens_that_work_at_most(vault: Vault, place: Place) -> None:
    token = {"workspace_id": place.workspace_id, "user_id": place.user_id, "name": "n", "prefix": "p"}
    times = {"created_at": NOW, "revoked_at": None, "expires_at": None}
    over = [{**times, "revoked_at": NOW}, {**times, "expires_at": NOW}]
    rows = [{**token, **when, "read_only": False} for when in [times] * (MOST_LIVE - 1) + over]
    await vault.database.change(
        api_tokens.insert(), [{**row, "id": new_id("tk"), "hash": secrets.token_hex(32)} for row in rows]
    )
    last = await make_token(vault, place)

    with pytest.raises(InvalidArguments, match="200") as refusal:
        await make_token(vault, place)

    assert "Revoke" in refusal.value.hint
    await make_token(vault, await make_member(vault, place))
    await vault.tokens.revoke(place.workspace_id, last.id)
    await make_token(vault, place)
