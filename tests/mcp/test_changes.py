"""Who hears of a changed tool list: those alone whose own list did, in both eras."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from mcp import Client, MCPError
from tests.e2e.listening import Ears
from tests.mcp.test_tools import BOTH_ERAS, Era

from connectory.errors import DatabaseLocked
from connectory.identity.principal import Principal
from connectory.mcp.changes import ListChanges
from connectory.mcp.handlers import FixedTools
from connectory.mcp.offers import Offers
from connectory.mcp.rounds import RoundSeals
from connectory.mcp.server import build_server, list_view
from connectory.mcp.streams import OpenStreams
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.vault.entities import PolicyEffect, Role, WorkspaceId
from connectory.wiring import Application

POLL_S = 0.01
SOON_S = 30.0  # a few looks are meant; the machine may be busy
SILENCE_S = 0.2


@dataclass
class Looks:
    """The looks at the database: counted, and failing on demand."""

    application: Application
    count: int = 0
    fails: bool = False
    asked: list[set[WorkspaceId]] = field(default_factory=list)

    async def revisions(self, ids: Collection[WorkspaceId]) -> Mapping[WorkspaceId, int]:
        self.count += 1
        self.asked.append(set(ids))
        if self.fails:
            raise DatabaseLocked("locked", hint="wait")
        return await self.application.vault.workspaces.revisions(ids)


@dataclass
class House:
    """An application whose changes are looked for often."""

    application: Application
    changes: ListChanges
    looks: Looks

    @asynccontextmanager
    async def ears(
        self, principal: Principal, era: Era, *, blocked: asyncio.Event | None = None
    ) -> AsyncIterator[Ears]:
        """A client inside the process that acts as `principal` and has listed its tools.

        With `blocked` it reads nothing more once it was told of a change.
        """
        ears: list[Ears] = []

        async def principal_of(_: Any) -> Principal:
            return principal

        async def take(message: Any) -> None:
            if ears and era == "legacy":
                await ears[0].take(message)
            if ears and blocked:
                blocked.set()
                await asyncio.Event().wait()

        offers = Offers(self.application.catalog, self.application.auth, self.application.gateway)
        fixed = FixedTools(
            offers, self.application.audit,
            presence=self.application.presence, connect_wait_s=0,
        )  # fmt: skip
        seals = RoundSeals(self.application.vault.keys)
        server = build_server(offers, fixed, principal_of, lambda _: (40, 8000), self.changes, seals)
        async with Client(server, mode=era, message_handler=take) as client:
            ears.append(Ears(client))
            if era == "legacy":
                await ears[0].tools()
                yield ears[0]
                return
            async with client.listen(tools_list_changed=True) as subscription:
                task = asyncio.create_task(_note_all(subscription, ears[0]))
                yield ears[0]
                task.cancel()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail if it does not soon."""
    async with asyncio.timeout(SOON_S):
        while not holds():  # noqa: ASYNC110 # looked at as any caller does
            await asyncio.sleep(POLL_S)


async def _note_all(subscription: Any, ears: Ears) -> None:
    async for _ in subscription:
        ears.note()
    ears.has_ended = True


@asynccontextmanager
async def house(**most: int) -> AsyncIterator[House]:
    memos = NOTES_YAML.replace("name: notes", "name: memos").replace("Notes", "Memos")
    catalog = make_catalog(make_connector(NOTES_YAML), make_connector(memos))
    async with make_application(catalog=catalog) as application:
        looks = Looks(application)
        view = partial(list_view, application.gateway)
        streams = OpenStreams(**most)
        changes = ListChanges(looks.revisions, application.tokens.renew, view, streams, poll_s=POLL_S)
        task = asyncio.create_task(changes.run())
        try:
            yield House(application, changes, looks)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@BOTH_ERAS
async def test_each_change_of_one_s_own_list_is_heard_once(era: Era) -> None:
    async with house() as it:
        principal = await make_principal(it.application)
        async with it.ears(principal, era) as ears:
            made = await connect(it.application, principal)
            assert await ears.hears(SOON_S)
            assert "notes_list_notes" in await ears.tools()
            await it.application.policies.add(principal, PolicyEffect.DENY, ["notes_list_notes"])
            assert await ears.hears(SOON_S)
            assert "notes_list_notes" not in await ears.tools()
            await it.application.auth.disconnect(principal, made.id)
            assert await ears.hears(SOON_S)
            assert not await ears.hears(SILENCE_S)
            assert ears.count == 3


