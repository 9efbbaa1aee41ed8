"""stdio: one client, one principal, for the life of the process."""

from __future__ import annotations

from typing import Any

import anyio
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server
from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream, create_context_streams
from mcp.shared.message import SessionMessage

from connectory.mcp.malformed import refusal_of

Incoming = SessionMessage | Exception


async def serve_stdio(server: Server[Any]) -> None:
    """Serve until stdin ends. While it runs, nothing else can write to the wire.

    A client that has closed its end of stdout does not read any more: the answers to it are lost, and no failure.
    """
    options = server.create_initialization_options(NotificationOptions(tools_changed=True))
    try:
        async with stdio_server() as (read, write), anyio.create_task_group() as tasks:
            messages, served = create_context_streams[Incoming](0)
            tasks.start_soon(_pass_on, read, messages, write)
            await server.run(served, write, options)
    except* BrokenPipeError:
        pass


async def _pass_on(
    read: ContextReceiveStream[Incoming],
    messages: ContextSendStream[Incoming],
    write: ContextSendStream[SessionMessage],
) -> None:
    """Hand the server what is a message, and answer what is none: the server itself would drop it."""
    async with read, messages:
        async for item in read:
            if isinstance(item, SessionMessage):
                await messages.send(item)
            elif refusal := refusal_of(item):
                await write.send(SessionMessage(refusal))
