"""48: nobody touches another's private connection, and a shared one needs the role for it."""

from __future__ import annotations

import pytest
from tests.auth.making import OTHER_KEY, world

from connectory.auth.backend import Connected
from connectory.errors import RoleDenied, UnknownConnection
from connectory.identity.tokens import Tokens


async def test_attack_48_another_s_private_connection_is_neither_removed_nor_renewed() -> None:
    async with world() as w:
        private = (await w.connected(w.member, alias="mine")).connection

        with pytest.raises(UnknownConnection):
            await w.auth.disconnect(w.owner, private.id)
        done = await w.connected(w.owner, OTHER_KEY, alias="mine")  # the same name makes one of their own

        assert isinstance(done, Connected)
        assert done.connection.id != private.id
        assert [(row.id, grant.account_name) for row, grant in await w.auth.list_connections(w.member)] == [
            (private.id, "octocat")
        ]


async def test_attack_48_sharing_under_the_same_name_leaves_the_private_one_private() -> None:
    async with world() as w:
        private = (await w.connected(w.member)).connection

        shared = (await w.connected(w.owner, OTHER_KEY, shared=True)).connection

        assert shared.id != private.id
        assert [row.id for row, _ in await w.auth.list_connections(w.viewer)] == [shared.id]


async def test_attack_48_a_shared_connection_is_renewed_and_removed_by_owners_alone() -> None:
    async with world() as w:
        shared = (await w.connected(w.owner, shared=True)).connection

        for principal in (w.member, w.viewer):
            with pytest.raises(RoleDenied):
                await w.auth.disconnect(principal, shared.id)
            with pytest.raises(RoleDenied):
                await w.auth.connect(principal, "notes", alias="default", shared=True)
        with pytest.raises(UnknownConnection):
            await w.auth.disconnect(w.stranger, shared.id)
        assert await w.auth.get_connection(w.member, shared.id) == shared


async def test_attack_48_an_owner_makes_no_token_that_opens_another_s_private_connection() -> None:
    async with world() as w:
        private = (await w.connected(w.member, alias="mine")).connection
        tokens = Tokens(w.vault)

        with pytest.raises(RoleDenied, match="theirs alone"):
            await tokens.create(w.owner, "spy", user=str(w.member.user_id))

        assert await tokens.list(w.owner) == []
        own = await tokens.verify((await tokens.create(w.member, "laptop"))[1])
        assert own is not None
        assert await w.auth.get_connection(own, private.id) == private
