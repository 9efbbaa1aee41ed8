"""The whole HTTP face in this process: pages, guard and `/mcp` as `serve` builds them, asked in raw JSON-RPC.

Raw, because attacks compare answers byte by byte, and the SDK's client would tidy them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import sqlalchemy as sa
from starlette.applications import Starlette

from connectory.cli.faces import make_app
from connectory.identity.principal import Principal
from connectory.testing.application import make_application, make_settings
from connectory.testing.provider import FakeProvider
from connectory.vault.entities import AuditLine
from connectory.vault.tables import metadata
from connectory.wiring import Application

FLEET = {"APP_URL": "https://connect.example.com", "CONNECTORY_HOST": "0.0.0.0"}
MODERN = "2026-07-28"


def rpc(method: str, **params: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers of one request of the modern era."""
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    headers = {
        "Accept": "application/json, text/event-stream",
        "Mcp-Method": method,
        "Mcp-Protocol-Version": MODERN,
        **({"Mcp-Name": named} if (named := params.get("name", params.get("uri"))) else {}),
    }
    return body, headers


def result_in(answer: httpx2.Response) -> dict[str, Any]:
    """The JSON-RPC message of an answer, plain or as an event stream."""
    text = answer.text
    if answer.headers["content-type"].startswith("text/event-stream"):
        text = next(line[len("data:") :] for line in text.splitlines() if line.startswith("data:") and "{" in line)
    message: dict[str, Any] = json.loads(text)
    return message


@dataclass(frozen=True)
class Said:
    """What a tool call was answered with."""

    text: str
    failed: bool


@dataclass(frozen=True)
class Face:
    """The application, its app, and a client that shares nothing with it but the wire."""

    application: Application
    app: Starlette
    client: httpx2.AsyncClient

    async def post(self, token: str | None, method: str, **params: Any) -> httpx2.Response:
        """Send one request to `/mcp`."""
        body, headers = rpc(method, **params)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await self.client.post("/mcp", json=body, headers=headers)

    async def call(self, token: str, tool: str, **arguments: Any) -> Said:
        """Call a tool as whoever holds the token."""
        message = result_in(await self.post(token, "tools/call", name=tool, arguments=arguments))
        result = message["result"]
        return Said("\n".join(block["text"] for block in result["content"]), bool(result.get("isError")))

    async def tools(self, token: str) -> list[dict[str, Any]]:
        """The tool list."""
        tools: list[dict[str, Any]] = result_in(await self.post(token, "tools/list"))["result"]["tools"]
        return tools

    async def token_of(self, principal: Principal, **options: Any) -> str:
        """A new API token."""
        return (await self.application.tokens.create(principal, "test", **options))[1]

    async def audit(self, principal: Principal) -> Sequence[AuditLine]:
        """All lines of the principal's workspace."""
        await self.application.audit.flush()
        return await self.application.vault.audit.list(principal.workspace_id, limit=10_000)

    async def rows(self) -> dict[str, list[Any]]:
        """Everything stored, but for what any request may add to: audit lines and a token's last use."""
        found = {}
        for table in metadata.sorted_tables:
            if table.name != "audit":
                columns = [column for column in table.c if column.name != "last_used_at"]
                found[table.name] = sorted(map(repr, await self.application.vault.database.rows(sa.select(*columns))))
        return found


@asynccontextmanager
async def make_face(
    provider: httpx2.AsyncBaseTransport | None = None, environment: Mapping[str, str] = FLEET, **more: Any
) -> AsyncIterator[Face]:
    """A face in fleet mode, where pages too ask who is there."""
    settings = make_settings(**{"CONNECTORY_CONNECT_WAIT_S": "0", **environment})
    async with make_application(provider or FakeProvider(), settings=settings, **more) as application:
        app = make_app(application)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=settings.origin) as client,
        ):
            yield Face(application, app, client)
