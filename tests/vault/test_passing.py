"""A vault for one call: judged by the real rules, on the real record, and nothing of it stays."""

from __future__ import annotations

from dataclasses import replace

from tests.vault.rows import (
    Clock,
    audit_line,
    make_connection,
    make_place,
    make_policy,
    make_token,
)

from connectory.vault.passing import passing_vault
from connectory.vault.vault import Vault


async def test_it_has_the_workspaces_people_tokens_and_rules(vault: Vault) -> None:
    place, other = await make_place(vault), await make_place(vault, "w2", "eve")
    token, rule = await make_token(vault, place), await make_policy(vault, place)
    await make_policy(vault, other)

    async with passing_vault(vault, place.workspace_id) as passing:
        assert await passing.policies.list(place.workspace_id) == [rule]
        assert await passing.workspaces.role_of(place.workspace_id, place.user_id) is not None
        assert [one.id for one in await passing.tokens.list(place.workspace_id)] == [token.id]
        assert await passing.policies.list(other.workspace_id) == []
        assert await passing.workspaces.get_user(other.user_id) is None


async def test_what_is_connected_there_is_gone_and_was_never_in_the_real_one(vault: Vault, clock: Clock) -> None:
    place = await make_place(vault)
    await make_connection(vault, place)

    async with passing_vault(vault, place.workspace_id, now=clock) as passing:
        assert await passing.connections.list_all(place.workspace_id) == []
        made = await make_connection(passing, place)
        assert await passing.connections.get(place.workspace_id, made.id) is not None
        assert await vault.connections.get(place.workspace_id, made.id) is None

    assert len(await vault.connections.list_all(place.workspace_id)) == 1


async def test_the_record_is_the_real_one_and_names_no_connection(vault: Vault, clock: Clock) -> None:
    place = await make_place(vault)

    async with passing_vault(vault, place.workspace_id, now=clock) as passing:
        made = await make_connection(passing, place)
        await passing.audit.write([replace(audit_line(place), connection_id=made.id)])

    assert [line.connection_id for line in await vault.audit.list(place.workspace_id)] == [None]
