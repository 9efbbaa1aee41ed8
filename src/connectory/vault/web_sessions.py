"""Sign-ins to the web pages: a random id in the browser's cookie, its hash here (design 5.6).

They are rows, so that signing out ends one whoever has copied the cookie. A session is worth what its API token is:
the token and the role behind it are read with it each time.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import ApiToken, Role, TokenId, UserId, WorkspaceId
from connectory.vault.tables import api_tokens, web_sessions
from connectory.vault.tokens import HOLDERS, to_token

_HOLDER = HOLDERS.join(
    web_sessions,
    (web_sessions.c.workspace_id == api_tokens.c.workspace_id)
    & (web_sessions.c.user_id == api_tokens.c.user_id)
    & (web_sessions.c.token_id == api_tokens.c.id),
).where(web_sessions.c.id_hash == sa.bindparam("id_hash"), web_sessions.c.ended_at.is_(None))


class WebSessionStore:
    """Starts, finds and ends sign-ins to the pages."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def start(self, *, workspace_id: WorkspaceId, user_id: UserId, token_id: TokenId, lasts: timedelta) -> str:
        """Return the id of a new session: 256 random bits, which stand nowhere here. Deletes those that are over."""
        session_id, now = secrets.token_urlsafe(32), self._now()
        values = {
            "id_hash": _hash(session_id),
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

    async def find(self, session_id: str) -> tuple[ApiToken, Role] | None:
        """Return the token that a session was started with, and its user's role.

        None for a session that has ended or whose time is over, and where the token was revoked or the membership is
        gone. Whether the token's own time is over is for the caller to say.
        """
        live = _HOLDER.where(web_sessions.c.expires_at > self._now())
        row = await self._database.row(live, {"id_hash": _hash(session_id)})
        return (to_token(row), Role(row.role)) if row is not None else None

    async def end(self, session_id: str) -> bool:
        """End a session for good. False where it is unknown or has ended already."""
        live = web_sessions.c.id_hash == _hash(session_id), web_sessions.c.ended_at.is_(None)
        return await self._database.change(sa.update(web_sessions).where(*live).values(ended_at=self._now())) > 0


def _hash(session_id: str) -> str:
    """It has 256 random bits: no salt is needed."""
    return hashlib.sha256(session_id.encode()).hexdigest()
