"""Pydantic AI's toolset, asked without an agent."""

from __future__ import annotations

import asyncio
from typing import Any

from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport
from lines import LineClient, serve
from pydantic_ai import ModelRetry
from pydantic_ai.mcp import MCPToolset


class PydanticAi(LineClient):
    async def open(self, *, transport: str, elicits: bool = False, caches: bool = True, **how: Any) -> Any:
        kind = {"stdio": StdioTransport, "sse": SSETransport, "http": StreamableHttpTransport}[transport]
        asked = {"elicitation_handler": self._show} if elicits else {}
        toolset = MCPToolset(kind(**how), cache_tools=caches, message_handler=self._hear, **asked)
        self.toolset = await self.stack.enter_async_context(toolset)
        return {"name": self.toolset.server_info.name, "version": ""}

    async def tools(self) -> Any:
        return [tool.name for tool in await self.toolset.list_tools()]

    async def call(self, tool: str, args: dict[str, Any]) -> Any:
        try:
            return {"text": str(await self.toolset.direct_call_tool(tool, args)), "is_error": False}
        except ModelRetry as error:
            return {"text": str(error), "is_error": True}

    async def resources(self) -> Any:
        return {
            "uris": [one.uri for one in await self.toolset.list_resources()],
            "templates": [one.uri_template for one in await self.toolset.list_resource_templates()],
        }

    async def read(self, uri: str) -> Any:
        return str(await self.toolset.read_resource(uri))

    async def _hear(self, message: Any) -> None:
        self.note(message)

    async def _show(self, message: str, kind: Any, asked: Any, context: Any) -> Any:
        self.links.append(asked.url)
        return ElicitResult(action="accept")


asyncio.run(serve(PydanticAi()))
