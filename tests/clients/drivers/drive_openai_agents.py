"""The servers of openai-agents, asked without an agent."""

from __future__ import annotations

import asyncio
from typing import Any

from agents.mcp import MCPServerSse, MCPServerStdio, MCPServerStreamableHttp
from lines import LineClient, serve, texts


class OpenAiAgents(LineClient):
    async def open(self, *, transport: str, timeout_s: float | None = 60, **how: Any) -> Any:
        kind = {"stdio": MCPServerStdio, "sse": MCPServerSse, "http": MCPServerStreamableHttp}[transport]
        limits = {} if timeout_s is None else {"client_session_timeout_seconds": timeout_s}
        server = kind(params=how, message_handler=self._hear, **limits)
        self.server = await self.stack.enter_async_context(server)
        return {"name": self.server.name, "version": ""}

    async def tools(self) -> Any:
        return [tool.name for tool in await self.server.list_tools()]

    async def call(self, tool: str, args: dict[str, Any]) -> Any:
        result = await self.server.call_tool(tool, args)
        is_error = getattr(result, "isError", None)
        return {"text": texts(result.content), "is_error": result.is_error if is_error is None else is_error}

    async def resources(self) -> Any:
        return {"uris": [str(one.uri) for one in (await self.server.list_resources()).resources]}

    async def read(self, uri: str) -> Any:
        return (await self.server.read_resource(uri)).contents[0].text

    async def _hear(self, message: Any) -> None:
        self.note(message)


asyncio.run(serve(OpenAiAgents()))
