"""96: a reader of the token table gets nothing that opens a door."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import sqlalchemy as sa
from tests.identity.making import town


async def test_attack_96_the_table_holds_a_hash_a_prefix_and_nothing_that_leads_back() -> None:
    async with town() as t:
        secrets = [(await t.tokens.create(t.owner, "laptop"))[1] for _ in range(20)]
        rows = await t.vault.database.rows(sa.select(sa.text("*")).select_from(sa.text("api_tokens")))

        stored = repr([tuple(row) for row in rows])
        for secret in secrets:
            assert len(secret) == 47
            assert secret[12:] not in stored
            assert hashlib.sha256(secret.encode()).hexdigest() in stored
        assert len({secret[4:] for secret in secrets}) == 20


async def test_attack_96_what_stands_in_the_table_does_not_open_the_door() -> None:
    async with town() as t:
        token, secret = await t.tokens.create(t.owner, "laptop")
        digest = hashlib.sha256(secret.encode()).hexdigest()

        for offered in (
            digest,
            f"cny_{digest[:43]}",
            token.prefix,
            token.id,
            secret[:-1],
            secret.swapcase(),
            secret + "\n",
        ):
            assert await t.tokens.verify(offered) is None
        assert await t.tokens.verify(secret) is not None


async def test_attack_96_expiry_is_enforced_and_last_use_shown() -> None:
    async with town() as t:
        _, secret = await t.tokens.create(t.owner, "laptop", expires_in=timedelta(minutes=1))
        await t.tokens.verify(secret)
        [shown] = await t.tokens.list(t.owner)
        assert shown.last_used_at == t.clock()
        t.clock.pass_by(minutes=1)

        assert await t.tokens.verify(secret) is None
