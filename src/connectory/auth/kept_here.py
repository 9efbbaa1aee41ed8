"""What the backends have in common whose credentials stand in our own vault, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from connectory.auth.backend import Access, Elsewhere, NewGrant
from connectory.catalog.connector import Connector
from connectory.vault.credentials import Credentials
from connectory.vault.entities import ConnectSession, Grant, WorkspaceId


class KeptHere:
    """The parts of `Backend` that are about credentials kept elsewhere: nothing is to be done."""

    heals: ClassVar[bool] = False

    async def page_of(self, session: ConnectSession) -> Elsewhere | None:
        """No sign-in of it goes on at a page that does not lead back."""
        del session
        return None

    async def access_new(self, connector: Connector, new: NewGrant) -> Access:
        """What is stored is what is sent."""
        del connector
        return new.sent

    async def discard(self, credentials: Credentials) -> None:
        """They are gone with their row."""
        del credentials

    async def look_after(self, workspace_id: WorkspaceId, grants: Sequence[Grant]) -> bool:
        """Only the provider knows."""
        del workspace_id, grants
        return False

    async def why_not(self, workspace_id: WorkspaceId, connector: Connector) -> str:
        """It serves the methods of its kind."""
        del workspace_id, connector
        return ""
