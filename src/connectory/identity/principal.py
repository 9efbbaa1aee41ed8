"""Who is calling: the value that every service takes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectory.vault.entities import Role, TokenId, UserId, WorkspaceId

if TYPE_CHECKING:
    from connectory.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Principal:
    """A user acting in one workspace, possibly by an API token that narrows what may be done."""

    workspace_id: WorkspaceId
    user_id: UserId
    role: Role
    token_id: TokenId | None = None
    read_only: bool = False


async def local_principal(vault: Vault) -> Principal:
    """Return owner `local` of workspace `default`: stdio and the command line act as it (design 1)."""
    workspace, user = await vault.workspaces.ensure_default()
    return Principal(workspace.id, user.id, Role.OWNER)
