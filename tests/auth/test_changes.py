"""What is changed about a connection that stands: its alias, its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.auth.making import GOOD_KEY, SUITE, World, world

from connectory.auth.backend import Connected, Entry
from connectory.auth.sessions import ConnectSessions
from connectory.errors import (
    AlreadyExists,
    InvalidArguments,
    PolicyDenied,
    RoleDenied,
    UnknownConnection,
)
from connectory.vault.entities import ConnectSession

CUSTOMER = {"customer": "c-17"}


async def test_a_connection_is_renamed_and_stays_what_it_is() -> None:
    async with world() as w:
        made = (await w.connected(w.owner)).connection

        renamed = await w.changes.rename(w.owner, made.id, "work")

        assert renamed == replace(made, alias="work")
        assert await w.auth.get_connection(w.owner, made.id) == renamed
        assert (await w.auth.resolve(w.owner, "notes/work"))[0].id == made.id
        assert (await w.auth.connect(w.owner, "notes", alias="work")).connection_id == made.id
        assert (await w.auth.connect(w.owner, "notes")).connection_id is None


@pytest.mark.parametrize("alias", ["", "Work", "-work", "wo rk", "a/b", "x" * 33, "wörk", "work\n"])
async def test_a_connection_gets_no_alias_that_none_can_have(alias: str) -> None:
    async with world() as w:
        made = (await w.connected(w.owner)).connection
        with pytest.raises(InvalidArguments):
            await w.changes.rename(w.owner, made.id, alias)
        assert await w.auth.get_connection(w.owner, made.id) == made


async def test_who_may_not_make_a_connection_may_not_change_it() -> None:
    async with world() as w:
        own = (await w.connected(w.member)).connection
        shared = (await w.connected(w.owner, shared=True)).connection
        await w.connected(w.owner, alias="taken", shared=True)

        for principal, connection, error in [
            (w.member, shared, RoleDenied),
            (w.viewer, shared, RoleDenied),
            (replace(w.owner, read_only=True), shared, PolicyDenied),
            (w.owner, own, UnknownConnection),
            (w.stranger, shared, UnknownConnection),
        ]:
            with pytest.raises(error):
                await w.changes.rename(principal, connection.id, "new")
            with pytest.raises(error):
                await w.changes.label(principal, connection.id, CUSTOMER)
        with pytest.raises(AlreadyExists):
            await w.changes.rename(w.owner, shared.id, "taken")
        assert await w.auth.get_connection(w.owner, shared.id) == shared


async def test_labels_take_the_place_of_those_that_were_there() -> None:
    async with world() as w:
        made = (await w.connected(w.owner)).connection
        for labels in (CUSTOMER, {"plan": "pro"}, {}):
            assert await w.changes.label(w.owner, made.id, labels) == replace(made, labels=labels)
            assert await w.auth.get_connection(w.owner, made.id) == replace(made, labels=labels)


async def asked(w: World, connector: str, labels: Mapping[str, str], alias: str | None = None) -> ConnectSession:
    return await w.auth.connect(w.owner, connector, alias=alias, labels=labels)


async def labels_of(w: World) -> dict[str, Mapping[str, str]]:
    return {row.name: row.labels for row, _ in await w.auth.list_connections(w.owner)}


async def test_what_a_link_makes_has_the_links_labels_and_a_renewal_without_any_keeps_them() -> None:
    async with world() as w:
        await w.submit(await asked(w, "notes", CUSTOMER))
        assert await labels_of(w) == {"notes/default": CUSTOMER}

        await w.submit(await w.auth.connect(w.owner, "notes", alias="default"))
        assert await labels_of(w) == {"notes/default": CUSTOMER}

        await w.submit(await asked(w, "notes", {"plan": "pro"}, "default"))
        assert await labels_of(w) == {"notes/default": {"plan": "pro"}}


async def test_the_labels_asked_for_last_count_and_asking_without_any_leaves_them() -> None:
    async with world() as w:
        first = await asked(w, "notes", {"customer": "mistyped"})
        again = await asked(w, "notes", CUSTOMER)
        assert again == replace(first, labels=CUSTOMER)
        assert await w.auth.connect(w.owner, "notes") == again
        await w.submit(again)
        assert await labels_of(w) == {"notes/default": CUSTOMER}

        late = await asked(w, "notes", {"customer": "late"}, "default")
        assert late.link != again.link
        assert await labels_of(w) == {"notes/default": CUSTOMER}


async def test_a_link_has_its_labels_from_the_beginning_and_none_once_it_is_used() -> None:
    async with world() as w:
        session = await asked(w, "notes", CUSTOMER)
        kept = await w.vault.sessions.by_link(session.link)
        assert kept is not None
        assert kept.labels == CUSTOMER
        await w.submit(session)
        assert await ConnectSessions(w.vault, w.clock).labelled(session, {"customer": "late"}) is None


async def test_a_bundle_labels_all_that_it_makes() -> None:
    async with world(connectors=SUITE) as w:
        assert isinstance(await w.submit(await asked(w, "suite", CUSTOMER)), Connected)
        assert await labels_of(w) == {"mail/default": CUSTOMER, "files/default": CUSTOMER}


async def test_what_is_only_renewed_along_with_another_keeps_its_labels() -> None:
    async with world(connectors=SUITE) as w:
        mail = await w.submit(await asked(w, "mail", CUSTOMER))
        assert isinstance(mail, Connected)
        session = await asked(w, "files", {"customer": "c-18"})
        await w.auth.sign_in.submit(session, "b1", Entry("", {}, grant_id=mail.connection.grant_id))
        assert await labels_of(w) == {"mail/default": CUSTOMER, "files/default": {"customer": "c-18"}}

        await w.submit(await asked(w, "mail", {"plan": "pro"}, "default"), GOOD_KEY)

        assert len({grant.id for _, grant in await w.auth.list_connections(w.owner)}) == 1
        assert await labels_of(w) == {"mail/default": {"plan": "pro"}, "files/default": {"customer": "c-18"}}
