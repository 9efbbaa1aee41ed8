"""Custom connectors: who may add and remove them, and when one stays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.drafts import OAUTH_YAML
from tests.catalog.making import changed

from connectory.errors import InvalidArguments, PolicyDenied, RoleDenied, SetupError, UnknownObject
from connectory.identity.custom_connectors import CustomConnectors
from connectory.identity.principal import local_principal
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.connectors import NOTES_YAML
from connectory.vault.entities import PolicyEffect, Role
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


async def test_all_of_it_is_for_operators_and_a_read_only_one_looks(tmp_path: Path) -> None:
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        await custom.put(me, SHOP)
        member = await make_principal(application, user="mia", role=Role.MEMBER)
        viewer = await make_principal(application, user="vic", role=Role.VIEWER)
        elsewhere = await make_principal(application, "other", "eve")
        for who in (member, viewer, elsewhere):
            assert not await custom.may_look(who)
            assert not await custom.may_change(who)
            for attempt in (custom.put(who, MEMOS), custom.remove(who, "my-shop"), custom.check(who, MEMOS)):
                with pytest.raises(RoleDenied):
                    await attempt
            with pytest.raises(RoleDenied):
                await custom.list(who)
        reading = replace(me, read_only=True)
        assert await custom.may_look(reading)
        assert not await custom.may_change(reading)
        assert [one.name for one in await custom.list(reading)] == ["my-shop"]
        for attempt in (custom.put(reading, MEMOS), custom.remove(reading, "my-shop"), custom.check(reading, MEMOS)):
            with pytest.raises(PolicyDenied):
                await attempt
        assert await custom.may_change(me)
        assert set(application.catalog.connectors) == {"notes", "my-shop"}


@pytest.mark.parametrize("level", ["workspace", "user", "token"])
async def test_a_token_that_a_rule_concerns_adds_and_removes_none(tmp_path: Path, level: str) -> None:
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        await custom.put(me, SHOP)
        acting = await application.tokens.verify((await application.tokens.create(me, "t"))[1])
        assert acting is not None
        assert await custom.may_change(acting)
        whom: dict[str, Any] = {level: acting.user_id if level == "user" else acting.token_id}
        await application.policies.add(me, PolicyEffect.DENY, ["*_delete_*"], **whom if level != "workspace" else {})
        assert not await custom.may_change(acting)
        for attempt in (custom.put(acting, MEMOS), custom.remove(acting, "my-shop")):
            with pytest.raises(PolicyDenied, match="while a policy concerns it"):
                await attempt
        assert (await custom.check(acting, MEMOS)).connector is not None
        assert await custom.may_change(me)


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


async def test_one_that_is_used_sends_nowhere_new(tmp_path: Path) -> None:
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        await custom.put(me, MEMOS)
        elsewhere = await make_principal(application, "other", "eve")
        connection = await connect(application, elsewhere, "memos")
        evil = MEMOS.replace("https://api.notes.example", "https://evil.example")
        with pytest.raises(InvalidArguments) as refusal:
            await custom.put(me, evil)
        assert "https://evil.example" in refusal.value.text
        assert "Disconnect first" in refusal.value.hint
        assert [one.text for one in await custom.list(me)] == [MEMOS]
        await custom.put(me, MEMOS.replace("title: Notes", "title: Memos"))  # to where it sends already
        (tmp_path / "manifests" / "memos.yaml").unlink()
        with pytest.raises(InvalidArguments):
            await custom.put(me, evil)
        (tmp_path / "manifests" / "memos.yaml").write_text(f"{MEMOS}\noops: 1\n")
        await custom.put(me, MEMOS)  # a broken one can be mended
        await application.auth.disconnect(elsewhere, connection.id)
        await custom.put(me, evil)


async def test_the_secret_of_an_oauth_app_is_sent_nowhere_new_either(tmp_path: Path) -> None:
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        await custom.put(me, OAUTH_YAML)
        elsewhere = await make_principal(application, "other", "eve")
        await application.oauth_apps.put(elsewhere, "board", "id-1", "s3cret")
        with pytest.raises(InvalidArguments, match="an OAuth app is kept for it") as refusal:
            await custom.put(me, OAUTH_YAML.replace("https://board.example/token", "https://evil.example/token"))
        assert "https://evil.example" in refusal.value.text
        with pytest.raises(InvalidArguments, match="an OAuth app is kept for it"):
            await custom.remove(me, "board")
        await application.oauth_apps.remove(elsewhere, "board")
        await custom.remove(me, "board")


async def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "manifests").write_text("a file")
    async with application_in(tmp_path) as (application, custom):
        me = await local_principal(application.vault)
        with pytest.raises(SetupError):
            await custom.put(me, SHOP)
        assert "my-shop" not in application.catalog.connectors
