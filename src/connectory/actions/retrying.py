"""Send again what may be sent again, by `stamina`: few tries, waiting as the provider says, inside the call's time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from types import ModuleType
from typing import TypeVar

from connectory.errors import ProviderError

TRIES = 3
FIRST_WAIT_S = 0.5  # it doubles with each try
JITTER_S = 0.5  # so that callers which failed together do not come back together
LONGEST_WAIT_S = 4.0
LEAST_TRY_S = 1.0  # a wait that leaves less for the try after it is not worth it
T = TypeVar("T")


async def repeat(send: Callable[[], Awaitable[T]], ends_at: float) -> T:
    """Await `send()`, again where its error passes by itself; call it only for what has no second effect.

    Such errors are those of a provider that is down, cannot be reached or wants fewer requests. The wait is the one
    that it names, else it grows; one that does not fit before `ends_at` (of the loop's clock) is not begun, and the
    error, which names it, is raised.
    """
    tries = 0

    def wait_before_next(error: Exception) -> bool | float:
        if not (isinstance(error, ProviderError) and error.retryable):
            return False
        left_s = ends_at - asyncio.get_running_loop().time() - LEAST_TRY_S
        if error.retry_after_s is not None:
            return error.retry_after_s if error.retry_after_s <= left_s else False
        longest_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (tries - 1) + JITTER_S)
        return longest_s <= left_s

    retries = _stamina().retry_context(
        on=wait_before_next,
        attempts=TRIES,
        timeout=None,
        wait_initial=FIRST_WAIT_S,
        wait_jitter=JITTER_S,
        wait_max=LONGEST_WAIT_S,
    )
    async for attempt in retries:
        with attempt:
            tries = attempt.num
            return await send()
    raise AssertionError("stamina gives a result or raises")


@cache
def _stamina() -> ModuleType:
    """The library, without its own logging and metrics: they tell function names, which nobody here needs."""
    import stamina
    from stamina.instrumentation import set_on_retry_hooks

    set_on_retry_hooks([])
    return stamina
