"""How a service puts on record what somebody changes: the audit trail as the rooms below the gateway see it.

`gateway/audit.py` is the real one; the wiring hands it in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from connectory.identity.principal import Principal


class OpenRecord(Protocol):
    """The line of a change under way; it ends with the block that opened it, whatever the outcome."""

    def learn(self, *, connection_id: str | None = None, connector: str | None = None) -> None:
        """Add what was found out."""

    def refuse(self, code: str) -> None:
        """Note that the block ends without an error, and yet what was asked for was not done."""

    async def start(self) -> None:
        """Commit the line as "started": call it right before the change. Raises `SetupError` leaves."""


class Record(Protocol):
    """Opens a line for one change. Of `arguments` only the names are kept, and a digest: never give it a secret."""

    def __call__(
        self, principal: Principal, action: str, effect: str, arguments: Mapping[str, object], /
    ) -> AbstractAsyncContextManager[OpenRecord]: ...


@asynccontextmanager
async def no_record(
    _principal: Principal, _action: str, _effect: str, _arguments: Mapping[str, object], /
) -> AsyncIterator[OpenRecord]:
    """Keep nothing: for services on their own, without an audit trail."""
    yield _NoLine()


def given(**arguments: object) -> dict[str, object]:
    """Return the arguments that were given: what is None was not."""
    return {name: value for name, value in arguments.items() if value is not None}


class _NoLine:
    def learn(self, *, connection_id: str | None = None, connector: str | None = None) -> None:
        pass

    def refuse(self, code: str) -> None:
        pass

    async def start(self) -> None:
        pass
