"""What a token leaves to whoever acts by it, whatever their role."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.identity.making import town

from connectory.errors import PolicyDenied
from connectory.identity.rights import may_change, require_unnarrowed
from connectory.vault.entities import PolicyEffect


async def test_a_read_only_token_and_one_with_rules_of_its_own_change_nothing_but_themselves() -> None:
    async with town() as t:
        made, _ = await t.tokens.create(t.owner, "agent")
        acting = replace(t.owner, token_id=made.id)
        assert await may_change(t.vault, t.owner)
        assert await may_change(t.vault, acting)
        assert not await may_change(t.vault, replace(acting, read_only=True))

        await t.policies.add(t.owner, PolicyEffect.DENY, ["x_*"], token=made.id)

        assert not await may_change(t.vault, acting)
        assert await may_change(t.vault, t.owner)
        with pytest.raises(PolicyDenied, match="A token with policies of its own cannot fly") as refusal:
            await require_unnarrowed(t.vault, acting, "fly")
        assert refusal.value.hint == "Use a token that has none, or ask an owner."
