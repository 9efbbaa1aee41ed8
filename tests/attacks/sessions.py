"""Sessions of the legacy era in raw HTTP, over real sockets: what an attacker would take over, and what it sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from tests.web.ports import free_port, serving

from connectory.cli.faces import list_changes, make_app
from connectory.identity.principal import Principal
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.wiring import Application

INITIALIZE: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "x", "version": "1"},
}
BOTH = "application/json, text/event-stream"


def message(method: str, number: int | None = 1, **params: Any) -> dict[str, Any]:
    """A JSON-RPC request, or a notification where it has no number."""
    return {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})


@dataclass
class House:
    """A server with sessions, and clients of it."""

    application: Application
    client: httpx2.AsyncClient

    async def token_of(self, principal: Principal) -> str:
        """A new API token."""
        return (await self.application.tokens.create(principal, "test"))[1]

    async def send(
        self, method: str, token: str, session: str | None, body: dict[str, Any] | None = None, path: str = "/mcp"
    ) -> httpx2.Response:
        """One request of a session."""
        headers = {"Authorization": f"Bearer {token}", "Accept": BOTH}
        if session is not None:
            headers["Mcp-Session-Id"] = session
        return await self.client.request(method, path, json=body, headers=headers)

    async def open_session(self, token: str) -> str:
        """Shake hands, and return the session's id."""
        answer = await self.send("POST", token, None, message("initialize", **INITIALIZE))
        assert answer.status_code == 200, answer.text
        session: str = answer.headers["mcp-session-id"]
        await self.send("POST", token, session, message("notifications/initialized", None))
        return session

    @asynccontextmanager
    async def sse(self, token: str, path: str = "/sse") -> AsyncIterator[Sse]:
        """An open SSE connection."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        async with self.client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200
            stream = Sse(self, token, answer.aiter_lines(), "")
            stream.address = await stream.next_data()
            yield stream


@dataclass
class Sse:
    """The stream, and the address that it gave for messages."""

    house: House
    token: str
    lines: AsyncIterator[str]
    address: str

    async def next_data(self) -> str:
        """The data of the next event."""
        async for line in self.lines:
            if line.startswith("data:"):
                return str(line[5:].strip())
        raise AssertionError("the stream has ended")

    async def post(self, body: dict[str, Any], token: str | None = None, **headers: str) -> httpx2.Response:
        """Post one message, as its owner or with another token."""
        sent = {"Authorization": f"Bearer {token or self.token}", **headers}
        return await self.house.client.post(self.address, json=body, headers=sent)

    async def answer(self) -> dict[str, Any]:
        """The next message on the stream."""
        answered: dict[str, Any] = json.loads(await self.next_data())
        return answered


@asynccontextmanager
async def make_house(**environment: str) -> AsyncIterator[House]:
    """A server on a free port; stateful unless told."""
    settings = make_settings(
        **{"CONNECTORY_PORT": str(free_port()), "CONNECTORY_HTTP_SESSIONS": "stateful", **environment}
    )
    async with make_application(settings=settings) as application:
        changes = list_changes(application)
        looking = asyncio.create_task(changes.run())
        app = make_app(application, changes)
        base = f"http://127.0.0.1:{settings.port}"
        async with serving(app, settings), httpx2.AsyncClient(base_url=base, timeout=10) as client:
            try:
                yield House(application, client)
            finally:
                looking.cancel()
                await asyncio.wait({looking})


async def two_users(house: House, **second: Any) -> tuple[str, str]:
    """Tokens of two users of one workspace."""
    first, other = (
        await make_principal(house.application),
        await make_principal(house.application, user="uma", **second),
    )
    return await house.token_of(first), await house.token_of(other)
