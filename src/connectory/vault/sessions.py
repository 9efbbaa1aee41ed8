"""Connect sessions, and the one transaction that turns one into a connection (design 5.6; attack 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectory.errors import AlreadyExists, CannotDecrypt, SessionExpired
from connectory.vault.clock import Clock
from connectory.vault.connections import host_rows, to_connection
from connectory.vault.database import Database
from connectory.vault.entities import (
    Connection,
    ConnectionId,
    ConnectSession,
    FinishedSignIn,
    Grant,
    GrantId,
    GrantStatus,
    SessionId,
    SessionStatus,
    StoredGrant,
    Use,
    UserId,
    WorkspaceId,
    new_id,
)
from connectory.vault.grants import seal_credentials
from connectory.vault.keys import KeyRing
from connectory.vault.private_rows import mark_unused
from connectory.vault.revision import bump_revision
from connectory.vault.sealed_link import hash_link, open_sealed_link, seal_link
from connectory.vault.tables import connect_sessions as sessions
from connectory.vault.tables import connections, grants, oauth_flows

FORGET_AFTER = timedelta(days=1)
_LIVE = (SessionStatus.PENDING.value, SessionStatus.BOUND.value)
_SESSIONS = sa.select(sessions)
_BY_ID = _SESSIONS.where(sessions.c.workspace_id == sa.bindparam("workspace"), sessions.c.id == sa.bindparam("id"))


class SessionStore:
    """Keeps connect sessions. A session whose time is over is shown as expired, whatever its row says."""

    def __init__(self, database: Database, keys: KeyRing, now: Clock) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    async def create(self, session: ConnectSession) -> ConnectSession:
        """Keep a new session; the same user's long finished ones are forgotten."""
        values = {
            "id": session.id,
            "link_hash": hash_link(session.link),
            "link": seal_link(self._keys, session.link, sessions.name, session.id, session.workspace_id),
            "workspace_id": session.workspace_id,
            "user_id": session.user_id,
            "owner": session.owner,
            "connector": session.connector,
            "alias": session.alias,
            "backend": session.backend,
            "scopes": list(session.scopes),
            "labels": dict(session.labels) if session.labels is not None else None,
            "browser_hash": session.browser_hash,
            "status": session.status.value,
            "expires_at": session.expires_at,
            "connection_id": session.connection_id,
            "created_at": self._now(),
        }
        old = (
            sessions.c.workspace_id == session.workspace_id,
            sessions.c.user_id == session.user_id,
            sessions.c.expires_at < self._now() - FORGET_AFTER,
        )

        def insert(connection: sa.Connection) -> None:
            connection.execute(sa.delete(sessions).where(*old))
            connection.execute(sa.insert(sessions), values)

        await self._database.write(insert)
        return session

    async def by_link(self, link: str) -> ConnectSession | None:
        """Return the session behind a link, live or not."""
        row = await self._database.row(_SESSIONS.where(sessions.c.link_hash == hash_link(link)))
        return self._to_session(row, link) if row else None

    async def get(self, workspace_id: WorkspaceId, session_id: SessionId) -> ConnectSession | None:
        """Return a session by id, live or not. Raises `CannotDecrypt` where its link does not open."""
        row = await self._database.row(_BY_ID, {"workspace": workspace_id, "id": session_id})
        return self._to_session(row, self._open_link(row)) if row else None

    async def open_for(
        self, workspace_id: WorkspaceId, user_id: UserId, connector: str, alias: str, *, owner: str | None = None
    ) -> ConnectSession | None:
        """Return the user's newest live session for this connector and alias, if its link can be shown again.

        With `owner`, only one that makes the connection theirs.
        """
        is_live = sessions.c.status.in_(_LIVE), sessions.c.expires_at > self._now()
        return await self._newest((workspace_id, user_id, connector, alias, owner), *is_live)

    async def connected_for(
        self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        connector: str,
        alias: str,
        *,
        owner: str,
        since: datetime,
    ) -> ConnectSession | None:
        """Return the user's newest session that became this connection, at `since` or later."""
        return await self._newest((workspace_id, user_id, connector, alias, owner), sessions.c.connected_at >= since)

    async def _newest(
        self, purpose: tuple[str | None, ...], *conditions: sa.ColumnElement[bool]
    ) -> ConnectSession | None:
        columns = (
            sessions.c.workspace_id, sessions.c.user_id, sessions.c.connector, sessions.c.alias, sessions.c.owner
        )  # fmt: skip
        chosen = _SESSIONS.where(
            *(column == value for column, value in zip(columns, purpose, strict=True) if value is not None),
            *conditions,
        )
        row = await self._database.row(chosen.order_by(sessions.c.created_at.desc(), sessions.c.id))
        try:
            return self._to_session(row, self._open_link(row)) if row else None
        except CannotDecrypt:  # the key has changed since: a new link takes its place
            return None

    async def bind(self, session_id: SessionId, browser_hash: str, until: datetime) -> bool:
        """Give a pending session to one browser, and it lasts `until`. False if it is not pending any more."""
        pending = (
            sessions.c.id == session_id,
            sessions.c.status == SessionStatus.PENDING.value,
            sessions.c.expires_at > self._now(),
        )
        bound = {"status": SessionStatus.BOUND.value, "browser_hash": browser_hash, "expires_at": until}
        return await self._database.change(sa.update(sessions).where(*pending).values(**bound)) > 0

    async def finish(self, session: ConnectSession, new: FinishedSignIn) -> Finished:
        """Turn a bound session into its connections, once: all of it in one transaction, or nothing.

        A connection that exists already keeps its id, alias, policy and history (design 5.3). Raises `SessionExpired`
        if the session was used, its time is over or the grant is gone, `AlreadyExists` if an alias was taken meanwhile;
        then the session stays as it was.
        """
        finish = _Finish(session, new, self._keys, self._now())
        return await self._database.write(finish.run)

    async def note_problem(self, session: ConnectSession, problem: str | None) -> None:
        """Say on a live session why its last try failed: the page and the agent read it."""
        await self._change_live(session, problem=problem)

    async def set_labels(self, session: ConnectSession, labels: Mapping[str, str]) -> bool:
        """Say which labels what a live session makes shall have. False if it was over already."""
        return await self._change_live(session, labels=dict(labels))

    async def expire(self, session: ConnectSession) -> bool:
        """End a live session. False if it was over already."""
        return await self._change_live(session, status=SessionStatus.EXPIRED.value)

    async def _change_live(self, session: ConnectSession, **values: object) -> bool:
        live = (
            sessions.c.workspace_id == session.workspace_id,
            sessions.c.id == session.id,
            sessions.c.status.in_(_LIVE),
        )
        return await self._database.change(sa.update(sessions).where(*live).values(**values)) > 0

    def _open_link(self, row: sa.Row[Any]) -> str:
        return open_sealed_link(self._keys, row.link, sessions.name, row.id, row.workspace_id)

    def _to_session(self, row: sa.Row[Any], link: str) -> ConnectSession:
        is_over = row.status in _LIVE and row.expires_at <= self._now()
        return ConnectSession(
            id=SessionId(row.id),
            workspace_id=WorkspaceId(row.workspace_id),
            user_id=UserId(row.user_id),
            owner=row.owner,
            connector=row.connector,
            alias=row.alias,
            backend=row.backend,
            scopes=tuple(row.scopes),
            status=SessionStatus.EXPIRED if is_over else SessionStatus(row.status),
            expires_at=row.expires_at,
            link=link,
            browser_hash=row.browser_hash,
            connection_id=ConnectionId(row.connection_id) if row.connection_id else None,
            connected_at=row.connected_at,
            problem=row.problem,
            labels=row.labels,
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """The connections that stand now, in the order asked for, and the grants that lost their last one by it.

    Those are marked `revoking`: to be withdrawn, then forgotten.
    """

    connections: tuple[Connection, ...]
    unused: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class _Finish:
    """The transaction of `SessionStore.finish`. What it needs to know of the session it reads from the row."""

    session: ConnectSession
    new: FinishedSignIn
    keys: KeyRing
    now: datetime

    def run(self, connection: sa.Connection) -> Finished:
        row = self._take(connection)
        grant_id = self._grant(connection, row)
        left = {old for use in self.new.uses if (old := self._put(connection, row, use, grant_id)) is not None}
        first = self.new.uses[0].connection_id
        done = {"connection_id": first, "problem": self.new.problem}
        connection.execute(sa.update(sessions).where(sessions.c.id == row.id).values(**done))
        connection.execute(sa.delete(oauth_flows).where(oauth_flows.c.session_id == row.id))  # held tokens with it
        bump_revision(connection, row.workspace_id)
        made = [
            connection.execute(sa.select(connections).where(*_this(row.workspace_id, use.connection_id))).one()
            for use in self.new.uses
        ]
        unused = mark_unused(connection, row.workspace_id, sorted(left - {grant_id}))
        return Finished(tuple(map(to_connection, made)), tuple(unused))

    def _take(self, connection: sa.Connection) -> sa.Row[Any]:
        """Use the session up. Only one transaction can ever see it bound and leave it connected."""
        bound = (
            sessions.c.workspace_id == self.session.workspace_id,
            sessions.c.id == self.session.id,
            sessions.c.status == SessionStatus.BOUND.value,
            sessions.c.browser_hash == self.session.browser_hash,
            sessions.c.expires_at > self.now,
        )
        used = sa.update(sessions).where(*bound).values(status=SessionStatus.CONNECTED.value, connected_at=self.now)
        if connection.execute(used).rowcount != 1:
            raise SessionExpired(
                "This connect link was used already, or its time is over.", hint="Ask the assistant for a new link."
            )
        values = {"workspace": self.session.workspace_id, "id": self.session.id}
        return connection.execute(_BY_ID, values).one()

    def _grant(self, connection: sa.Connection, row: sa.Row[Any]) -> GrantId:
        """Store the sign-in, or find the one that is used further, and return its grant's id."""
        if self.new.grant_id is None:
            grant_id = GrantId(new_id("gr"))
            new = {"id": grant_id, "workspace_id": row.workspace_id, "version": 1, "created_at": self.now}
            assert self.new.grant is not None, "without an older grant there is a new one"
            values = self._grant_values(self.new.grant, grant_id, row)
            connection.execute(sa.insert(grants), {**values, **new})
            return grant_id
        this = (
            grants.c.workspace_id == row.workspace_id,
            grants.c.id == self.new.grant_id,
            grants.c.status != GrantStatus.REVOKING.value,
        )
        found = connection.execute(sa.select(grants.c.facts).where(*this)).scalar_one_or_none()
        if found is None:
            raise SessionExpired("That account was disconnected meanwhile.", hint="Ask the assistant for a new link.")
        if self.new.grant is not None:
            values = self._grant_values(self.new.grant, self.new.grant_id, row)
            values |= {"version": grants.c.version + 1}
        else:  # the version stays: whoever refreshes it at this moment must be able to store the new token
            values = {"facts": {**self.new.facts, **found}}
            values |= {"scopes": list(self.new.scopes)} if self.new.scopes else {}
        connection.execute(sa.update(grants).where(*this).values(**values))
        return self.new.grant_id

    def _put(self, connection: sa.Connection, row: sa.Row[Any], use: Use, grant_id: GrantId) -> GrantId | None:
        """Put one connection on the grant, and return the grant that it stood on before."""
        this = (*_this(row.workspace_id, use.connection_id), connections.c.owner == row.owner)
        old: GrantId | None = connection.execute(sa.select(connections.c.grant_id).where(*this)).scalar_one_or_none()
        labels = {} if row.labels is None or use.goes_along else {"labels": row.labels}
        values = {"grant_id": grant_id, "hosts": host_rows(use.hosts), **labels}
        if old is not None:
            connection.execute(sa.update(connections).where(*this).values(**values))
            return old
        taken = sa.select(connections.c.id).where(
            connections.c.workspace_id == row.workspace_id,
            connections.c.owner == row.owner,
            connections.c.connector == use.connector,
            connections.c.alias == row.alias,
        )
        if connection.execute(taken).first() is not None:
            raise AlreadyExists(
                f"{use.connector}/{row.alias} was connected meanwhile.",
                hint="Connect this account under another alias.",
            )
        new = {"labels": {}, **values, "id": use.connection_id, "connector": use.connector}
        same = {"workspace_id": row.workspace_id, "owner": row.owner, "alias": row.alias, "created_at": self.now}
        connection.execute(sa.insert(connections), {**new, **same})
        return None

    def _grant_values(self, new: StoredGrant, grant_id: str, row: sa.Row[Any]) -> dict[str, Any]:
        return {
            "backend": new.backend,
            "connector": new.connector,
            "method": new.method,
            "family": new.family,
            "account_id": new.account_id,
            "account_name": new.account_name,
            "credentials": seal_credentials(self.keys, new.credentials, grant_id, row.workspace_id),
            "facts": dict(new.facts),
            "scopes": list(new.scopes),
            "expires_at": new.expires_at,
            "client_id": new.client_id,
            "status": GrantStatus.ACTIVE.value,
            "failures": 0,
            **dict.fromkeys(("problem", "retry_at", "refreshed_at", "lease_by", "lease_until")),
        }


def _this(workspace_id: str, connection_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return connections.c.workspace_id == workspace_id, connections.c.id == connection_id
