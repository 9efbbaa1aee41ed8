"""One question at a time: whoever asks the same while it is under way gets the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Flights(Generic[Answer]):
    """Owns the questions under way. A caller who leaves does not end one for the others."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Answer]] = {}

    async def join(self, key: Hashable, ask: Callable[[], Coroutine[None, None, Answer]]) -> Answer:
        """Return what `ask` returns, or what a question of the same key that is under way will. Raises what it does."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(ask())
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def is_under_way(self, key: Hashable) -> bool:
        """Whether a question of this key is."""
        return key in self._under_way

    async def aclose(self) -> None:
        """End what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _land(self, key: Hashable, task: asyncio.Task[Answer]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # looked at: those who asked have it, or have left
