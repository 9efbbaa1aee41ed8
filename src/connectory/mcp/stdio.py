"""stdio: one client, one principal, for the life of the process."""

from __future__ import annotations

from typing import Any

from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server


async def serve_stdio(server: Server[Any]) -> None:
    """Serve until stdin ends. While it runs, nothing else can write to the wire.

    A client that has closed its end of stdout does not read any more: the answers to it are lost, and no failure.
    """
    try:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options(NotificationOptions(tools_changed=True)))
    except* BrokenPipeError:
        pass
