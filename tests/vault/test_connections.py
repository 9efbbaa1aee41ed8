"""Connections: listed by owner, deleted with what hangs on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.vault.rows import Place, make_confirmation, make_connection, make_member, make_result, new_session

from connectory.errors import AlreadyExists
from connectory.net.address import HostRule
from connectory.vault.entities import Connection, ConnectionId, GrantStatus
from connectory.vault.tables import connections
from connectory.vault.vault import Vault


async def test_connections_are_listed_by_owner_in_order_of_their_names(vault: Vault, place: Place) -> None:
    bob = await make_member(vault, place)
    second, first = await make_connection(vault, place, alias="work"), await make_connection(vault, place, alias="home")
    shared = await make_connection(vault, place, alias="team", shared=True)
    his = await make_connection(vault, bob)
    where = place.workspace_id

    async def listed(owners: Collection[str], connector: str | None = None) -> list[Connection]:
        found = await vault.connections.list(where, owners=owners, connector=connector)
        assert [grant.id for _, grant in found] == [row.grant_id for row, _ in found]
        return [row for row, _ in found]

    assert await listed([place.user_id]) == [first, second]
    assert await listed({place.user_id, where}) == [first, shared, second]
    assert await listed([place.user_id], "github") == [first, second]
    assert await listed([place.user_id], "gitlab") == []
    assert await listed([]) == []
    assert await vault.connections.list_all(where) == [his, first, shared, second]
    assert (shared.is_shared, first.is_shared) == (True, False)


async def test_a_connection_comes_back_as_it_was_made(vault: Vault, place: Place) -> None:
    made = await make_connection(vault, place)

    assert await vault.connections.get(place.workspace_id, made.id) == made
    assert made.hosts == (HostRule("https://api.github.com"),)
    assert await vault.connections.get(place.workspace_id, ConnectionId("cn_none")) is None


async def test_the_same_alias_serves_several_owners(vault: Vault, place: Place) -> None:
    bob = await make_member(vault, place)

    names = [(await make_connection(vault, who)).name for who in (place, bob)]
    names.append((await make_connection(vault, place, shared=True)).name)

    assert names == ["github/default"] * 3


async def test_a_renamed_connection_is_the_same_and_open_links_that_renew_it_go_along(
    vault: Vault, place: Place
) -> None:
    made, other = await make_connection(vault, place), await make_connection(vault, place, alias="other")
    shared = await make_connection(vault, place, alias="team", shared=True)
    link = replace(new_session(place), connection_id=made.id)
    await vault.sessions.create(link)
    before = await vault.workspaces.revision(place.workspace_id)

    assert await vault.connections.rename(place.workspace_id, made.id, "team") == replace(made, alias="team")
    assert await vault.connections.rename(place.workspace_id, made.id, "team") == replace(made, alias="team")

    assert await vault.connections.list_all(place.workspace_id) == [
        other,
        *sorted([replace(made, alias="team"), shared], key=lambda one: one.id),
    ]
    renewing = await vault.sessions.by_link(link.link)
    assert renewing is not None
    assert renewing.alias == "team"
    assert await vault.workspaces.revision(place.workspace_id) == before + 1


async def test_a_connection_gets_no_name_that_its_owner_has_already(vault: Vault, place: Place) -> None:
    made, other = await make_connection(vault, place), await make_connection(vault, place, alias="other")
    bob = await make_member(vault, place)
    await make_connection(vault, bob, alias="his")

    with pytest.raises(AlreadyExists, match="github/other"):
        await vault.connections.rename(place.workspace_id, made.id, "other")
    assert await vault.connections.get(place.workspace_id, made.id) == made
    assert await vault.connections.get(place.workspace_id, other.id) == other
    assert await vault.connections.rename(place.workspace_id, made.id, "his") is not None
    assert await vault.connections.rename(place.workspace_id, ConnectionId("cn_none"), "new") is None


async def test_labels_take_the_place_of_all_that_were_there(vault: Vault, place: Place) -> None:
    made, other = await make_connection(vault, place), await make_connection(vault, place, alias="other")
    assert made.labels == {}
    for labels in ({"customer": "c-17", "plan": "größer"}, {"customer": "c-18"}, {}):
        labelled = await vault.connections.set_labels(place.workspace_id, made.id, labels)
        assert labelled == replace(made, labels=labels)
        assert await vault.connections.get(place.workspace_id, made.id) == labelled
    assert await vault.connections.get(place.workspace_id, other.id) == other
    assert await vault.connections.set_labels(place.workspace_id, ConnectionId("cn_none"), {"a": "b"}) is None


async def test_a_deleted_connection_takes_its_results_and_questions_along_and_gives_its_last_grant_back(
    vault: Vault, place: Place
) -> None:
    gone, stays = await make_connection(vault, place), await make_connection(vault, place, alias="stays")
    kept, other = await make_result(vault, place, gone), await make_result(vault, place, stays)
    asked = await make_confirmation(vault, place, gone)
    before = await vault.workspaces.revision(place.workspace_id)
    reader = place.workspace_id, place.user_id, None

    left = await vault.connections.delete(place.workspace_id, gone.id)

    assert left
    assert [(grant.id, grant.status, grant.version) for grant in left] == [(gone.grant_id, GrantStatus.REVOKING, 2)]
    assert await vault.grants.revoking() == left
    assert await vault.connections.list_all(place.workspace_id) == [stays]
    assert await vault.results.get(*reader, kept.id) is None
    assert await vault.results.get(*reader, other.id) == other
    assert await vault.confirmations.by_link(asked.link) is None
    assert await vault.workspaces.revision(place.workspace_id) == before + 1
    assert await vault.connections.delete(place.workspace_id, gone.id) is None


async def test_a_grant_stays_while_another_connection_uses_it(vault: Vault, place: Place) -> None:
    one, other = await make_connection(vault, place), await make_connection(vault, place, alias="other")
    share = sa.update(connections).where(connections.c.id == other.id).values(grant_id=one.grant_id)
    await vault.database.change(share)

    assert await vault.connections.delete(place.workspace_id, one.id) == []
    grant = await vault.grants.get(place.workspace_id, one.grant_id)
    assert grant is not None
    assert grant.status is GrantStatus.ACTIVE

    left = await vault.connections.delete(place.workspace_id, other.id)
    assert left is not None
    assert [grant.id for grant in left] == [one.grant_id]
