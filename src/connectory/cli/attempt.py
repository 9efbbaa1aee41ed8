"""One sign-in at the terminal: what it is about, wherever it goes on."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectory.cli.entry import Asker, Given
    from connectory.vault.entities import ConnectSession


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who signs in, and how. `codes`: the ways to sign in that go on by a code without being asked to."""

    session: ConnectSession
    given: Given
    asker: Asker | None
    workspace: str | None
    is_by_code: bool = False
    opens: bool = False
    codes: frozenset[str] = frozenset()
    browser: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
