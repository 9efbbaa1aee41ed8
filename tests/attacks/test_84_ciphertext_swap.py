"""Attack 84: whoever can write to the database moves ciphertext about, cuts it, changes a bit.

None of it opens; only what was touched reports it; the words do not tell a wrong key from a changed value; the row is
kept as it is. Access and refresh token are sealed together, so that they cannot be exchanged for one another.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.vault.rows import (
    Clock,
    bound_session,
    credentials_of,
    key,
    make_confirmation,
    make_connection,
    make_place,
    make_result,
    new_session,
)

from connectory.errors import CannotDecrypt
from connectory.settings import Settings
from connectory.vault.entities import Connection
from connectory.vault.keys import KeyRing, place
from connectory.vault.vault import Vault, open_vault

Spoil = Callable[[bytes], bytes]
SPOILED: dict[str, Spoil] = {
    "flipped in the text": lambda sealed: sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:],
    "flipped in the nonce": lambda sealed: sealed[:6] + bytes([sealed[6] ^ 128]) + sealed[7:],
    "flipped in the tag": lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "cut by one": lambda sealed: sealed[:-1],
    "cut to the head": lambda sealed: sealed[:17],
    "cut to the tag": lambda sealed: sealed[:33],
    "one byte more": lambda sealed: sealed + b"\x00",
    "empty": lambda _sealed: b"",
    "old version": lambda sealed: b"\x00" + sealed[1:],
    "newer version": lambda sealed: b"\x02" + sealed[1:],
    "another key's mark": lambda sealed: sealed[:1] + bytes(4) + sealed[5:],
    "in clear": lambda _sealed: b'{"kind":"fields","values":{"token":"mine"}}',
}


class Attacked:
    """A vault on a file, and a second way into that file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def open(self) -> Vault:
        return await open_vault(Settings(data_dir=self.folder), now=Clock())

    def run(self, statement: str, *values: object) -> list[tuple[bytes, ...]]:
        connection = sqlite3.connect(self.folder / "connectory.db")
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def get(self, table: str, column: str, row_id: str) -> bytes:
        return self.run(f"SELECT {column} FROM {table} WHERE id = ?", row_id)[0][0]

    def put(self, table: str, column: str, row_id: str, value: bytes) -> None:
        self.run(f"UPDATE {table} SET {column} = ? WHERE id = ?", value, row_id)

    def exchange(self, table: str, column: str, one: str, other: str) -> None:
        first, second = self.get(table, column, one), self.get(table, column, other)
        self.put(table, column, one, second)
        self.put(table, column, other, first)


@pytest.fixture
def attacked(tmp_path: Path) -> Attacked:
    return Attacked(tmp_path / "data")


async def refusal_of(vault: Vault, connection: Connection) -> str:
    with pytest.raises(CannotDecrypt) as refusal:
        await credentials_of(vault, connection)
    return refusal.value.text


async def test_attack_84_credentials_do_not_open_in_another_row_or_workspace(attacked: Attacked) -> None:
    vault = await attacked.open()
    first, second = await make_place(vault), await make_place(vault, "w2", "eve")
    mine = await make_connection(vault, first, value="mine")
    also_mine = await make_connection(vault, first, alias="b", value="also mine")
    theirs = await make_connection(vault, second, value="theirs")
    untouched = await make_connection(vault, first, alias="c", value="untouched")

    attacked.exchange("grants", "credentials", mine.grant_id, theirs.grant_id)
    assert await refusal_of(vault, mine) == await refusal_of(vault, theirs)
    attacked.exchange("grants", "credentials", mine.grant_id, theirs.grant_id)
    assert await credentials_of(vault, mine) == key("mine")

    attacked.exchange("grants", "credentials", mine.grant_id, also_mine.grant_id)
    await refusal_of(vault, mine)
    await refusal_of(vault, also_mine)
    assert await credentials_of(vault, untouched) == key("untouched")
    assert {grant.id for grant in await vault.grants.unreadable()} == {mine.grant_id, also_mine.grant_id}
    await vault.aclose()


