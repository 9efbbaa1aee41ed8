"""Confirmations: decided once, spent once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.vault.conftest import OpenVault
from tests.vault.rows import Clock, Place, make_confirmation, make_connection, make_place, make_token

from connectory.vault.entities import Confirmation, ConfirmationStatus
from connectory.vault.tables import confirmations
from connectory.vault.vault import Vault


@pytest.fixture
async def asked(vault: Vault, place: Place) -> Confirmation:
    return await make_confirmation(vault, place, await make_connection(vault, place))


async def find(vault: Vault, place: Place, digest: str = "d1") -> Confirmation | None:
    return await vault.confirmations.find(place.workspace_id, place.user_id, None, digest)


async def test_a_question_is_found_by_its_link_and_its_call(vault: Vault, place: Place, asked: Confirmation) -> None:
    assert await vault.confirmations.by_link(asked.link) == asked
    assert await find(vault, place) == asked
    assert await find(vault, place, "d2") is None
    assert await vault.confirmations.by_link("another") is None


async def test_link_and_arguments_are_sealed(vault: Vault, asked: Confirmation) -> None:
    row = await vault.database.row(sa.select(confirmations))

    assert row is not None
    assert asked.link not in repr(tuple(row))
    assert "plain words" not in repr(tuple(row))


async def test_another_token_of_the_same_user_has_not_asked(vault: Vault, place: Place) -> None:
    token = await make_token(vault, place)
    connection = await make_connection(vault, place)
    asked = await make_confirmation(vault, place, connection, token=token)

    assert await find(vault, place) is None
    assert await vault.confirmations.find(place.workspace_id, place.user_id, token.id, "d1") == asked


async def test_a_yes_is_said_once_and_spent_once(vault: Vault, place: Place, asked: Confirmation) -> None:
    assert not await vault.confirmations.spend(asked.id)
    assert await vault.confirmations.decide(asked.id, confirmed=True)
    assert not await vault.confirmations.decide(asked.id, confirmed=False)
    found = await find(vault, place)
    assert found is not None
    assert found.status is ConfirmationStatus.CONFIRMED
    assert await vault.confirmations.spend(asked.id)
    assert not await vault.confirmations.spend(asked.id)
    assert await find(vault, place) is None


async def test_a_no_is_remembered_and_cannot_be_spent(vault: Vault, place: Place, asked: Confirmation) -> None:
    assert await vault.confirmations.decide(asked.id, confirmed=False)

    found = await find(vault, place)
    assert found is not None
    assert found.status is ConfirmationStatus.DENIED
    assert not await vault.confirmations.spend(asked.id)


async def test_when_its_time_is_over_nothing_can_be_decided_or_spent(
    vault: Vault, place: Place, asked: Confirmation, clock: Clock
) -> None:
    late = await make_confirmation(vault, place, await make_connection(vault, place, alias="b"), digest="d2")
    assert await vault.confirmations.decide(asked.id, confirmed=True)
    clock.advance(minutes=10)

    assert not await vault.confirmations.spend(asked.id)
    assert await find(vault, place) is None
    assert not await vault.confirmations.decide(late.id, confirmed=True)


async def test_a_yes_may_hold_from_when_it_was_said(vault: Vault, asked: Confirmation, clock: Clock) -> None:
    clock.advance(minutes=9)
    await vault.confirmations.decide(asked.id, confirmed=True, until=clock() + timedelta(minutes=10))
    clock.advance(minutes=9)

    assert await vault.confirmations.spend(asked.id)


async def test_of_calls_that_race_for_one_yes_exactly_one_gets_it(open_file_vault: OpenVault) -> None:
    vaults = [await open_file_vault(), await open_file_vault()]
    place = await make_place(vaults[0])
    connection = await make_connection(vaults[0], place)
    for number in range(20):
        asked = await make_confirmation(vaults[0], place, connection, digest=f"d{number}")
        await vaults[0].confirmations.decide(asked.id, confirmed=True)

        spent = await asyncio.gather(*(vault.confirmations.spend(asked.id) for vault in vaults))

        assert sorted(spent) == [False, True]


async def test_long_finished_questions_are_forgotten(
    vault: Vault, place: Place, asked: Confirmation, clock: Clock
) -> None:
    clock.advance(days=2)
    connection = (await vault.connections.list_all(place.workspace_id))[0]

    await make_confirmation(vault, place, connection, digest="d2")

    assert await vault.confirmations.by_link(asked.link) is None
