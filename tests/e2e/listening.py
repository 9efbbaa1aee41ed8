"""MCP clients over every transport that hear of changed tool lists, and the pairs of address and transport."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
import mcp_types as t
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import SubscriptionLost
from tests.e2e.programs import COMMAND, Era, Install

Transport = Literal["stdio", "sse", "http"]
TOOLS_CHANGED = "notifications/tools/list_changed"


@dataclass
class Ears:
    """A client that has listed its tools, and the number of times that it was told to list them again."""

    client: Client
    count: int = 0
    has_ended: bool = False  # the stream of the modern era; the other has none of its own
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hears(self, within_s: float = 2.5) -> bool:
        """Whether a change is heard from now on, or was since the last time."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), within_s)
        heard = self._news.is_set()
        self._news.clear()
        return heard

    async def tools(self) -> set[str]:
        """List the tools."""
        return {tool.name for tool in (await self.client.list_tools()).tools}

    async def take(self, message: Any) -> None:
        """What the client's session hands over: notifications, and whatever else comes."""
        if getattr(message, "method", None) == TOOLS_CHANGED or isinstance(message, t.ToolListChangedNotification):
            self.note()

    def note(self) -> None:
        """One event."""
        self.count += 1
        self._news.set()


@asynccontextmanager
async def client_of(
    install: Install, transport: Transport, era: Era, token: str = "", *, path: str | None = None, **more: Any
) -> AsyncIterator[Client]:
    """A client of the installation. `path`: of the address, if it is not the transport's own."""
    async with AsyncExitStack() as stack:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"http://127.0.0.1:{install.port}{path or ('/sse' if transport == 'sse' else '/mcp')}"
        server: Any
        if transport == "stdio":
            words = f'exec "{COMMAND}" stdio 2>>"{install.log}"'
            environment = {**install.environment, **({"CONNECTORY_TOKEN": token} if token else {})}
            server = StdioServerParameters(command="/bin/sh", args=["-c", words], env=environment)
        elif transport == "sse":
            server = sse_client(url, headers=headers)
        else:
            http = httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False)
            server = streamable_http_client(url, http_client=await stack.enter_async_context(http))
        yield await stack.enter_async_context(Client(server, mode=era, **more))


@asynccontextmanager
async def ears_of(
    install: Install, transport: Transport, era: Era, token: str = "", **more: Any
) -> AsyncIterator[Ears]:
    """A client that listens: by subscription in the modern era, by notifications before."""
    ears: list[Ears] = []

    async def take(message: Any) -> None:
        if ears and era == "legacy":  # the subscription's own events come this way too
            await ears[0].take(message)

    async with client_of(install, transport, era, token, message_handler=take, **more) as client:
        ears.append(Ears(client))
        if era == "legacy":
            await ears[0].tools()
            yield ears[0]
            return
        async with client.listen(tools_list_changed=True) as subscription:
            await ears[0].tools()
            task = asyncio.create_task(_note_all(subscription, ears[0]))
            try:
                yield ears[0]
            finally:
                task.cancel()


async def _note_all(subscription: Any, ears: Ears) -> None:
    with contextlib.suppress(SubscriptionLost):
        async for _ in subscription:
            ears.note()
    ears.has_ended = True
