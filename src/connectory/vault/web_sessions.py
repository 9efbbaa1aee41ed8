"""Sign-ins to the web pages: a random id in the browser's cookie, its hash here (design 5.6).

They are rows, so that signing out ends one whoever has copied the cookie. A session that an API token began is worth
what the token is: that and the role behind it are read with it each time.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import OpenWebSession, Role, SessionWay, TokenId, UserId, WebSession, WorkspaceId
from connectory.vault.sealed_link import hash_link
from connectory.vault.tables import api_tokens, memberships, web_sessions
from connectory.vault.tokens import to_token

NOTE_EVERY = timedelta(minutes=5)  # that one is used: a write at most

_OF_MEMBER = (memberships.c.workspace_id == web_sessions.c.workspace_id) & (
    memberships.c.user_id == web_sessions.c.user_id
)
_OF_TOKEN = (api_tokens.c.workspace_id == web_sessions.c.workspace_id) & (api_tokens.c.id == web_sessions.c.token_id)
_WHOLE = web_sessions.join(memberships, _OF_MEMBER).outerjoin(api_tokens, _OF_TOKEN)
_NOW = sa.bindparam("now", type_=web_sessions.c.expires_at.type)
_IS_LIVE = web_sessions.c.ended_at.is_(None), web_sessions.c.expires_at > _NOW, api_tokens.c.revoked_at.is_(None)
_USED = sa.func.coalesce(web_sessions.c.last_used_at, web_sessions.c.created_at, type_=web_sessions.c.created_at.type)
_LIVE = (
    sa.select(
        web_sessions.c.workspace_id.label("of_workspace"),
        web_sessions.c.user_id.label("of_user"),
        web_sessions.c.token_id.label("of_token"),
        _USED.label("used"),
        memberships.c.role,
        api_tokens,
    )
    .select_from(_WHOLE)
    .where(web_sessions.c.id_hash == sa.bindparam("id_hash"), *_IS_LIVE)
)
_OF_USER = (
    sa.select(
        web_sessions.c.id_hash,
        web_sessions.c.workspace_id.label("of_workspace"),
        web_sessions.c.token_id.label("of_token"),
        web_sessions.c.way,
        web_sessions.c.browser,
        web_sessions.c.created_at.label("began"),
        _USED.label("used"),
        web_sessions.c.expires_at.label("ends"),
        api_tokens,
    )
    .select_from(_WHOLE)
    .where(
        web_sessions.c.workspace_id.in_(sa.bindparam("workspaces", expanding=True)),
        web_sessions.c.user_id == sa.bindparam("user"),
        sa.or_(api_tokens.c.expires_at.is_(None), api_tokens.c.expires_at > _NOW),
        *_IS_LIVE,
    )
    .order_by(web_sessions.c.created_at.desc(), web_sessions.c.id_hash)
)


class WebSessionStore:
    """Starts, finds and ends sign-ins to the pages."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def start(
        self,
        *,
        workspace_id: WorkspaceId,
        user_id: UserId,
        token_id: TokenId | None,
        way: SessionWay,
        browser: str,
        lasts: timedelta,
    ) -> str:
        """Return the id of a new session: 256 random bits, which stand nowhere here. Deletes those that are over."""
        session_id, now = secrets.token_urlsafe(32), self._now()
        values = {
            "id_hash": hash_link(session_id),
            "workspace_id": workspace_id,
            "user_id": user_id,
            "token_id": token_id,
            "way": way,
            "browser": browser,
            "created_at": now,
            "last_used_at": now,
            "expires_at": now + lasts,
        }

        def insert(connection: sa.Connection) -> None:
            connection.execute(sa.delete(web_sessions).where(web_sessions.c.expires_at <= now))
            connection.execute(sa.insert(web_sessions), values)

        await self._database.write(insert)
        return session_id

    async def find(self, session_id: str) -> WebSession | None:
        """Return a session, with the token that it was started with and its user's role of now.

        None for one that has ended or whose time is over, and where the token was revoked or the membership is gone.
        Whether the token's own time is over is for the caller to say.
        """
        now = self._now()
        row = await self._database.row(_LIVE, {"id_hash": hash_link(session_id), "now": now})
        if row is None:
            return None
        token, is_noted = to_token(row) if row.of_token is not None else None, now - row.used < NOTE_EVERY
        return WebSession(WorkspaceId(row.of_workspace), UserId(row.of_user), Role(row.role), token, is_noted)

    async def note_use(self, session_id: str) -> None:
        """Note that a session is used now."""
        used = sa.update(web_sessions).where(web_sessions.c.id_hash == hash_link(session_id))
        await self._database.change(used.values(last_used_at=self._now()))

    async def list(self, workspace_ids: Collection[WorkspaceId], user_id: UserId) -> Sequence[OpenWebSession]:
        """Return a user's sessions that began in these workspaces and open something, the newest first."""
        wanted = {"workspaces": [*workspace_ids], "user": user_id, "now": self._now()}
        return [_to_open(row) for row in await self._database.rows(_OF_USER, wanted)]

    async def end_listed(self, workspace_id: WorkspaceId, user_id: UserId, id_hashes: Collection[str]) -> int:
        """End those of a user's sessions in a workspace that are called so, for good; return how many."""
        chosen = (
            web_sessions.c.workspace_id == workspace_id,
            web_sessions.c.user_id == user_id,
            web_sessions.c.id_hash.in_([*id_hashes]),
            web_sessions.c.ended_at.is_(None),
        )
        return await self._database.change(sa.update(web_sessions).where(*chosen).values(ended_at=self._now()))

    async def end(self, session_id: str) -> bool:
        """End a session for good. False where it is unknown or has ended already."""
        live = web_sessions.c.id_hash == hash_link(session_id), web_sessions.c.ended_at.is_(None)
        return await self._database.change(sa.update(web_sessions).where(*live).values(ended_at=self._now())) > 0


def _to_open(row: sa.Row[Any]) -> OpenWebSession:
    token = to_token(row) if row.of_token is not None else None
    ends = row.ends if token is None or token.expires_at is None else min(row.ends, token.expires_at)
    return OpenWebSession(
        id_hash=row.id_hash,
        workspace_id=WorkspaceId(row.of_workspace),
        way=row.way,
        token=token,
        browser=row.browser,
        created_at=row.began,
        last_used_at=row.used,
        expires_at=ends,
    )
