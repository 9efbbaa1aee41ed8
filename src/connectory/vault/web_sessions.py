"""Sign-ins to the web pages: a random id in the browser's cookie, its hash here (design 5.6).

They are rows, so that signing out ends one whoever has copied the cookie. A session that an API token began is worth
what the token is: that and the role behind it are read with it each time.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import Role, TokenId, UserId, WebSession, WorkspaceId
from connectory.vault.sealed_link import hash_link
from connectory.vault.tables import api_tokens, memberships, web_sessions
from connectory.vault.tokens import to_token

_OF_MEMBER = (memberships.c.workspace_id == web_sessions.c.workspace_id) & (
    memberships.c.user_id == web_sessions.c.user_id
)
_OF_TOKEN = (api_tokens.c.workspace_id == web_sessions.c.workspace_id) & (api_tokens.c.id == web_sessions.c.token_id)
_LIVE = (
    sa.select(
        web_sessions.c.workspace_id.label("of_workspace"),
        web_sessions.c.user_id.label("of_user"),
        web_sessions.c.token_id.label("of_token"),
        memberships.c.role,
        api_tokens,
    )
    .select_from(web_sessions.join(memberships, _OF_MEMBER).outerjoin(api_tokens, _OF_TOKEN))
    .where(
        web_sessions.c.id_hash == sa.bindparam("id_hash"),
        web_sessions.c.ended_at.is_(None),
        web_sessions.c.expires_at > sa.bindparam("now", type_=web_sessions.c.expires_at.type),
        api_tokens.c.revoked_at.is_(None),
    )
)


class WebSessionStore:
    """Starts, finds and ends sign-ins to the pages."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def start(
        self, *, workspace_id: WorkspaceId, user_id: UserId, token_id: TokenId | None, lasts: timedelta
    ) -> str:
        """Return the id of a new session: 256 random bits, which stand nowhere here. Deletes those that are over."""
        session_id, now = secrets.token_urlsafe(32), self._now()
        values = {
            "id_hash": hash_link(session_id),
            "workspace_id": workspace_id,
            "user_id": user_id,
            "token_id": token_id,
            "created_at": now,
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
        row = await self._database.row(_LIVE, {"id_hash": hash_link(session_id), "now": self._now()})
        if row is None:
            return None
        token = to_token(row) if row.of_token is not None else None
        return WebSession(WorkspaceId(row.of_workspace), UserId(row.of_user), Role(row.role), token)

    async def end(self, session_id: str) -> bool:
        """End a session for good. False where it is unknown or has ended already."""
        live = web_sessions.c.id_hash == hash_link(session_id), web_sessions.c.ended_at.is_(None)
        return await self._database.change(sa.update(web_sessions).where(*live).values(ended_at=self._now())) > 0
