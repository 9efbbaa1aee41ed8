"""102: Nango's webhook. A forged event, or a true one about somebody else's connection, is never believed.

Two workspaces share one environment at Nango: whatever an event, a list or a tag says, a connection is taken only if,
fetched by our own key, its tags are those of the sign-in that this workspace's session has begun.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from tests.auth.nango.scene import Scene, scene, web_of
from tests.nango.state import Connection
from tests.nango.webhooks import compact, signatures

from connectory.errors import RoleDenied
from connectory.identity.principal import Principal
from connectory.vault.entities import Connection as OurConnection
from connectory.vault.entities import GrantStatus, Role, SessionStatus

WEBHOOK = "/api/nango/webhook"
KEY = "the-environment-s-signing-key"


@asynccontextmanager
async def two_workspaces() -> AsyncIterator[tuple[Scene, httpx2.AsyncClient, Principal, OurConnection]]:
    """Ann, Eve of another workspace, who has a connection through the same Nango, and our door for webhooks."""
    async with scene(NANGO_WEBHOOK_SIGNING_KEY=KEY) as s, web_of(s) as client:
        s.environment.signing_key = KEY
        eve = await s.another()
        yield s, client, eve, await s.connected(eve, name="eve00")


def auth_event(there: Connection, **changes: Any) -> bytes:
    """An event about a connection, as Nango writes it."""
    return compact(
        {
            "from": "nango", "type": "auth", "operation": "creation", "success": True, "environment": "dev",
            "authMode": "OAUTH2", "provider": "notes", "connectionId": there.connection_id,
            "providerConfigKey": there.provider_config_key, "tags": there.tags, **changes,
        }
    )  # fmt: skip


async def send(client: httpx2.AsyncClient, body: bytes, key: str | None = KEY) -> int:
    headers = {"X-Nango-Hmac-Sha256": signatures(key, body)["X-Nango-Hmac-Sha256"]} if key is not None else {}
    return (await client.post(WEBHOOK, content=body, headers=headers)).status_code


@pytest.mark.parametrize("key", [None, "a-guess", "k"])
async def test_attack_102_a_forged_event_is_refused_and_nothing_is_asked(key: str | None) -> None:
    async with two_workspaces() as (s, client, _, hers):
        session = await s.begin()
        [page] = s.nango.state.sessions.values()
        s.nango.state.seen.clear()

        assert await send(client, auth_event(await s.there(hers), tags=page.tags), key) == 401

        assert s.nango.state.seen == []
        assert (await s.session(session)).status is SessionStatus.BOUND


async def test_attack_102_the_old_header_alone_is_no_signature() -> None:
    async with two_workspaces() as (s, client, _, hers):
        body = auth_event(await s.there(hers))

        answer = await client.post(
            WEBHOOK, content=body, headers={"X-Nango-Signature": signatures(KEY, body)["X-Nango-Signature"]}
        )

        assert answer.status_code == 401


@pytest.mark.parametrize("operation", ["creation", "override"])
async def test_attack_102_another_workspace_s_connection_in_an_event_with_our_tags_is_not_taken(operation: str) -> None:
    """As if whoever sends had the key, or Nango itself were wrong: the body says it is ours."""
    async with two_workspaces() as (s, client, eve, hers):
        session = await s.begin()
        [page] = s.nango.state.sessions.values()
        there, before = await s.there(hers), await s.grant(hers)

        assert await send(client, auth_event(there, operation=operation, tags=page.tags)) == 200

        assert (await s.session(session)).status is SessionStatus.BOUND
        assert await s.application.auth.list_connections(s.ann) == []
        assert await s.grant(hers) == before
        assert (await s.token(hers, eve)).startswith("eve00")


async def test_attack_102_an_event_cannot_finish_another_s_session_with_one_s_own_connection() -> None:
    """Login CSRF by webhook: Eve's fresh connection must not become Ann's."""
    async with two_workspaces() as (s, client, _, hers):
        victim = await s.begin()
        [page] = s.nango.state.sessions.values()
        there = await s.there(hers)

        await send(client, auth_event(there, tags={**there.tags, "connectory_session": victim.id}))
        await send(client, auth_event(there, tags=page.tags))

        assert (await s.session(victim)).status is SessionStatus.BOUND
        assert await s.application.auth.list_connections(s.ann) == []


async def test_attack_102_a_reconnect_is_not_answered_by_another_connection() -> None:
    async with two_workspaces() as (s, client, eve, hers):
        mine = await s.connected()
        session = await s.begin(alias="default")
        [page] = s.nango.state.sessions.values()
        there, place = await s.there(hers), await s.reference(mine)

        await send(client, auth_event(there, operation="override", tags=page.tags))
        s.clock.pass_by(seconds=6)
        there.tags = dict(page.tags)  # even if Nango's own list said that it is by this sign-in
        await s.poll(session)

        assert (await s.session(session)).status is SessionStatus.BOUND
        assert await s.reference(mine) == place
        assert (await s.grant(hers)).workspace_id == eve.workspace_id


async def test_attack_102_a_connection_whose_tags_were_given_to_another_workspace_is_used_by_neither() -> None:
    async with two_workspaces() as (s, _, eve, hers):
        mine = await s.connected()
        (await s.there(hers)).tags = dict((await s.there(mine)).tags)
        s.clock.pass_by(minutes=6)

        with pytest.raises(Exception, match="anew at Nango"):
            await s.token(hers, eve)

        assert (await s.token(mine)).startswith("alice")


async def test_attack_102_an_event_about_a_healthy_connection_does_not_break_it() -> None:
    async with two_workspaces() as (s, client, eve, hers):
        there, before = await s.there(hers), await s.grant(hers)

        for operation in ("refresh", "override", "creation"):
            for tags in ({}, there.tags, {"connectory_workspace": str(s.ann.workspace_id)}):
                body = auth_event(there, operation=operation, success=False, tags=tags)
                assert await send(client, body) == 200

        assert await s.grant(hers) == before
        assert before.status is GrantStatus.ACTIVE
        assert (await s.token(hers, eve)).startswith("eve00")


@pytest.mark.parametrize(
    "name", ["connectory_workspace", "connectory_session", "connectory_sign_in", "connectory_user"]
)
async def test_attack_102_tags_with_strange_values_lead_nowhere(name: str) -> None:
    async with two_workspaces() as (s, client, _, hers):
        session, there = await s.begin(), await s.there(hers)
        for value in ("", "'", '" OR 1=1', "../" * 50, "x" * 5000, "\u0000", "cs_" + "a" * 26):
            assert await send(client, auth_event(there, tags={**there.tags, f"connectory_{name}": value})) == 200

        assert (await s.session(session)).status is SessionStatus.BOUND


async def test_attack_102_a_repeat_of_an_old_event_changes_nothing() -> None:
    """There is no delivery id and no time in it."""
    async with two_workspaces() as (s, client, _, __):
        mine = await s.connected()
        old = auth_event(await s.there(mine))
        await s.connected(alias="default", name="alice")
        before = await s.grant(mine)

        for _ in range(3):
            assert await send(client, old) == 200

        assert await s.grant(mine) == before


async def test_attack_102_the_answer_tells_a_sender_nothing_of_what_is_known() -> None:
    async with two_workspaces() as (s, client, _, hers):
        there = await s.there(hers)
        bodies = [
            auth_event(there),
            auth_event(there, connectionId="c-none"),
            auth_event(there, providerConfigKey="none"),
            json.dumps({"from": "notes", "type": "forward", "connectionId": there.connection_id,
                        "providerConfigKey": "notes", "payload": {}}).encode(),
        ]  # fmt: skip
        answers = set()
        for body in bodies:
            header = {"X-Nango-Hmac-Sha256": signatures(KEY, body)["X-Nango-Hmac-Sha256"]}
            answer = await client.post(WEBHOOK, content=body, headers=header)
            answers.add((answer.status_code, answer.content))

        assert len(answers) == 1


async def test_attack_42_nothing_of_nango_s_ids_stands_in_what_an_agent_reads() -> None:
    """Whoever knows a connection's id and has the environment's key reads its token; the agent needs neither."""
    async with two_workspaces() as (s, _, __, ___):
        mine = await s.connected()
        session = await s.begin(alias="second")
        page = await s.page(session)
        reference = await s.reference(mine)
        shown = [
            repr(await s.application.auth.list_connections(s.ann)),
            repr(await s.application.auth.get_credentials(s.ann, mine.id)),
            repr(session),
            repr(await s.application.auth.sign_in.page_of(session)),
        ]

        for secret in (page, reference.connection_id, reference.sign_in, s.environment.key):
            assert not [one for one in shown if secret in one], secret


async def test_attack_48_only_who_may_renew_a_shared_connection_gets_nango_s_page_for_it() -> None:
    async with two_workspaces() as (s, _, __, ___):
        shared = await s.connected(shared=True)
        mia = await s.application.vault.workspaces.create_user("mia")
        await s.application.vault.workspaces.set_member(s.ann.workspace_id, mia.id, Role.MEMBER)
        member = replace(s.ann, user_id=mia.id, role=Role.MEMBER)

        with pytest.raises(RoleDenied):
            await s.application.auth.connect(member, "notes", alias="default", shared=True, backend="nango")
        session = await s.begin(member, alias="default")  # the same name makes one of their own

        [page] = s.nango.state.sessions.values()
        assert page.connection is None
        assert session.connection_id is None
        assert (await s.there(shared)).tags["connectory_user"] == s.ann.user_id
