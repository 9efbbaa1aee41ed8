"""Manifests tried without being kept: who may, by which ways, and what of the server's own they never see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.catalog.drafts import MEMOS, OAUTH_YAML

from connectory.auth.backend import Entry
from connectory.auth.supposing import ONLY_THEN
from connectory.errors import ConnectoryError, InvalidArguments, PolicyDenied, RoleDenied, UnknownAction
from connectory.gateway.drafts import IN_BROWSER, Draft, DraftCall, Tried
from connectory.identity.principal import Principal, local_principal
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect, Role
from connectory.wiring import Application

LIST = DraftCall("memos_list_notes", {"book": "b"}, Entry("token", {"token": "typed-key-31"}), send=True)
MEMBER_YAML = """
format: 1
name: deck-more
title: More of Board
description: Rows.
category: productivity
docs: https://board.example/docs
family: deck
servers: {api: "https://api.board.example"}
verify: {request: {get: /me}, account: {id: id, name: name}}
actions:
  list_rows:
    title: List rows
    description: List the rows of Board.
    effect: read
    request: {get: /rows}
    docs: https://board.example/docs
"""


@asynccontextmanager
async def scene(
    folder: Path, provider: FakeProvider | None = None, **environment: str
) -> AsyncIterator[tuple[Application, Principal]]:
    settings = make_settings(CONNECTORY_DATA_DIR=str(folder), **environment)
    catalog = make_catalog(make_connector(), make_connector(OAUTH_YAML))
    async with make_application(provider, settings=settings, catalog=catalog) as application:
        yield application, await local_principal(application.vault)


async def read(application: Application, me: Principal, text: str = MEMOS) -> Draft:
    draft = await application.drafts.check(me, text)
    assert isinstance(draft, Draft), draft
    return draft


async def run(application: Application, draft: Draft, call: DraftCall) -> Tried:
    async with application.drafts.opened(draft) as trying:
        return await trying.run(call)


async def test_it_is_called_by_what_was_typed_and_by_no_connection_of_its_name(tmp_path: Path) -> None:
    provider = FakeProvider(answers(200, [{"id": 1, "title": "x"}]))
    async with scene(tmp_path, provider) as (application, me):
        await application.custom_connectors.put(me, MEMOS)
        await connect(application, me, "memos", token="kept-key-62")
        draft = await read(application, me, MEMOS.replace("title: Memos", "title: Newer"))

        tried = await run(application, draft, LIST)

        assert tried.trial.result is not None, tried
        assert "From Newer" in tried.trial.result.text
        assert application.catalog.connector("memos").title == "Memos"
        [(row, _)] = await application.auth.list_connections(me, "memos")
        assert row.name == "memos/default"
    assert [one.headers["authorization"] for one in provider.requests] == ["Bearer typed-key-31"]


async def test_without_sending_nobody_is_asked_and_no_secret_is_needed(tmp_path: Path) -> None:
    provider = FakeProvider()
    async with scene(tmp_path, provider) as (application, me):
        draft = await read(application, me)
        tried = await run(application, draft, replace(LIST, entry=Entry("token", {}), send=False))

    assert tried.trial.request["url"].startswith("https://api.notes.example/v1/books/b/notes")
    assert (tried.trial.seen, tried.trial.result, provider.requests) == ([], None, [])


async def test_the_servers_own_app_is_not_at_a_draft_s_hands(tmp_path: Path) -> None:
    text = OAUTH_YAML.replace("name: board", "name: chart")
    async with scene(tmp_path, CHART_CLIENT_ID="ours", CHART_CLIENT_SECRET="s3cret") as (application, me):
        draft = await read(application, me, text)
        async with application.drafts.opened(draft) as trying:
            [way] = trying.ways
            tried = await trying.run(DraftCall("chart_list_cards", {}, Entry("oauth", {}), send=True))

    assert (way.leaves, way.setup is not None) == (True, True)
    assert [one.message for one in tried.problems] == [IN_BROWSER]


async def test_one_of_a_family_stands_beside_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as (application, me):
        await application.custom_connectors.put(me, OAUTH_YAML.replace("name: board", "name: deck"))
        draft = await read(application, me, MEMBER_YAML)
        async with application.drafts.opened(draft) as trying:
            [way] = trying.ways
            tried = await trying.run(DraftCall("deck_more_list_rows", {}, Entry(way.method, {}), send=False))

    assert tried.trial.request["url"] == "https://api.board.example/rows"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (DraftCall("memos_forged", {}, LIST.entry, send=True), UnknownAction),
        (DraftCall("notes_list_notes", {"book": "b"}, LIST.entry, send=True), UnknownAction),  # not the draft's
        (DraftCall(LIST.tool, {"book": "b"}, Entry("forged", {}), send=False), InvalidArguments),
        (DraftCall(LIST.tool, {}, LIST.entry, send=False), InvalidArguments),
    ],
)
async def test_what_is_not_there_cannot_be_tried(tmp_path: Path, call: DraftCall, error: type[ConnectoryError]) -> None:
    async with scene(tmp_path) as (application, me):
        with pytest.raises(error):
            await run(application, await read(application, me), call)


async def test_a_server_that_only_the_sign_in_names_cannot_be_shown(tmp_path: Path) -> None:
    text = OAUTH_YAML.replace("name: board", "name: chart").replace("https://api.board.example", "{connection.home}")
    facts = "    facts: {home: {token: home, kind: origin}}\n    register:"
    async with scene(tmp_path) as (application, me):
        draft = await read(application, me, text.replace("    register:", facts))
        call = DraftCall("chart_list_cards", {}, Entry("oauth", {}), send=False)

        tried = await run(application, draft, call)

    assert [one.message for one in tried.problems] == [ONLY_THEN]


@pytest.mark.parametrize(
    ("workspace", "role"), [("default", Role.MEMBER), ("default", Role.VIEWER), ("beta", Role.OWNER)]
)
async def test_it_is_for_whoever_runs_the_server(tmp_path: Path, workspace: str, role: Role) -> None:
    async with scene(tmp_path) as (application, _):
        other = await make_principal(application, workspace, "uma", role)
        with pytest.raises(RoleDenied, match="may try manifests"):
            await application.drafts.check(other, MEMOS)


@pytest.mark.parametrize("is_reading", [True, False])
async def test_a_token_that_may_do_less_than_its_person_tries_nothing(tmp_path: Path, *, is_reading: bool) -> None:
    async with scene(tmp_path) as (application, me):
        record, secret = await application.tokens.create(me, "laptop", read_only=is_reading)
        if not is_reading:
            await application.policies.add(me, PolicyEffect.ALLOW, ["memos_*"], token=record.id)
        agent = await application.tokens.verify(secret)
        assert agent is not None
        with pytest.raises(PolicyDenied):
            await application.drafts.check(agent, MEMOS)
