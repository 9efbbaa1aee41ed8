"""Custom connectors: who may add and remove them, and when one stays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.catalog.making import changed

from connectory.errors import InvalidArguments, PolicyDenied, RoleDenied, SetupError, UnknownObject
from connectory.identity.custom_connectors import CustomConnectors
from connectory.identity.principal import local_principal
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.connectors import NOTES_YAML
from connectory.vault.entities import Role
from connectory.wiring import Application

SHOP = json.dumps(changed(("name", "my-shop")), indent=1)
MEMOS = NOTES_YAML.replace("name: notes", "name: memos")


@asynccontextmanager
async def application_in(folder: Path) -> AsyncIterator[tuple[Application, CustomConnectors]]:
    settings = make_settings(CONNECTORY_DATA_DIR=str(folder))
    async with make_application(settings=settings) as application:
        yield application, application.custom_connectors


async def test_an_operator_adds_replaces_and_removes_and_it_is_on_record(tmp_path: Path) -> None:
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        before = await application.vault.workspaces.revision(me.workspace_id)
        assert (await custom.put(me, SHOP)).name == "my-shop"
        assert "my-shop" in application.catalog.connectors
        assert await application.vault.workspaces.revision(me.workspace_id) > before  # open pages ask anew
        await custom.put(me, SHOP.replace('"Acme"', '"My shop"'))
        assert application.catalog.connector("my-shop").title == "My shop"
        assert [one.name for one in await custom.list(me)] == ["my-shop"]
        await custom.remove(me, "my-shop")
        assert "my-shop" not in application.catalog.connectors
        lines = await application.vault.audit.list(me.workspace_id)
    told = [(line.action, line.effect, line.outcome) for line in lines]
    assert told[:1] == [("connector_remove", "destructive", "ok")]
    assert told.count(("connector_put", "write", "ok")) == 2


async def test_only_operators_change_what_is_the_whole_servers(tmp_path: Path) -> None:
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        await custom.put(me, SHOP)
        member = await make_principal(application, user="mia", role=Role.MEMBER)
        viewer = await make_principal(application, user="vic", role=Role.VIEWER)
        elsewhere = await make_principal(application, "other", "eve")
        reading = await make_principal(application, user="rea", read_only=True)
        for who in (member, viewer, elsewhere, reading):
            assert not await custom.may_change(who)
            for change in (custom.put(who, MEMOS), custom.remove(who, "my-shop")):
                with pytest.raises((RoleDenied, PolicyDenied)):
                    await change
        assert await custom.may_change(me)
        assert (await custom.check(member, MEMOS)).connector is not None
        for look in (custom.check(viewer, MEMOS), custom.list(viewer)):
            with pytest.raises(RoleDenied):
                await look
        assert set(application.catalog.connectors) == {"notes", "my-shop"}


async def test_a_bad_manifest_and_a_packaged_name_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        for text, told in (("format: 1\n", "'name' is missing"), (NOTES_YAML, "There is a connector 'notes' already")):
            with pytest.raises(InvalidArguments) as refusal:
                await custom.put(me, text)
            assert told in refusal.value.text
        assert not (tmp_path / "manifests").exists()


async def test_one_that_is_used_stays(tmp_path: Path) -> None:
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        await custom.put(me, MEMOS)
        elsewhere = await make_principal(application, "other", "eve")
        connection = await connect(application, elsewhere, "memos")  # in whatever workspace
        with pytest.raises(InvalidArguments, match="a connection uses it"):
            await custom.remove(me, "memos")
        assert "memos" in application.catalog.connectors
        await application.auth.disconnect(elsewhere, connection.id)
        await custom.remove(me, "memos")
        with pytest.raises(UnknownObject):
            await custom.remove(me, "memos")
        with pytest.raises(UnknownObject):
            await custom.remove(me, "notes")  # not one's own


async def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "manifests").write_text("a file")
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        with pytest.raises(SetupError):
            await custom.put(me, SHOP)
        assert "my-shop" not in application.catalog.connectors
