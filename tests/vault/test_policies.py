"""Policy rules at rest."""

from __future__ import annotations

import pytest
from tests.vault.rows import NOW, Clock, Place, make_member, make_place, make_policy, make_token

from connectory.errors import InvalidArguments
from connectory.vault.entities import PolicyEffect, PolicyRule, new_id
from connectory.vault.policies import MOST_RULES
from connectory.vault.tables import policies
from connectory.vault.vault import Vault


async def test_rules_are_listed_in_the_order_they_were_made(vault: Vault, place: Place, clock: Clock) -> None:
    made = []
    for pattern in ("b_*", "a_*"):
        made.append(await make_policy(vault, place, pattern=pattern))
        clock.advance(seconds=1)

    assert await vault.policies.list(place.workspace_id) == made
    assert (made[0].effect, made[0].user_id, made[0].token_id) == (PolicyEffect.DENY, None, None)


async def test_every_change_counts_in_the_revision_and_nothing_else_does(vault: Vault, place: Place) -> None:
    seen = [await vault.workspaces.revision(place.workspace_id)]

    async def grew() -> bool:
        seen.append(await vault.workspaces.revision(place.workspace_id))
        return seen[-1] > seen[-2]

    rule = await make_policy(vault, place)
    assert await grew()
    assert await vault.policies.remove(place.workspace_id, rule.id)
    assert await grew()
    assert not await vault.policies.remove(place.workspace_id, rule.id)
    assert await vault.policies.clear(place.workspace_id, None, None) == 0
    assert not await grew()


async def test_clearing_one_level_leaves_the_others(vault: Vault, place: Place) -> None:
    bob, token = await make_member(vault, place), await make_token(vault, place)
    of_token = await vault.policies.add(
        workspace_id=place.workspace_id,
        user_id=place.user_id,
        token_id=token.id,
        effect=PolicyEffect.READ_ONLY,
        pattern="*",
    )
    of_all, mine, his = (
        await make_policy(vault, place),
        await make_policy(vault, place, user=True),
        await make_policy(vault, bob, user=True),
    )

    async def left() -> set[PolicyRule]:
        return set(await vault.policies.list(place.workspace_id))

    assert await vault.policies.clear(place.workspace_id, place.user_id, None) == 1
    assert await left() == {of_token, of_all, his}
    assert await vault.policies.clear(place.workspace_id, None, None) == 1
    assert await left() == {of_token, his}
    assert await vault.policies.clear(place.workspace_id, place.user_id, token.id) == 1
    assert await left() == {his}
    assert mine.user_id == place.user_id


async def test_a_workspace_has_500_rules_at_most(vault: Vault, place: Place) -> None:
    rule = {"workspace_id": place.workspace_id, "effect": "deny", "pattern": "a_*", "created_at": NOW}
    await vault.database.change(policies.insert(), [{**rule, "id": new_id("po")} for _ in range(MOST_RULES - 1)])
    last = await make_policy(vault, place)
    revision = await vault.workspaces.revision(place.workspace_id)

    with pytest.raises(InvalidArguments, match="500") as refusal:
        await make_policy(vault, place)

    assert refusal.value.hint
    assert await vault.workspaces.revision(place.workspace_id) == revision
    await make_policy(vault, await make_place(vault, "w2", "eve"))
    await vault.policies.remove(place.workspace_id, last.id)
    await make_policy(vault, place)
