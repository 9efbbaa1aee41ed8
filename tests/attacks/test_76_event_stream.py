"""Attack 76: the live pages' stream is its own member's, ends with the sign-in, and cannot be piled up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx2
from tests.web.browsing import services_of
from tests.web.ports import free_port, serving

from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.vault.entities import Role
from connectory.web import live
from connectory.web.app import create_web_app
from connectory.wiring import Application

SOON_S = 20.0


@dataclass
class Open:
    """A real server, and clients that are signed in at it."""

    application: Application
    origin: str
    stack: AsyncExitStack

    async def client(self, principal: Principal) -> httpx2.AsyncClient:
        client = await self.stack.enter_async_context(httpx2.AsyncClient(base_url=self.origin, timeout=SOON_S))
        secret = await self.application.web_sessions.make_link(principal, timedelta(minutes=1))
        assert (await client.get(f"/open/{secret}")).status_code == 303
        return client

    async def listen(self, client: httpx2.AsyncClient, slug: str = "default") -> httpx2.Response:
        """Open a stream; its answer has begun."""
        request = client.build_request("GET", f"/workspaces/{slug}/events")
        answer = await client.send(request, stream=True)
        self.stack.push_async_callback(answer.aclose)
        return answer


@asynccontextmanager
async def opened() -> AsyncIterator[Open]:
    settings = make_settings(CONNECTORY_PORT=str(free_port()))
    async with make_application(settings=settings) as application, AsyncExitStack() as stack:
        await stack.enter_async_context(serving(create_web_app(services_of(application)), settings))
        yield Open(application, settings.origin, await stack.enter_async_context(AsyncExitStack()))


async def events(answer: httpx2.Response) -> AsyncIterator[str]:
    async for line in answer.aiter_lines():
        if line.startswith("event:"):
            yield line.partition(":")[2].strip()


async def next_event(answer: httpx2.Response) -> str:
    async with asyncio.timeout(SOON_S):
        return await anext(events(answer))


async def all_events(answer: httpx2.Response) -> list[str]:
    """What comes until the stream ends."""
    async with asyncio.timeout(SOON_S):
        return [event async for event in events(answer)]


async def test_attack_76_a_stream_tells_of_its_own_workspace_alone() -> None:
    async with opened() as o:
        ann, eve = await make_principal(o.application), await make_principal(o.application, "other", "eve")
        own, foreign = await o.client(ann), await o.client(eve)
        assert (await o.listen(foreign)).status_code == 404
        mine, theirs = await o.listen(own), await o.listen(foreign, "other")
        quiet = asyncio.create_task(next_event(theirs))

        await connect(o.application, ann)

        assert await next_event(mine) == live.CHANGED
        await asyncio.sleep(2 * live.LOOK_EVERY_S)
        assert not quiet.done()
        quiet.cancel()


async def test_attack_76_nobody_listens_who_is_not_signed_in() -> None:
    async with opened() as o, httpx2.AsyncClient(base_url=o.origin) as client:
        await make_principal(o.application)
        assert (await client.get("/workspaces/default/events")).status_code == 401


async def test_attack_76_a_stream_ends_with_the_session_and_with_the_membership() -> None:
    async with opened() as o:
        ann = await make_principal(o.application)
        bob = await make_principal(o.application, user="bob", role=Role.MEMBER)
        first, second = await o.client(ann), await o.client(bob)
        of_ann, of_bob = await o.listen(first), await o.listen(second)

        await o.application.web_sessions.end(first.cookies["connectory-session"])
        await o.application.vault.workspaces.remove_member(bob.workspace_id, bob.user_id)

        assert await all_events(of_ann) == [live.ENDED]
        assert await all_events(of_bob) == [live.ENDED]


async def test_attack_76_streams_cannot_be_piled_up_and_a_closed_one_makes_room() -> None:
    async with opened() as o:
        client = await o.client(await make_principal(o.application))
        streams = [await o.listen(client) for _ in range(live.MOST_OF_ONE)]
        assert {one.status_code for one in streams} == {200}
        assert (await o.listen(client)).status_code == 429
        assert (await client.get("/healthz")).status_code == 200

        await streams[0].aclose()

        async with asyncio.timeout(SOON_S):
            while (await o.listen(client)).status_code != 200:  # noqa: ASYNC110 # the server tells nobody
                await asyncio.sleep(0.2)


async def test_attack_76_the_server_ends_while_pages_are_open() -> None:
    async with AsyncExitStack() as clients:
        async with opened() as o:
            client = await clients.enter_async_context(httpx2.AsyncClient(base_url=o.origin, timeout=SOON_S))
            secret = await o.application.web_sessions.make_link(
                await make_principal(o.application), timedelta(minutes=1)
            )
            await client.get(f"/open/{secret}")
            await client.send(client.build_request("GET", "/workspaces/default/events"), stream=True)
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < SOON_S
