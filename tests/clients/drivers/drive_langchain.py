"""langchain-mcp-adapters: what its tools are called, and what a model is handed of their results."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.tools import ToolException
from langchain_mcp_adapters.callbacks import Callbacks
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from lines import LineClient, serve
from mcp import types


class LangChain(LineClient):
    async def open(self, *, transport: str, elicits: bool = False, **how: Any) -> Any:
        kind = {"http": "streamable_http"}.get(transport, transport)
        callbacks = Callbacks(on_elicitation=self._show) if elicits else None
        connection = {"transport": kind, **how, "session_kwargs": {"message_handler": self._hear}}
        self.client = MultiServerMCPClient({"connectory": connection}, callbacks=callbacks)
        self.session = await self.stack.enter_async_context(self.client.session("connectory"))
        await self._load()
        return {"name": "connectory", "version": ""}

    async def _load(self) -> None:
        self.loaded = {tool.name: tool for tool in await load_mcp_tools(self.session)}

    async def tools(self) -> Any:
        await self._load()
        return list(self.loaded)

    async def call(self, tool: str, args: dict[str, Any]) -> Any:
        try:
            call = {"type": "tool_call", "id": "1", "name": tool, "args": args}
            message = await self.loaded[tool].ainvoke(call)
        except ToolException as error:
            return {"text": str(error), "is_error": True}
        content = message.content
        text = content if isinstance(content, str) else "\n".join(block["text"] for block in content)
        return {"text": text, "is_error": message.status == "error"}

    async def resources(self) -> Any:
        return {"uris": [str(one.metadata["uri"]) for one in await self.client.get_resources("connectory")]}

    async def read(self, uri: str) -> Any:
        return (await self.client.get_resources("connectory", uris=[uri]))[0].as_string()

    async def _hear(self, message: Any) -> None:
        self.note(message)

    async def _show(self, mcp_context: Any, asked: Any, context: Any) -> Any:
        self.links.append(asked.url)
        return types.ElicitResult(action="accept")


asyncio.run(serve(LangChain()))
