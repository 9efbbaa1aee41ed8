"""Moving a connection to another backend: it keeps id, alias, policy and history."""

from __future__ import annotations

import pytest
from tests.auth.nango.scene import scene

from connectory.auth.backend import Connected, Elsewhere, Entry
from connectory.auth.moving import move
from connectory.errors import AlreadyExists, BackendUnavailable, UnknownConnection
from connectory.testing.application import connect
from connectory.vault.entities import PolicyEffect, SessionStatus


async def test_a_typed_key_s_connection_moves_to_nango_and_stays_itself() -> None:
    async with scene() as s:
        before = await connect(s.application, s.ann, "notes", alias="work", backend="direct", token="alice-typed")
        rule = await s.application.vault.policies.add(
            workspace_id=s.ann.workspace_id, user_id=None, token_id=None, effect=PolicyEffect.DENY, pattern="notes_x*"
        )
        lines = len(await s.application.vault.audit.list(s.ann.workspace_id))

        session = await move(s.application.auth, s.ann, before.id, "nango")
        step = await s.application.auth.sign_in.submit(session, "browser", Entry("oauth", {}, backend="nango"))
        assert isinstance(step, Elsewhere)
        assert await s.token(before) == "alice-typed"  # until the person has signed in nothing changes
        await s.sign_in(step.url)
        done = await s.poll(session)

        assert (done.status, done.connection_id) == (SessionStatus.CONNECTED, before.id)
        [(after, grant)] = await s.application.auth.list_connections(s.ann)
        assert (after.id, after.alias, grant.backend) == (before.id, "work", "nango")
        assert await s.application.vault.policies.list(s.ann.workspace_id) == [rule]
        await s.application.audit.flush()
        assert len(await s.application.vault.audit.list(s.ann.workspace_id)) > lines


async def test_back_again_nango_s_connection_is_deleted() -> None:
    async with scene() as s:
        before = await s.connected(alias="work")

        session = await move(s.application.auth, s.ann, before.id, "direct")
        done = await s.application.auth.sign_in.submit(session, "browser", Entry("token", {"token": "alice-typed"}))

        assert isinstance(done, Connected)
        assert done.connection.id == before.id
        assert (await s.grant(before)).backend == "direct"
        assert s.environment.connections == {}


async def test_where_it_is_already_it_is_not_moved() -> None:
    async with scene() as s:
        connection = await s.connected()

        with pytest.raises(AlreadyExists, match="with the backend 'nango' already"):
            await move(s.application.auth, s.ann, connection.id, "nango")


async def test_to_a_backend_that_cannot_serve_it_is_not_moved() -> None:
    async with scene() as s:
        connection = await s.connected()

        with pytest.raises(BackendUnavailable):
            await move(s.application.auth, s.ann, connection.id, "carrier-pigeon")


async def test_another_s_connection_is_unknown() -> None:
    async with scene() as s:
        connection = await s.connected()
        eve = await s.another()

        with pytest.raises(UnknownConnection):
            await move(s.application.auth, eve, connection.id, "direct")
