"""A server over stdio that lists every tool there can be: the fixed ones and each action of each packaged connector."""

from __future__ import annotations

import asyncio
from typing import Any

import mcp_types as t
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.mcp.fixed_tools import FIXED_TOOLS
from connectory.mcp.tool_list import as_tool


async def main() -> None:
    """Serve until stdin ends."""
    actions = load_catalog([packaged_folder()], index_dir=None).actions
    tools = [*FIXED_TOOLS, *(as_tool(action) for action in actions.values())]

    async def list_tools(_: ServerRequestContext[Any], __: t.PaginatedRequestParams | None) -> t.ListToolsResult:
        return t.ListToolsResult(tools=tools)

    server: Server[Any] = Server("every-tool", on_list_tools=list_tools)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(main())
