"""The end of a call: every one is over in time, whoever is slow."""

from __future__ import annotations

import asyncio
from typing import Any

from connectory.errors import ProviderTimeout


class Deadline:
    """`asyncio.timeout` with an error an agent can act on."""

    def __init__(self, timeout_s: float, what: str) -> None:
        self._timeout = asyncio.timeout(timeout_s)
        self._timeout_s, self._what = timeout_s, what

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise ProviderTimeout(
                f"{self._what} was stopped: the provider did not answer within {self._timeout_s:g} s.",
                hint="Try again later, or ask for less at a time; if it was a write, check first whether it was done.",
            ) from None