@BOTH_ERAS
async def test_what_leaves_one_s_list_as_it_is_is_no_event(era: Era) -> None:
    async with house() as it:
        owner = await make_principal(it.application)
        member = await make_principal(it.application, user="mia", role=Role.MEMBER)
        stranger = await make_principal(it.application, "other", "eve")
        async with it.ears(member, era) as near, it.ears(stranger, era) as far, it.ears(owner, era) as own:
            await connect(it.application, owner)  # private
            assert await own.hears(SOON_S)
            await connect(it.application, owner, alias="second")  # the same actions once more
            await it.application.policies.add(owner, PolicyEffect.DENY, ["nothing_there"])
            assert not await near.hears(SILENCE_S)
            assert (near.count, far.count, own.count) == (0, 0, 1)
            await connect(it.application, owner, "memos", alias="all", shared=True)
            assert await near.hears(SOON_S)
            assert far.count == 0


async def test_nothing_is_looked_for_while_nobody_listens() -> None:
    async with house() as it:
        principal = await make_principal(it.application)
        await asyncio.sleep(POLL_S * 5)
        assert it.looks.count == 0
        for era in ("legacy", "auto"):
            before = it.looks.count
            async with it.ears(principal, era):
                await until(lambda: it.looks.count > before)  # noqa: B023 # it is asked here
                assert it.looks.asked[-1] == {principal.workspace_id}
            await asyncio.sleep(POLL_S * 5)
            seen = it.looks.count
            await asyncio.sleep(POLL_S * 5)
            assert it.looks.count == seen


@BOTH_ERAS
async def test_a_look_that_fails_is_made_again(era: Era) -> None:
    async with house() as it:
        principal = await make_principal(it.application)
        async with it.ears(principal, era) as ears:
            it.looks.fails = True
            await connect(it.application, principal)
            assert not await ears.hears(SILENCE_S)
            it.looks.fails = False
            assert await ears.hears(SOON_S)


async def test_a_subscription_ends_once_its_token_is_revoked() -> None:
    async with house() as it:
        owner = await make_principal(it.application)
        token, secret = await it.application.tokens.create(owner, "leaked")
        holder = await it.application.tokens.verify(secret)
        assert holder is not None
        async with it.ears(holder, "auto") as leaked, it.ears(owner, "auto") as stays:
            await asyncio.sleep(POLL_S * 5)
            await it.application.tokens.revoke(owner, token.id)
            await until(lambda: leaked.has_ended)
            assert not stays.has_ended
            await connect(it.application, owner)
            assert await stays.hears(SOON_S)
            assert leaked.count == 0


async def test_a_subscription_ends_once_its_user_has_left() -> None:
    async with house() as it:
        owner = await make_principal(it.application)
        member = await make_principal(it.application, user="mia", role=Role.MEMBER)
        async with it.ears(member, "auto") as gone, it.ears(owner, "auto") as stays:
            await it.application.workspaces.remove(owner, "mia")
            await until(lambda: gone.has_ended)
            assert (gone.count, stays.has_ended) == (0, False)


async def test_a_client_that_does_not_read_keeps_nobody_else_waiting() -> None:
    async with house() as it:
        principal, blocked = await make_principal(it.application), asyncio.Event()
        async with it.ears(principal, "legacy", blocked=blocked), it.ears(principal, "auto") as ears:
            await connect(it.application, principal)
            assert await ears.hears(SOON_S)
            await asyncio.wait_for(blocked.wait(), SOON_S)
            await connect(it.application, principal, "memos")
            assert await ears.hears(SOON_S)


async def test_one_user_s_subscriptions_are_bounded_and_take_nothing_from_others() -> None:
    async with house(most_of_one=2) as it:
        greedy, other = await make_principal(it.application), await make_principal(it.application, user="mia")
        async with it.ears(greedy, "auto"), it.ears(greedy, "auto"):
            with pytest.raises(ExceptionGroup) as refused:
                async with it.ears(greedy, "auto"):
                    raise AssertionError
            assert refused.group_contains(MCPError, match="Too many open subscriptions")
            async with it.ears(other, "auto"):
                pass
        async with it.ears(greedy, "auto"):
            pass


async def test_all_subscriptions_together_are_bounded() -> None:
    async with house(most=1) as it:
        first, second = await make_principal(it.application), await make_principal(it.application, user="mia")
        async with it.ears(first, "auto"):
            with pytest.raises(ExceptionGroup) as refused:
                async with it.ears(second, "auto"):
                    raise AssertionError
            assert refused.group_contains(MCPError, match="Too many open subscriptions")
        async with it.ears(second, "auto"):
            pass
