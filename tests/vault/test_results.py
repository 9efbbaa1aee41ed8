"""Kept results: sealed, for one principal, for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.vault.rows import Clock, Place, make_connection, make_member, make_result, make_token

from connectory.errors import CannotDecrypt
from connectory.vault.entities import Connection, KeptResult
from connectory.vault.results import KeptResults
from connectory.vault.tables import kept_results
from connectory.vault.vault import Vault


@pytest.fixture
async def connection(vault: Vault, place: Place) -> Connection:
    return await make_connection(vault, place)


async def get(vault: Vault, kept: KeptResult) -> KeptResult | None:
    return await vault.results.get(kept.workspace_id, kept.user_id, kept.token_id, kept.id)


async def test_a_result_comes_back_whole_and_is_sealed_at_rest(
    vault: Vault, place: Place, connection: Connection
) -> None:
    body = b"marker" * 200_000
    kept = await make_result(vault, place, connection, body=body)

    found = await get(vault, kept)
    row = await vault.database.row(sa.select(kept_results.c.body))

    assert found == kept
    assert kept.body == body
    assert row is not None
    assert b"marker" not in row.body


async def test_it_is_for_the_same_user_and_token_alone(vault: Vault, place: Place, connection: Connection) -> None:
    bob, token = await make_member(vault, place), await make_token(vault, place)
    mine = await make_result(vault, place, connection)
    by_token = await make_result(vault, place, connection, token=token)

    for other in (
        replace(mine, user_id=bob.user_id),
        replace(mine, token_id=token.id),
        replace(by_token, token_id=None),
    ):
        assert await get(vault, other) is None
    assert await get(vault, mine) == mine
    assert await get(vault, by_token) == by_token


async def test_its_time_ends(vault: Vault, place: Place, connection: Connection, clock: Clock) -> None:
    kept = await make_result(vault, place, connection)
    clock.advance(minutes=59)
    assert await get(vault, kept) == kept
    assert await vault.results.expire() == 0
    clock.advance(minutes=1)
    assert await get(vault, kept) is None
    assert await vault.results.expire() == 1
    assert await vault.database.rows(sa.select(kept_results.c.id)) == []


async def test_the_oldest_of_the_user_gives_way(
    vault: Vault, place: Place, connection: Connection, clock: Clock
) -> None:
    bob = await make_member(vault, place)
    his = await make_result(vault, bob, connection, most=3)
    kept = []
    for _ in range(5):
        clock.advance(seconds=1)
        kept.append(await make_result(vault, place, connection, most=3))

    assert [await get(vault, one) is not None for one in kept] == [False, False, True, True, True]
    assert await get(vault, his) == his


async def test_the_oldest_gives_way_when_all_of_them_are_too_large(
    vault: Vault, place: Place, connection: Connection, clock: Clock
) -> None:
    small = KeptResults(vault.database, vault.keys, clock, max_user_bytes=1000)

    async def keep(size: int) -> KeptResult:
        clock.advance(seconds=1)
        return await small.keep(
            workspace_id=place.workspace_id,
            user_id=place.user_id,
            token_id=None,
            connection_id=connection.id,
            body=b"b" * size,
            expires_at=clock() + timedelta(hours=1),
            most=100,
        )

    kept = [await keep(size) for size in (300, 300, 300, 300)]
    assert [await get(vault, one) is not None for one in kept] == [False, True, True, True]
    huge = await keep(5000)
    assert [await get(vault, one) is not None for one in (*kept, huge)] == [False, False, False, False, True]


async def test_of_results_kept_in_the_same_moment_the_newest_stays(
    vault: Vault, place: Place, connection: Connection
) -> None:
    for _ in range(10):
        kept = await make_result(vault, place, connection, most=1)
        assert await get(vault, kept) == kept


async def test_a_changed_body_does_not_open(vault: Vault, place: Place, connection: Connection) -> None:
    kept = await make_result(vault, place, connection)
    await vault.database.change(sa.update(kept_results).values(body=b"\x01" * 60))

    with pytest.raises(CannotDecrypt):
        await get(vault, kept)
