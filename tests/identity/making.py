"""A vault in memory with the people of two workspaces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.auth.making import Clock, make_people, open_test_vault

from connectory.identity.policies import Policies
from connectory.identity.principal import Principal
from connectory.identity.tokens import Tokens
from connectory.identity.workspaces import Workspaces
from connectory.vault.entities import Grant
from connectory.vault.vault import Vault


@dataclass
class Town:
    """Everything a test of this room touches."""

    vault: Vault
    clock: Clock
    tokens: Tokens
    workspaces: Workspaces
    policies: Policies
    owner: Principal
    member: Principal
    viewer: Principal
    stranger: Principal  # owner of another workspace
    withdrawn: list[Grant]

    async def by_token(self, principal: Principal, *, read_only: bool = False) -> Principal:
        """The same person, acting by a new token."""
        _, secret = await self.tokens.create(principal, "t", read_only=read_only)
        acting = await self.tokens.verify(secret)
        assert acting is not None
        return acting


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    """Build it, and close the vault at the end."""
    clock = Clock()
    async with open_test_vault(clock) as vault:
        people, withdrawn = await make_people(vault), list[Grant]()

        async def withdraw(grants: Sequence[Grant]) -> None:
            for grant in grants:
                assert await vault.grants.get(grant.workspace_id, grant.id) == grant  # the row is there until then
                assert await vault.grants.forget(grant)
                withdrawn.append(grant)

        workspaces = Workspaces(vault, withdraw)
        yield Town(vault, clock, Tokens(vault, clock), workspaces, Policies(vault), *people, withdrawn)
