"""Attack 87: the server starts with another key, or with none.

It starts, tells what cannot be opened, overwrites and "re-initialises" nothing; with the key put back, all works.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.vault.rows import (
    Clock,
    Place,
    credentials_of,
    key,
    make_confirmation,
    make_connection,
    make_place,
    make_result,
    new_session,
)

from connectory.errors import CannotDecrypt, KeyInvalid
from connectory.settings import Settings
from connectory.vault.entities import Connection
from connectory.vault.vault import Vault, open_vault


def rows_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(folder / "connectory.db")
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    rows = {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for (name,) in tables}
    connection.close()
    return rows


async def start(folder: Path, value: str | None = None) -> Vault:
    encryption_key = SecretStr(value) if value else None
    return await open_vault(Settings(data_dir=folder, encryption_key=encryption_key), now=Clock())


async def plant(folder: Path, value: str | None = None) -> tuple[Place, list[Connection]]:
    vault = await start(folder, value)
    place = await make_place(vault)
    connections = [await make_connection(vault, place, alias=alias) for alias in ("a", "b", "c")]
    await make_result(vault, place, connections[0])
    await make_confirmation(vault, place, connections[0])
    await vault.sessions.create(new_session(place, alias="open"))
    await vault.aclose()
    return place, connections


async def check_unreadable(vault: Vault, place: Place, connections: list[Connection]) -> None:
    """What a server does with what it cannot open: list it, name it, leave it."""
    unreadable = await vault.grants.unreadable()
    assert {grant.id for grant in unreadable} == {connection.grant_id for connection in connections}
    assert await vault.connections.list_all(place.workspace_id) == connections
    for connection in connections:
        with pytest.raises(CannotDecrypt, match="octocat") as refusal:
            await credentials_of(vault, connection)
        assert "CONNECTOR_ENCRYPTION_KEY" in refusal.value.hint
    owner = connections[0].owner
    assert await vault.sessions.open_for(place.workspace_id, place.user_id, "github", "open", owner=owner) is None


async def test_attack_87_with_another_key_nothing_is_overwritten(tmp_path: Path) -> None:
    right, wrong = os.urandom(32).hex(), os.urandom(32).hex()
    place, connections = await plant(tmp_path, right)
    before = rows_of(tmp_path)

    vault = await start(tmp_path, wrong)
    await check_unreadable(vault, place, connections)
    await vault.aclose()
    assert rows_of(tmp_path) == before

    for value in (right, f"{wrong},{right}"):
        vault = await start(tmp_path, value)
        assert await vault.grants.unreadable() == []
        assert [await credentials_of(vault, connection) for connection in connections] == [key()] * 3
        await vault.aclose()


async def test_attack_87_a_lost_key_file_can_be_put_back(tmp_path: Path) -> None:
    _, connections = await plant(tmp_path)
    saved, before = (tmp_path / "key").read_bytes(), rows_of(tmp_path)
    (tmp_path / "key").unlink()

    with pytest.raises(KeyInvalid, match="no key file"):
        await start(tmp_path)
    assert not (tmp_path / "key").exists()
    assert rows_of(tmp_path) == before

    (tmp_path / "key").write_bytes(saved)
    (tmp_path / "key").chmod(0o600)
    vault = await start(tmp_path)
    assert await vault.grants.unreadable() == []
    assert await credentials_of(vault, connections[0]) == key()
    await vault.aclose()


async def test_attack_87_what_is_connected_with_the_new_key_lives_beside_what_is_lost(tmp_path: Path) -> None:
    old, new = os.urandom(32).hex(), os.urandom(32).hex()
    place, connections = await plant(tmp_path, old)

    vault = await start(tmp_path, new)
    fresh = await make_connection(vault, place, alias="fresh", value="fresh")
    assert await credentials_of(vault, fresh) == key("fresh")
    await check_lost(vault, connections)
    await vault.aclose()

    vault = await start(tmp_path, f"{new},{old}")
    assert await vault.grants.unreadable() == []
    assert await credentials_of(vault, fresh) == key("fresh")
    await vault.aclose()


async def check_lost(vault: Vault, connections: list[Connection]) -> None:
    assert {grant.id for grant in await vault.grants.unreadable()} == {one.grant_id for one in connections}
