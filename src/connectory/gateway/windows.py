"""The windows of `limits`, in memory and in one event loop.

The library's own storage starts a thread at nearly every hit, only to forget what is over; that took longer than all
the rest of a count. Here a new window forgets them.
"""

from __future__ import annotations

import time

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

SWEEP_S = 60.0


class LoopStorage(MemoryStorage):
    """Counts hits; for one thread."""

    def __init__(self) -> None:
        super().__init__()
        self._swept_at = time.time()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` and return the sum; the window is forgotten after `expiry` seconds."""
        count = self.get(key) + amount
        if count == amount:
            self._sweep()
            self.expirations[key] = time.time() + expiry
        self.storage[key] = count
        return count

    def _sweep(self) -> None:
        now = time.time()
        if now - self._swept_at < SWEEP_S:
            return
        self._swept_at = now
        for key in [key for key, over_at in self.expirations.items() if over_at <= now]:
            self.clear(key)


class Window:
    """One kind of allowance: so many of `what` per minute or hour, for each of its users."""

    def __init__(self, limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, what: str) -> None:
        self._limiter, self._item, self._what = limiter, item, what

    def __str__(self) -> str:
        return f"{self._item.amount} {self._what} per {self._item.GRANULARITY.name}"

    def hit(self, *whose: str) -> float | None:
        """Count one and return None; or, with nothing left, return when the allowance grows back, as Unix time."""
        key = (self._what, *whose)
        if self._limiter.hit(self._item, *key):
            return None
        return self._limiter.get_window_stats(self._item, *key).reset_time


class Windows:
    """All the allowances of this process."""

    def __init__(self, calls_per_minute: int, links_per_hour: int) -> None:
        limiter = SlidingWindowCounterRateLimiter(LoopStorage())
        self.calls = Window(limiter, RateLimitItemPerMinute(calls_per_minute), "calls")
        self.links = Window(limiter, RateLimitItemPerHour(links_per_hour), "links")