async def test_attack_84_a_row_moved_to_another_workspace_does_not_open_there(attacked: Attacked) -> None:
    vault = await attacked.open()
    first, second = await make_place(vault), await make_place(vault, "w2", "eve")
    theirs = await make_connection(vault, second, value="theirs")
    kept = await make_result(vault, second, theirs, body=b"theirs")

    attacked.run("UPDATE grants SET workspace_id = ? WHERE id = ?", first.workspace_id, theirs.grant_id)
    attacked.run(
        "UPDATE kept_results SET workspace_id = ?, user_id = ? WHERE id = ?", first.workspace_id, first.user_id, kept.id
    )

    moved = await vault.grants.get(first.workspace_id, theirs.grant_id)
    assert moved is not None
    with pytest.raises(CannotDecrypt):
        await vault.grants.open_credentials(moved)
    with pytest.raises(CannotDecrypt):
        await vault.results.get(first.workspace_id, first.user_id, None, kept.id)
    await vault.aclose()


async def test_attack_84_a_value_does_not_open_in_another_column_or_table(attacked: Attacked) -> None:
    vault = await attacked.open()
    first = await make_place(vault)
    connection = await make_connection(vault, first)
    asked = await make_confirmation(vault, first, connection)
    kept = await make_result(vault, first, connection)
    session = await vault.sessions.create(new_session(first, alias="next"))
    link, arguments = (attacked.get("confirmations", column, asked.id) for column in ("link", "arguments"))

    attacked.put("confirmations", "link", asked.id, arguments)
    with pytest.raises(CannotDecrypt):
        await vault.confirmations.by_link(asked.link)
    attacked.put("confirmations", "link", asked.id, link)
    assert await vault.confirmations.by_link(asked.link) == asked
    attacked.put("confirmations", "arguments", asked.id, link)
    with pytest.raises(CannotDecrypt):
        await vault.confirmations.by_link(asked.link)

    attacked.put("kept_results", "body", kept.id, attacked.get("grants", "credentials", connection.grant_id))
    with pytest.raises(CannotDecrypt):
        await vault.results.get(first.workspace_id, first.user_id, None, kept.id)
    attacked.put("connect_sessions", "link", session.id, link)
    with pytest.raises(CannotDecrypt):
        await vault.sessions.get(first.workspace_id, session.id)
    await vault.aclose()


async def test_attack_84_another_link_of_the_same_person_does_not_open(attacked: Attacked) -> None:
    """Else an exchange would make the agent show a link that was meant for something else."""
    vault = await attacked.open()
    first = await make_place(vault)
    one = await bound_session(vault, new_session(first, alias="one"))
    other = await bound_session(vault, new_session(first, alias="other"))

    attacked.exchange("connect_sessions", "link", one.id, other.id)

    for session in (one, other):
        with pytest.raises(CannotDecrypt):
            await vault.sessions.get(first.workspace_id, session.id)
    await vault.aclose()


async def test_attack_84_changed_values_all_fail_alike_and_are_kept(attacked: Attacked) -> None:
    vault = await attacked.open()
    first = await make_place(vault)
    connection = await make_connection(vault, first)
    neighbour = await make_connection(vault, first, alias="b", value="neighbour")
    good = attacked.get("grants", "credentials", connection.grant_id)
    wrong_key = KeyRing([secrets.token_bytes(32)]).seal(b"x", bound_to="elsewhere")

    texts = set()
    for bad in [*(spoil(good) for spoil in SPOILED.values()), wrong_key]:
        attacked.put("grants", "credentials", connection.grant_id, bad)
        texts.add(await refusal_of(vault, connection))
        assert attacked.get("grants", "credentials", connection.grant_id) == bad
        assert await credentials_of(vault, neighbour) == key("neighbour")
    attacked.put("grants", "credentials", connection.grant_id, good)

    assert len(texts) == 1, "the words tell what was done"
    assert await credentials_of(vault, connection) == key()
    await vault.aclose()


async def test_attack_84_no_part_of_a_sealed_value_can_be_changed_at_all() -> None:
    ring = KeyRing([secrets.token_bytes(32)])
    sealed = ring.seal(b"credentials", bound_to="here")

    for position in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[position] ^= 1 << bit
            with pytest.raises(CannotDecrypt):
                ring.open(bytes(changed), bound_to="here")
        with pytest.raises(CannotDecrypt):
            ring.open(sealed[:position], bound_to="here")
    assert ring.open(sealed, bound_to="here") == b"credentials"


def test_attack_84_a_place_cannot_be_spelt_in_two_ways() -> None:
    assert place("grants", "credentials", "gr_1", "ws_1") != place("grants", "credentials", "gr_1ws_1", "")
    assert place("a", 'b", "c', "d", "e") != place("a", "b", 'c", "d', "e")
