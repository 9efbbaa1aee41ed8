"""What the pages use: handed in by the wiring, so that the web room builds nothing of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from connectory.auth.manager import AuthManager
from connectory.catalog.catalog import Catalog
from connectory.gateway.confirmations import Confirmations
from connectory.identity.tokens import Tokens
from connectory.settings import Settings
from connectory.vault.vault import Vault


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WebServices:
    """Everything behind the pages."""

    settings: Settings
    catalog: Catalog
    vault: Vault
    auth: AuthManager
    tokens: Tokens
    confirmations: Confirmations
    now: Callable[[], datetime] = _utc_now
