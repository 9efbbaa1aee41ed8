"""The floor: a bare SDK server that checks nothing and keeps nothing. Its tools: `get`, the provider's answer as text;
`nothing`, which does nothing.

`python -m benchmarks.bare PROVIDER` speaks over stdio, with a port behind it stateless HTTP at /mcp.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import mcp_types as t
from mcp.server.lowlevel import Server

if TYPE_CHECKING:
    import httpx2

SCHEMA = {"type": "object", "properties": {"box": {"type": "string"}}}
TOOLS = [t.Tool(name=name, description="Measured.", input_schema=SCHEMA) for name in ("get", "nothing")]


def build_server(provider: str) -> Server[Any]:
    """Return the server, its HTTP client pooled and made at the first call."""
    pooled: list[httpx2.AsyncClient] = []

    async def list_tools(_: Any, __: Any) -> t.ListToolsResult:
        return t.ListToolsResult(tools=TOOLS)

    async def call_tool(_: Any, params: t.CallToolRequestParams) -> t.CallToolResult:
        if params.name == "nothing":
            return _reply("")
        if not pooled:
            import httpx2

            pooled.append(httpx2.AsyncClient(base_url=provider, trust_env=False))
        answer = await pooled[0].get(f"/boxes/{(params.arguments or {})['box']}/parts")
        return _reply(answer.text)

    return Server("bare", on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=lambda _: None)


def _reply(text: str) -> t.CallToolResult:
    return t.CallToolResult(content=[t.TextContent(type="text", text=text)])


async def _over_stdio(server: Server[Any]) -> None:
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _over_http(server: Server[Any], port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Mount, Route

    mcp_app = server.streamable_http_app(stateless_http=True)

    async def healthz(_: Any) -> Response:
        return Response("ok")

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    app = Starlette(routes=[Route("/healthz", healthz), Mount("/", app=mcp_app)], lifespan=life)
    uvicorn.run(app, port=port, log_level="warning", http="h11")


def main() -> None:
    """Serve until the client leaves, or a signal."""
    provider, *port = sys.argv[1:]
    server = build_server(provider)
    if port:
        _over_http(server, int(port[0]))
    else:
        asyncio.run(_over_stdio(server))


if __name__ == "__main__":
    main()
