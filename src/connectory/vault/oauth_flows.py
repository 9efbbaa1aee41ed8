"""OAuth sign-ins under way: what a callback, or a device code, must be matched with (design 5.6).

One for each connect session: leaving again ends the earlier one. A state is stored as its hash; what the backend must
know again (the PKCE verifier, the client, tokens that wait for a choice) is sealed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import ConnectSession, FlowId, FlowStatus, OAuthFlow, SessionId, WorkspaceId, new_id
from connectory.vault.keys import KeyRing, place
from connectory.vault.tables import oauth_flows as flows


class OAuthFlowStore:
    """Keeps sign-ins under way; each callback is taken once."""

    def __init__(self, database: Database, keys: KeyRing, now: Clock) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    async def leave(
        self, session: ConnectSession, family: str, state: str, body: bytes, *,
        expires_at: datetime, poll_at: datetime | None = None, backend: str = "builtin",
    ) -> None:  # fmt: skip
        """Keep a sign-in that leaves for another page. `poll_at`: when it may first be asked what came of it."""
        flow_id = new_id("fl")
        values = {
            "id": flow_id,
            "workspace_id": session.workspace_id,
            "session_id": session.id,
            "backend": backend,
            "family": family,
            "state_hash": _hash(state),
            "status": FlowStatus.LEFT.value,
            "body": self._keys.seal(body, bound_to=_place(flow_id, session.workspace_id)),
            "poll_at": poll_at,
            "expires_at": expires_at,
            "created_at": self._now(),
        }
        useless = sa.or_(
            sa.and_(flows.c.workspace_id == session.workspace_id, flows.c.session_id == session.id),
            flows.c.expires_at <= self._now(),
        )

        def insert(connection: sa.Connection) -> None:
            connection.execute(sa.delete(flows).where(useless))
            connection.execute(sa.insert(flows), values)

        await self._database.write(insert)

    async def by_state(self, state: str) -> OAuthFlow | None:
        """Return the sign-in that left with this state and waits for its callback. Raises `CannotDecrypt`."""
        return await self._first(flows.c.state_hash == _hash(state), flows.c.status == FlowStatus.LEFT.value)

    async def of_session(self, session: ConnectSession) -> OAuthFlow | None:
        """Return a session's sign-in, wherever it stands. Raises `CannotDecrypt`."""
        return await self._first(flows.c.workspace_id == session.workspace_id, flows.c.session_id == session.id)

    async def take(self, flow: OAuthFlow) -> bool:
        """Take the one callback that a sign-in may have. False where it came already, or too late."""
        left = *_this(flow), flows.c.status == FlowStatus.LEFT.value, flows.c.expires_at > self._now()
        return await self._database.change(sa.update(flows).where(*left).values(status=FlowStatus.TAKEN.value)) > 0

    async def take_poll(self, flow: OAuthFlow, *, next_at: datetime) -> bool:
        """Whether it may be asked for now; of several processes one asks, and nobody before `next_at`."""
        due = *_this(flow), flows.c.status == FlowStatus.LEFT.value, flows.c.poll_at <= self._now()
        return await self._database.change(sa.update(flows).where(*due).values(poll_at=next_at)) > 0

    async def hurry(self, flow: OAuthFlow) -> None:
        """Let a sign-in be asked for at once: something says that it is done."""
        await self._database.change(sa.update(flows).where(*_this(flow)).values(poll_at=self._now()))

    async def rewrite(self, flow: OAuthFlow, body: bytes) -> None:
        """Keep another body for a sign-in that goes on."""
        sealed = self._keys.seal(body, bound_to=_place(flow.id, flow.workspace_id))
        await self._database.change(sa.update(flows).where(*_this(flow)).values(body=sealed))

    async def hold(self, flow: OAuthFlow, body: bytes, *, until: datetime) -> bool:
        """Keep the outcome of a sign-in while the person is asked. False where another has taken its place."""
        sealed = self._keys.seal(body, bound_to=_place(flow.id, flow.workspace_id))
        values = {"status": FlowStatus.HELD.value, "body": sealed, "expires_at": until}
        return await self._database.change(sa.update(flows).where(*_this(flow)).values(**values)) > 0

    async def end(self, flow: OAuthFlow) -> None:
        """Forget a sign-in."""
        await self._database.change(sa.delete(flows).where(*_this(flow)))

    async def _first(self, *conditions: sa.ColumnElement[bool]) -> OAuthFlow | None:
        row = await self._database.row(sa.select(flows).where(*conditions, flows.c.expires_at > self._now()))
        return self._to_flow(row) if row else None

    def _to_flow(self, row: sa.Row[Any]) -> OAuthFlow:
        return OAuthFlow(
            id=FlowId(row.id),
            workspace_id=WorkspaceId(row.workspace_id),
            session_id=SessionId(row.session_id),
            backend=row.backend,
            family=row.family,
            status=FlowStatus(row.status),
            expires_at=row.expires_at,
            body=self._keys.open(row.body, bound_to=_place(row.id, row.workspace_id)),
        )


def _hash(state: str) -> str:
    """SHA-256 in hex. A state has 256 random bits: no salt is needed."""
    return hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest()


def _this(flow: OAuthFlow) -> tuple[sa.ColumnElement[bool], ...]:
    return flows.c.workspace_id == flow.workspace_id, flows.c.id == flow.id


def _place(flow_id: str, workspace_id: str) -> str:
    return place(flows.name, "body", flow_id, workspace_id)
