"""Allowances per user, by the `limits` library: calls a minute, links an hour. Counted in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from connectory.errors import QuotaExceeded
from connectory.identity.principal import Principal
from connectory.settings import Settings

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.aio.strategies import SlidingWindowCounterRateLimiter


class Quotas:
    """Sliding windows per workspace and user; what is over them is refused with the time at which it grows back."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def use_call(self, principal: Principal) -> None:
        """Count one call. Raises `QuotaExceeded`."""
        await self._use(self._windows.calls, "calls", principal)

    async def use_link(self, principal: Principal) -> None:
        """Count one connect or confirmation link. Raises `QuotaExceeded`."""
        await self._use(self._windows.links, "links", principal)

    async def _use(self, item: RateLimitItem, what: str, principal: Principal) -> None:
        key = (what, principal.workspace_id, principal.user_id)
        if await self._windows.limiter.hit(item, *key):
            return
        stats = await self._windows.limiter.get_window_stats(item, *key)
        wait_s = max(1.0, stats.reset_time - time.time())
        raise QuotaExceeded(
            f"This user has used up {item.amount} {what} per {item.GRANULARITY.name}.",
            hint=f"Wait {wait_s:.0f} s. The operator can raise the allowance in the settings.",
            retry_after_s=wait_s,
        )

    @cached_property
    def _windows(self) -> _Windows:
        """Made at the first call: importing `limits` takes longer than the first tool list may."""
        from limits import RateLimitItemPerHour, RateLimitItemPerMinute
        from limits.aio.storage import MemoryStorage  # the one without `aio` starts a thread at nearly every hit
        from limits.aio.strategies import SlidingWindowCounterRateLimiter

        return _Windows(
            limiter=SlidingWindowCounterRateLimiter(MemoryStorage()),
            calls=RateLimitItemPerMinute(self._settings.calls_per_minute),
            links=RateLimitItemPerHour(self._settings.links_per_hour),
        )


@dataclass(frozen=True, slots=True)
class _Windows:
    limiter: SlidingWindowCounterRateLimiter
    calls: RateLimitItem
    links: RateLimitItem
