"""The Python SDK before 2, as its users write it."""

from __future__ import annotations

import asyncio
from typing import Any

from lines import LineClient, serve, texts
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client


class Mcp1(LineClient):
    async def open(self, *, transport: str, elicits: bool = False, **how: Any) -> Any:
        if transport == "stdio":
            way = stdio_client(StdioServerParameters(**how))
        elif transport == "sse":
            way = sse_client(**how)
        else:
            way = streamablehttp_client(**how)
        read, write, *_ = await self.stack.enter_async_context(way)
        asked = {"elicitation_callback": self._show} if elicits else {}
        session = ClientSession(read, write, message_handler=self._hear, **asked)
        self.session = await self.stack.enter_async_context(session)
        said = await self.session.initialize()
        return {"name": said.serverInfo.name, "version": str(said.protocolVersion)}

    async def tools(self) -> Any:
        return [tool.name for tool in (await self.session.list_tools()).tools]

    async def call(self, tool: str, args: dict[str, Any]) -> Any:
        result = await self.session.call_tool(tool, args)
        return {"text": texts(result.content), "is_error": result.isError}

    async def resources(self) -> Any:
        templates = (await self.session.list_resource_templates()).resourceTemplates
        return {
            "uris": [str(one.uri) for one in (await self.session.list_resources()).resources],
            "templates": [one.uriTemplate for one in templates],
        }

    async def read(self, uri: str) -> Any:
        return (await self.session.read_resource(uri)).contents[0].text

    async def _hear(self, message: Any) -> None:
        self.note(message)

    async def _show(self, context: Any, asked: Any) -> types.ElicitResult:
        self.links.append(asked.url)
        return types.ElicitResult(action="accept")


asyncio.run(serve(Mcp1()))
