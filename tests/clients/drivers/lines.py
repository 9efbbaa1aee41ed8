"""What all drivers share: commands come as lines of JSON, answers go back so (`tests/clients/driving.py` writes them).

A driver runs in its client's own environment, so it imports that client, the standard library and nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any


class LineClient:
    """A client under commands. Each `async def` without underscore is one; `open` comes first."""

    def __init__(self) -> None:
        self.stack = AsyncExitStack()
        self.changes = 0  # lists said to have changed
        self.links: list[str] = []  # what the server asked to show

    async def open(self, **how: Any) -> Any:
        """Connect: `transport`, and `command`, `args`, `env` or `url`, `headers`; `elicits`: it can show links."""
        raise NotImplementedError

    async def news(self) -> dict[str, Any]:
        """What the server said unasked."""
        return {"changes": self.changes, "links": self.links}

    async def close(self) -> None:
        """Disconnect."""
        await self.stack.aclose()

    def note(self, message: Any) -> None:
        """Take a message of the server; anything else than a change of the tools is passed over."""
        message = getattr(message, "root", message)
        if getattr(message, "method", None) == "notifications/tools/list_changed":
            self.changes += 1


async def serve(client: LineClient) -> None:
    """Answer commands until the input ends. `open` and `close` share this task, as their cancel scopes want it."""
    running: set[asyncio.Task[None]] = set()
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            given = json.loads(line)
            number, op = given.pop("id"), given.pop("op")
            if op in ("open", "close"):
                await answer(client, number, op, given)
                continue
            task = asyncio.create_task(answer(client, number, op, given))
            running.add(task)
            task.add_done_callback(running.discard)
    finally:
        for task in running:
            task.cancel()
        await client.close()


async def answer(client: LineClient, number: int, op: str, given: dict[str, Any]) -> None:
    """Carry out one command and print what came of it."""
    try:
        said = {"id": number, "value": await getattr(client, op)(**given)}
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and (task := asyncio.current_task()) and task.cancelling():
            raise
        said = {"id": number, "error": f"{type(error).__name__}: {first(error)}"}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def first(error: BaseException) -> str:
    """The words of an error, or of the first in a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


def texts(blocks: Any) -> str:
    """The text of content blocks."""
    return "\n".join(block.text for block in blocks if block.type == "text")
