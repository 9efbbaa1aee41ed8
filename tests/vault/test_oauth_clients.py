"""OAuth clients of a workspace: one for each family and authorization server, their secrets sealed."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.vault.conftest import OpenVault
from tests.vault.folders import database_bytes
from tests.vault.rows import NOW, Place, make_place, new_client

from connectory.errors import CannotDecrypt
from connectory.vault.entities import StoredClient
from connectory.vault.keys import KeyRing
from connectory.vault.oauth_clients import OAuthClientStore
from connectory.vault.tables import oauth_clients
from connectory.vault.vault import Vault

SERVER = "https://gitlab.example.org"


async def put(vault: Vault, *clients: StoredClient) -> None:
    for client in clients:
        await vault.oauth_clients.put(client)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"client_secret": None},
        {"redirect_uri": None},
        {"source": "registered", "server": SERVER},
    ],
    ids=str,
)
async def test_a_client_comes_back_as_it_was_put(vault: Vault, place: Place, changes: dict[str, object]) -> None:
    client = new_client(place, **changes)

    await vault.oauth_clients.put(client)

    assert await vault.oauth_clients.list(place.workspace_id) == [client]
    assert await vault.oauth_clients.of_family(place.workspace_id, "github") == [client]


async def test_a_client_takes_the_place_of_the_one_for_the_same_family_and_server(vault: Vault, place: Place) -> None:
    foreign = new_client(await make_place(vault, "w2", "eve"))
    others = [new_client(place, family="gitlab"), new_client(place, server=SERVER)]
    await put(vault, foreign, *others, new_client(place))
    new = new_client(place, client_id="new", client_secret=SecretStr("new"), source="registered")

    await vault.oauth_clients.put(new)

    assert await vault.oauth_clients.list(place.workspace_id) == [new, others[1], others[0]]
    assert await vault.oauth_clients.list(foreign.workspace_id) == [foreign]


async def test_clients_that_are_put_at_once_leave_one(racing: list[Vault]) -> None:
    place = await make_place(racing[0])
    clients = [new_client(place, client_id=f"client {number}") for number in range(len(racing))]

    await asyncio.gather(*(vault.oauth_clients.put(client) for vault, client in zip(racing, clients, strict=True)))

    [left] = await racing[0].oauth_clients.list(place.workspace_id)
    assert left in clients


async def test_of_a_family_the_client_for_any_server_comes_last(vault: Vault, place: Place) -> None:
    any_server, one, other = (new_client(place, server=server) for server in ("", "https://a.example", SERVER))
    await put(vault, one, any_server, other, new_client(place, family="gitlab"))

    found = await vault.oauth_clients.of_family(place.workspace_id, "github")

    assert set(found) == {any_server, one, other}
    assert found[-1] == any_server
    assert await vault.oauth_clients.of_family(place.workspace_id, "git") == []


async def test_clients_are_listed_by_family_and_server(vault: Vault, place: Place) -> None:
    ordered = [
        new_client(place, family=family, server=server) for family in ("github", "gitlab") for server in ("", SERVER)
    ]
    await put(vault, *reversed(ordered))

    assert await vault.oauth_clients.list(place.workspace_id) == ordered


async def test_a_deleted_client_is_gone_and_no_other(vault: Vault, place: Place) -> None:
    client = new_client(place)
    others = [
        new_client(place, server=SERVER),
        new_client(place, family="gitlab"),
        new_client(await make_place(vault, "w2", "eve")),
    ]
    await put(vault, client, *others)

    assert await vault.oauth_clients.delete(client)

    assert not await vault.oauth_clients.delete(client)
    assert await vault.oauth_clients.list(place.workspace_id) == others[:2]
    assert await vault.oauth_clients.list(others[2].workspace_id) == others[2:]


async def test_which_families_have_one_is_known_without_the_key(vault: Vault, place: Place) -> None:
    await put(vault, new_client(place), new_client(place, server=SERVER), new_client(place, family="gitlab"))
    without_key = OAuthClientStore(vault.database, KeyRing([secrets.token_bytes(32)]), lambda: NOW)

    assert await without_key.families(place.workspace_id) == {"github", "gitlab"}
    with pytest.raises(CannotDecrypt):
        await without_key.list(place.workspace_id)
    with pytest.raises(CannotDecrypt):
        await without_key.of_family(place.workspace_id, "github")


async def test_a_client_secret_is_not_in_the_file(open_file_vault: OpenVault, data_dir: Path) -> None:
    vault = await open_file_vault()
    client = new_client(await make_place(vault), client_secret=SecretStr("written-in-clear"))
    await vault.oauth_clients.put(client)

    content = database_bytes(data_dir)

    assert client.client_id.encode() in content  # it was looked at in the right place
    assert b"in-clear" not in content
    assert "in-clear" not in repr(client)


async def test_a_secret_that_was_moved_to_another_row_does_not_open(vault: Vault, place: Place) -> None:
    await put(vault, new_client(place), new_client(place, family="gitlab"))
    stolen = sa.select(oauth_clients.c.body).where(oauth_clients.c.family == "github").scalar_subquery()

    await vault.database.change(sa.update(oauth_clients).values(body=stolen))

    assert len(await vault.oauth_clients.of_family(place.workspace_id, "github")) == 1
    with pytest.raises(CannotDecrypt):
        await vault.oauth_clients.of_family(place.workspace_id, "gitlab")


async def test_a_secret_that_was_moved_to_another_workspace_does_not_open(vault: Vault, place: Place) -> None:
    eve = await make_place(vault, "w2", "eve")
    await vault.oauth_clients.put(new_client(place))

    await vault.database.change(sa.update(oauth_clients).values(workspace_id=eve.workspace_id))

    with pytest.raises(CannotDecrypt):
        await vault.oauth_clients.list(eve.workspace_id)
