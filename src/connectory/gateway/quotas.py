"""Allowances per user, by the `limits` library: calls a minute, links an hour. Counted in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectory.errors import QuotaExceeded
from connectory.identity.principal import Principal
from connectory.settings import Settings

if TYPE_CHECKING:
    from limits import RateLimitItem


class Quotas:
    """Moving windows per workspace and user; what is over them is refused with the time at which it grows back."""

    def __init__(self, settings: Settings) -> None:
        from limits import RateLimitItemPerHour, RateLimitItemPerMinute
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._calls = RateLimitItemPerMinute(settings.calls_per_minute)
        self._links = RateLimitItemPerHour(settings.links_per_hour)

    def use_call(self, principal: Principal) -> None:
        """Count one call. Raises `QuotaExceeded`."""
        self._use(self._calls, "calls", principal)

    def use_link(self, principal: Principal) -> None:
        """Count one connect or confirmation link. Raises `QuotaExceeded`."""
        self._use(self._links, "links", principal)

    def _use(self, item: RateLimitItem, what: str, principal: Principal) -> None:
        key = (what, principal.workspace_id, principal.user_id)
        if self._limiter.hit(item, *key):
            return
        wait_s = max(1.0, self._limiter.get_window_stats(item, *key).reset_time - _now())
        raise QuotaExceeded(
            f"This user has used up {item.amount} {what} per {item.GRANULARITY.name}.",
            hint=f"Wait {wait_s:.0f} s. The operator can raise the allowance in the settings.",
            retry_after_s=wait_s,
        )


def _now() -> float:
    import time

    return time.time()
