"""Turns at an origin: a slow one must not use up the connections that all the others share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from connectory.errors import ProviderUnavailable

MOST_AT_ONCE = 50  # to one origin; the pool has 200 connections for all


@dataclass(slots=True)
class _Gate:
    places: asyncio.Semaphore
    users: int = field(default=0)  # who holds a place or waits for one


class Turns:
    """Lets at most `most` requests be under way to one origin; the others wait for their turn."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._gates: dict[str, _Gate] = {}

    @asynccontextmanager
    async def turn(self, origin: str, wait_s: float) -> AsyncIterator[None]:
        """Hold a place at `origin` for the block. Raises `ProviderUnavailable` after `wait_s` seconds without one."""
        gate = self._gates.setdefault(origin, _Gate(asyncio.Semaphore(self._most)))
        gate.users += 1
        try:
            try:
                async with asyncio.timeout(wait_s):
                    await gate.places.acquire()
            except TimeoutError:
                raise ProviderUnavailable(
                    f"Too many requests to {origin} are under way here; nothing was sent.",
                    hint="Try again in a few seconds.",
                ) from None
            try:
                yield
            finally:
                gate.places.release()
        finally:
            gate.users -= 1
            if gate.users == 0:
                del self._gates[origin]
