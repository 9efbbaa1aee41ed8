"""Allowances per user, by the `limits` library: calls a minute, links an hour. Counted in this process."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from connectory.errors import QuotaExceeded
from connectory.identity.principal import Principal
from connectory.settings import Settings

if TYPE_CHECKING:
    from connectory.gateway.windows import Window, Windows


class Quotas:
    """Moving windows per workspace and user; what is over them is refused with the time at which it grows back."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def use_call(self, principal: Principal) -> None:
        """Count one call. Raises `QuotaExceeded`."""
        self._use(self._windows.calls, principal)

    def use_link(self, principal: Principal) -> None:
        """Count one connect or confirmation link. Raises `QuotaExceeded`."""
        self._use(self._windows.links, principal)

    @cached_property
    def _windows(self) -> Windows:
        from connectory.gateway.windows import Windows  # `limits` takes longer to import than the first tool list may

        return Windows(self._settings.calls_per_minute, self._settings.links_per_hour)

    def _use(self, window: Window, principal: Principal) -> None:
        reset_at = window.hit(principal.workspace_id, principal.user_id)
        if reset_at is None:
            return
        wait_s = max(1.0, reset_at - time.time())
        raise QuotaExceeded(
            f"This user has used up {window}.",
            hint=f"Wait {wait_s:.0f} s. The operator can raise the allowance in the settings.",
            retry_after_s=wait_s,
        )
