"""FastMCP's client, as its users write it."""

from __future__ import annotations

import asyncio
from typing import Any

from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport
from lines import LineClient, serve, texts


class FastMcp(LineClient):
    async def open(self, *, transport: str, elicits: bool = False, era: str = "auto", **how: Any) -> Any:
        kind = {"stdio": StdioTransport, "sse": SSETransport, "http": StreamableHttpTransport}[transport]
        asked = {"elicitation_handler": self._show} if elicits else {}
        client = Client(kind(**how), mode=era, message_handler=self._hear, **asked)
        self.client = await self.stack.enter_async_context(client)
        return {"name": self.client.server_info.name, "version": str(self.client.protocol_version)}

    async def tools(self) -> Any:
        return [tool.name for tool in await self.client.list_tools()]

    async def call(self, tool: str, args: dict[str, Any]) -> Any:
        result = await self.client.call_tool(tool, args, raise_on_error=False)
        return {"text": texts(result.content), "is_error": result.is_error}

    async def resources(self) -> Any:
        return {
            "uris": [str(one.uri) for one in await self.client.list_resources()],
            "templates": [one.uri_template for one in await self.client.list_resource_templates()],
        }

    async def read(self, uri: str) -> Any:
        return (await self.client.read_resource(uri))[0].text

    async def _hear(self, message: Any) -> None:
        self.note(message)

    async def _show(self, message: str, kind: Any, asked: Any, context: Any) -> Any:
        self.links.append(asked.url)
        return ElicitResult(action="accept")


asyncio.run(serve(FastMcp()))
