"""49. Two who share one server, interleaved call by call: a mark planted by one is never heard by the other."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from tests.e2e.hearing import Hearing
from tests.e2e.programs import Era, Install, Kinto, items_of


@dataclass
class Side:
    """One of the two. Its mark is part of everything that it makes."""

    hearing: Hearing
    install: Install
    token: str
    mark: str = field(default_factory=lambda: f"mk{secrets.token_hex(5)}")
    handle: str = ""

    async def live(self, kinto: Kinto, other: Side) -> AsyncIterator[str]:
        """The whole of a first day, in steps between which the other's come."""
        say, refused, mark = self.hearing.say, self.hearing.refused, self.mark
        password = f"{mark}-{secrets.token_urlsafe(12)}"
        kinto.create_account(mark, password)
        await say("list_connectors")
        await refused("kinto_list_buckets")
        yield "asked"
        await self.hearing.connect(kinto, mark, password, alias=mark)
        assert "kinto_create_record" in await self.hearing.tools()
        yield "connected"
        await say("kinto_create_bucket", bucket=mark)
        await say("kinto_create_collection", bucket=mark, collection="notes")
        made = items_of(await say("kinto_create_record", bucket=mark, collection="notes", data={"text": f"{mark} 1"}))
        kinto.fill((mark, password), mark, "notes", [{"text": f"{mark} {'x' * 700} {n}"} for n in range(40)])
        yield "created"
        assert mark in await say("kinto_list_buckets")  # the very arguments of the other, whose answer differs
        cut = await say("kinto_list_records", bucket=mark, collection="notes", limit=30)
        self.handle = cut.partition("result=")[2].partition(",")[0]
        cursor = cut.rpartition("cursor=")[2].strip()
        yield "listed"
        assert mark in await say("read_result", result=self.handle, offset=25)
        assert mark in await say("kinto_list_records", bucket=mark, collection="notes", limit=30, cursor=cursor)
        one = {"bucket": mark, "collection": "notes", "record": made["id"]}
        await say("kinto_update_record", **one, data={"more": mark})
        await say("request", connection=f"kinto/{mark}", method="GET", path=f"/buckets/{mark}")
        yield "changed"
        asked = await refused("read_result", result=other.handle)
        self.hearing.heard[-1] = asked.replace(other.handle, "ASKED", 1)
        await refused("kinto_list_records", bucket=mark, collection="notes", limit=30, cursor="x" * 200)
        for near in (other.mark[:-1], f"kinto/{other.mark[:-1]}", other.mark):
            self.forget(await refused("kinto_list_buckets", connection=near), other)
            self.forget(await refused("disconnect", connection=near), other)
        yield "pried"
        await say("list_connections")
        await say("list_connectors", connected=True)
        await say("search_actions", query="record")
        for words in (["audit"], ["audit", "--json"], ["connections", "--json"]):
            told = await asyncio.to_thread(self.install.run, *words, env={"CONNECTORY_TOKEN": self.token})
            assert told.returncode == 0, told.stderr
            self.hearing.note(told.stdout + told.stderr)
        yield "looked"
        await say("kinto_delete_record", **one)
        await say("disconnect", connection=f"kinto/{mark}")
        assert "kinto_create_record" not in await self.hearing.tools()
        await refused("kinto_list_buckets")
        yield "left"

    def forget(self, answer: str, other: Side) -> None:
        """An error may repeat what was asked, but add nothing to it: no name that is near."""
        assert "Did you mean" not in answer or self.mark in answer
        self.hearing.heard[-1] = answer.replace(other.mark, "ASKED", 1)


async def make_sides(stack: AsyncExitStack, install: Install, apart: str, eras: tuple[Era, Era]) -> tuple[Side, Side]:
    """Owners of two workspaces, or an owner and a member of the same one."""
    mine = install.token()
    words = ["user", "create", "eve"]
    if apart == "workspaces":
        assert install.run("workspace", "create", "beta").returncode == 0
        words += ["--workspace", "beta", "--role", "owner"]
    assert install.run(*words).returncode == 0
    where = ["--workspace", "beta"] if apart == "workspaces" else []
    theirs = install.token("theirs", "--user", "eve", *where)
    stack.enter_context(install.serving())
    clients = [
        await stack.enter_async_context(install.over_http(era, token))
        for era, token in zip(eras, (mine, theirs), strict=True)
    ]
    return Side(Hearing(clients[0]), install, mine), Side(Hearing(clients[1]), install, theirs)


@pytest.mark.parametrize(
    ("apart", "eras"),
    [("workspaces", ("auto", "legacy")), ("workspaces", ("legacy", "auto")), ("users", ("auto", "legacy"))],
)
async def test_nothing_of_one_is_heard_by_the_other(
    install: Install, kinto: Kinto, apart: str, eras: tuple[Era, Era]
) -> None:
    async with AsyncExitStack() as stack:
        first, second = await make_sides(stack, install, apart, eras)
        days = first.live(kinto, second), second.live(kinto, first)
        async for step in days[0]:
            assert await anext(days[1]) == step
        assert [step async for step in days[1]] == []
    # An owner's audit tells of all members: who called what, and no word of theirs. So it is searched like the rest.
    for side, other in ((first, second), (second, first)):
        assert len(side.hearing.heard) > 30
        assert any(side.mark in text for text in side.hearing.heard)
        assert [text for text in side.hearing.heard if other.mark in text or other.handle in text] == []
