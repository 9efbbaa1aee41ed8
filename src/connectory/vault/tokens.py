"""API tokens at rest: their hashes only (attack 96)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from connectory.errors import InvalidArguments
from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import ApiToken, Role, TokenId, UserId, WorkspaceId, new_id
from connectory.vault.revision import bump_revision
from connectory.vault.tables import api_tokens, memberships

MOST_LIVE = 200  # for one user of a workspace
_TOKENS = sa.select(api_tokens)
HOLDERS = (  # tokens that were not revoked, each with its user's role
    _TOKENS.add_columns(memberships.c.role)
    .join(
        memberships,
        (memberships.c.workspace_id == api_tokens.c.workspace_id) & (memberships.c.user_id == api_tokens.c.user_id),
    )
    .where(api_tokens.c.revoked_at.is_(None))
)
_BY_HASH = HOLDERS.where(api_tokens.c.hash == sa.bindparam("hash"))
_BY_ID = HOLDERS.where(api_tokens.c.workspace_id == sa.bindparam("workspace"), api_tokens.c.id == sa.bindparam("id"))


class TokenStore:
    """Keeps API tokens. What a hash is made of is the business of `identity`; here it is 64 hex digits of SHA-256."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def create(
        self,
        *,
        workspace_id: WorkspaceId,
        user_id: UserId,
        name: str,
        prefix: str,
        hash: str,  # noqa: A002 (the word of the table)
        read_only: bool,
        expires_at: datetime | None,
    ) -> ApiToken:
        """Keep a new token of a member. Raises `InvalidArguments` where they have `MOST_LIVE` that still work."""
        token = ApiToken(
            id=TokenId(new_id("tk")),
            workspace_id=workspace_id,
            user_id=user_id,
            name=name,
            prefix=prefix,
            read_only=read_only,
            created_at=self._now(),
            expires_at=expires_at,
        )
        await self._database.write(partial(_insert, token, hash))
        return token

    async def find(self, hash: str) -> tuple[ApiToken, Role] | None:  # noqa: A002 (the word of the table)
        """Return the token with this hash, unless it was revoked, and its user's role in its workspace.

        Whether its time is over is for the caller to say.
        """
        row = await self._database.row(_BY_HASH, {"hash": hash})
        if row is None or not hmac.compare_digest(row.hash.encode(), hash.encode()):
            return None
        return to_token(row), Role(row.role)

    async def holder(self, workspace_id: WorkspaceId, token_id: TokenId) -> tuple[ApiToken, Role] | None:
        """Return what `find` returns, for a token that was found before."""
        row = await self._database.row(_BY_ID, {"workspace": workspace_id, "id": token_id})
        return None if row is None else (to_token(row), Role(row.role))

    async def list(self, workspace_id: WorkspaceId, user_id: UserId | None = None) -> Sequence[ApiToken]:
        """Return the tokens of a workspace, or of one of its users, revoked ones too; the newest first."""
        chosen = _TOKENS.where(api_tokens.c.workspace_id == workspace_id)
        if user_id is not None:
            chosen = chosen.where(api_tokens.c.user_id == user_id)
        rows = await self._database.rows(chosen.order_by(api_tokens.c.created_at.desc(), api_tokens.c.id))
        return [to_token(row) for row in rows]

    async def revoke(self, workspace_id: WorkspaceId, token_id: TokenId) -> bool:
        """Revoke a token. False if it is not of this workspace, or was revoked already."""
        live = (
            api_tokens.c.workspace_id == workspace_id,
            api_tokens.c.id == token_id,
            api_tokens.c.revoked_at.is_(None),
        )

        def mark(connection: sa.Connection) -> bool:
            if connection.execute(sa.update(api_tokens).where(*live).values(revoked_at=self._now())).rowcount == 0:
                return False
            bump_revision(connection, workspace_id)  # whoever listens with it is sent away, in every process
            return True

        return await self._database.write(mark)

    async def touch(self, token_id: TokenId, at: datetime) -> None:
        """Note when the token was last used."""
        await self._database.change(sa.update(api_tokens).where(api_tokens.c.id == token_id).values(last_used_at=at))


def _insert(token: ApiToken, hash: str, connection: sa.Connection) -> None:  # noqa: A002 (the word of the table)
    live = (
        api_tokens.c.workspace_id == token.workspace_id,
        api_tokens.c.user_id == token.user_id,
        api_tokens.c.revoked_at.is_(None),
        sa.or_(api_tokens.c.expires_at.is_(None), api_tokens.c.expires_at > token.created_at),
    )
    count = sa.select(sa.func.count()).select_from(api_tokens).where(*live)
    if connection.execute(count).scalar_one() >= MOST_LIVE:
        raise InvalidArguments(
            f"This user has {MOST_LIVE} tokens that still work, and can have no more.",
            hint="Revoke those that nothing uses any more.",
        )
    values = {
        "id": token.id,
        "workspace_id": token.workspace_id,
        "user_id": token.user_id,
        "name": token.name,
        "prefix": token.prefix,
        "hash": hash,
        "read_only": token.read_only,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }
    connection.execute(sa.insert(api_tokens), values)


def to_token(row: sa.Row[Any]) -> ApiToken:
    """The token in a row that has the columns of its table."""
    return ApiToken(
        id=TokenId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        user_id=UserId(row.user_id),
        name=row.name,
        prefix=row.prefix,
        read_only=row.read_only,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
