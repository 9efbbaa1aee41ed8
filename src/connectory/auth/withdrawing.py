"""Withdrawing grants that nobody uses any more: at their provider first, then their rows (design 5.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from connectory.auth.backend import Revocation
from connectory.auth.choice import BackendChoice
from connectory.errors import CannotDecrypt, ConnectoryError
from connectory.vault.credentials import Credentials
from connectory.vault.entities import Grant
from connectory.vault.grants import GrantStore

MOST_WITHDRAWN_AT_ONCE = 5
SENTENCES: Mapping[Revocation, str] = {  # for whoever disconnected: a person, or an agent that tells them
    Revocation.KEPT: "Another connection still uses the same sign-in.",
    Revocation.REVOKED: "{title} was told to forget the sign-in too.",
    Revocation.DELETED: "The service that kept the sign-in has deleted it; {title} itself was not told: who wants the"
    " access gone there too removes it in {title}'s settings.",
    Revocation.NOT_SUPPORTED: "{title} was not told: if it was a key, a person may delete it there too.",
    Revocation.FAILED: "{title} could not be told: a person should remove the access there.",
}
_log = structlog.get_logger(__name__)


def what_became(revocation: Revocation, title: str) -> str:
    """Say what became of a sign-in at its service, which people call `title`, when its connection was deleted."""
    return SENTENCES[revocation].format(title=title)


class Withdrawing:
    """Tells the providers, and forgets. After a crash between the two the rows are still there, for `left`."""

    def __init__(self, grants: GrantStore, choice: BackendChoice) -> None:
        self._grants = grants
        self._choice = choice

    async def all(self, grants: Sequence[Grant]) -> None:
        """Withdraw those that a store has marked `revoking`, a few at a time: each has its own seconds."""
        few = asyncio.Semaphore(MOST_WITHDRAWN_AT_ONCE)

        async def withdraw(grant: Grant) -> None:
            async with few:
                if await self.one(grant) is Revocation.FAILED:
                    _log.warning("a sign-in was not withdrawn at the provider", family=grant.family, grant=grant.id)

        async with asyncio.TaskGroup() as group:
            for grant in grants:
                group.create_task(withdraw(grant))

    async def left(self) -> None:
        """Withdraw what a crash has left. Another process may be at it too: providers forget twice as well as once."""
        await self.all(await self._grants.revoking())

    async def one(self, grant: Grant) -> Revocation:
        """A provider that is down must not keep a person from disconnecting; they are told that it failed."""
        try:
            outcome = await self._choice.named(grant.backend).revoke(grant)
        except ConnectoryError:
            outcome = Revocation.FAILED
        await self._grants.forget(grant)
        return outcome

    async def discard(self, backend: str, credentials: Credentials) -> None:
        """Clear away a sign-in that came to nothing, or in whose place another one stands now."""
        try:
            await self._choice.named(backend).discard(credentials)
        except ConnectoryError as error:
            _log.warning("a sign-in that is of no use any more was not cleared away", backend=backend, code=error.code)

    async def replaced(self, old: Grant) -> None:
        """Clear away the earlier sign-in of a grant that has been renewed."""
        try:
            credentials = await self._grants.open_credentials(old)
        except CannotDecrypt:
            return
        await self.discard(old.backend, credentials)
