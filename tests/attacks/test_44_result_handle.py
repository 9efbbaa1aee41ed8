"""44. Result handles: the whole behind a cut result opens for the principal it was kept for, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from tests.attacks.face import FLEET, Face, make_face

from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import Role, new_id
from connectory.vault.tables import kept_results

MARK = "marker-of-the-victim"
NOTES = [{"id": number, "title": f"{MARK} {number} {'x' * 200}"} for number in range(20)]


@dataclass
class Clock:
    """Time that a test moves."""

    at: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Scene:
    face: Face
    clock: Clock
    victim: Principal
    token: str
    handle: str

    async def assert_unknown_to(self, token: str) -> None:
        """The handle is answered as a random one, whatever is asked of it."""
        random = new_id("rs")
        for more in ({}, {"offset": 3}, {"path": "[*].title"}, {"limit": 1}):
            own = await self.face.call(token, "read_result", result=self.handle, **more)
            none = await self.face.call(token, "read_result", result=random, **more)
            assert own.failed
            assert own.text.replace(self.handle, "ID") == none.text.replace(random, "ID")
            assert MARK not in own.text

    async def assert_known_to(self, token: str) -> None:
        assert MARK in (await self.face.call(token, "read_result", result=self.handle)).text


@asynccontextmanager
async def make_scene(*, shared: bool = False) -> AsyncIterator[Scene]:
    """U1 of W1 has called an action whose answer was cut; the connection is theirs, or the workspace's."""
    clock = Clock()
    environment = {**FLEET, "CONNECTORY_RESULT_TOKENS": "200"}
    async with make_face(FakeProvider(answers(200, NOTES)), environment, now=clock) as face:
        owner = await make_principal(face.application, "alpha", "uma")
        victim = await make_principal(face.application, "alpha", "vic", Role.MEMBER)
        await connect(face.application, owner if shared else victim, shared=shared)
        token = await face.token_of(victim)
        said = await face.call(token, "notes_list_notes", book="b")
        scene = Scene(face, clock, victim, token, said.text.partition("result=")[2].partition(",")[0])
        await scene.assert_known_to(token)
        yield scene


async def test_attack_44_another_workspace_user_or_token_does_not_open_it() -> None:
    async with make_scene() as scene:
        face = scene.face
        stranger = await make_principal(face.application, "beta", "eve")
        colleague = await make_principal(face.application, "alpha", "max")
        for principal in (stranger, colleague):
            await connect(face.application, principal)
            await scene.assert_unknown_to(await face.token_of(principal))
        await scene.assert_unknown_to(await face.token_of(scene.victim))  # their other token may be narrowed
        await scene.assert_known_to(scene.token)


async def test_attack_44_after_disconnect_it_is_gone_from_the_store_too() -> None:
    async with make_scene() as scene:
        assert not (await scene.face.call(scene.token, "disconnect", connection="notes/default")).failed
        await scene.assert_unknown_to(scene.token)
        assert await scene.face.application.vault.database.rows(sa.select(kept_results)) == []


async def test_attack_44_a_shared_connection_takes_everybody_s_results_with_it() -> None:
    async with make_scene(shared=True) as scene:
        [(owner, _), *_] = await scene.face.application.vault.workspaces.members(scene.victim.workspace_id)
        token = await scene.face.token_of(Principal(scene.victim.workspace_id, owner.id, Role.OWNER))
        await scene.assert_unknown_to(token)
        assert not (await scene.face.call(token, "disconnect", connection="notes/default")).failed
        await scene.assert_unknown_to(scene.token)


async def test_attack_44_after_an_hour_it_is_over() -> None:
    async with make_scene() as scene:
        scene.clock.at += timedelta(minutes=59)
        await scene.assert_known_to(scene.token)
        scene.clock.at += timedelta(minutes=1)
        await scene.assert_unknown_to(scene.token)


async def test_attack_44_after_the_token_s_revocation_nothing_opens_it() -> None:
    async with make_scene() as scene:
        face = scene.face
        await face.application.tokens.revoke(scene.victim, scene.token[:12])
        read = {"name": "read_result", "arguments": {"result": scene.handle}}
        refused = await face.post(scene.token, "tools/call", **read)
        assert refused.status_code == 401
        assert MARK not in refused.text
        await scene.assert_unknown_to(await face.token_of(scene.victim))


async def test_attack_44_who_is_no_member_any_more_opens_nothing() -> None:
    async with make_scene() as scene:
        await scene.face.application.vault.workspaces.remove_member(scene.victim.workspace_id, scene.victim.user_id)
        read = {"name": "read_result", "arguments": {"result": scene.handle}}
        assert (await scene.face.post(scene.token, "tools/call", **read)).status_code == 401


def test_attack_44_a_handle_is_128_bits_of_chance() -> None:
    handles = {new_id("rs").partition("_")[2] for _ in range(1000)}
    assert len(handles) == 1000
    assert {len(handle) * 5 for handle in handles} == {130}  # base32
    columns = zip(*handles, strict=True)
    assert all(len(set(column)) == 32 for column in columns)  # no part of it is a clock or a counter
