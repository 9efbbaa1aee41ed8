"""Who is calling: the value that every service takes first."""

from __future__ import annotations

from dataclasses import dataclass

from connectory.vault.entities import Role, TokenId, UserId, WorkspaceId


@dataclass(frozen=True, slots=True)
class Principal:
    """A user acting in one workspace, possibly by an API token that narrows what may be done."""

    workspace_id: WorkspaceId
    user_id: UserId
    role: Role
    token_id: TokenId | None = None
    read_only: bool = False
