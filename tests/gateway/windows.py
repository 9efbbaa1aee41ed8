"""Allowances are counted by the minutes of the clock: where one begins between two calls, it lets one more through."""

from __future__ import annotations

import asyncio
import time

ROOM_S = 15.0  # for the calls of a test, on a busy machine too
MINUTE_S = 60.0


async def early_in_a_minute() -> None:
    """Wait for the next minute, unless this one lasts long enough for a test."""
    left_s = MINUTE_S - time.time() % MINUTE_S
    if left_s < ROOM_S:
        await asyncio.sleep(left_s + 0.05)
