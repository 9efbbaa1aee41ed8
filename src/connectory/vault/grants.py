"""Grants: what provider accounts gave us, their credentials sealed (design 5.3, 5.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from connectory.errors import CannotDecrypt, UnknownObject
from connectory.vault.clock import Clock
from connectory.vault.credentials import Credentials, dump_credentials, parse_credentials
from connectory.vault.database import Database
from connectory.vault.entities import Grant, GrantId, GrantStatus, WorkspaceId
from connectory.vault.keys import PUT_BACK, KeyRing, place
from connectory.vault.revision import bump_revision
from connectory.vault.tables import connections, grants

_GRANTS = sa.select(grants)
_BY_ID = _GRANTS.where(grants.c.workspace_id == sa.bindparam("workspace"), grants.c.id == sa.bindparam("id"))

_CONNECTIONS_TO = sa.select(sa.func.count()).where(connections.c.connector == sa.bindparam("connector"))
_GRANTS_BY = sa.select(sa.func.count()).where(grants.c.connector == sa.bindparam("connector"))


class GrantStore:
    """Keeps grants; sees to it that nobody's newer credentials are overwritten."""

    def __init__(self, database: Database, keys: KeyRing, now: Clock) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    async def get(self, workspace_id: WorkspaceId, grant_id: GrantId) -> Grant | None:
        """Return a grant by id."""
        row = await self._database.row(_BY_ID, {"workspace": workspace_id, "id": grant_id})
        return to_grant(row) if row else None

    async def open_credentials(self, grant: Grant) -> Credentials:
        """Decrypt a grant's credentials. Raises `CannotDecrypt` naming the account; the stored value stays as it is."""
        try:
            return parse_credentials(self._open(grant))
        except (CannotDecrypt, ValidationError):  # the latter's text would show what was decrypted
            account = grant.account_name or grant.account_id or "unnamed"
            raise CannotDecrypt(
                f"The stored sign-in of the {grant.family} account '{account}' does not open with the keys at hand.",
                hint=f"{PUT_BACK} If it is lost, connect the account again.",
            ) from None

    async def replace_credentials(
        self,
        grant: Grant,
        credentials: Credentials,
        *,
        expires_at: datetime | None,
        facts: Mapping[str, str] | None = None,
        scopes: Sequence[str] | None = None,
    ) -> Grant:
        """Store renewed credentials, if the row is still the one that `grant` shows, and return the row as it stands.

        Facts and scopes stay where none are given: a renewal may change both (RFC 6749 section 6). The lease of whoever
        renewed ends. Where somebody was faster, theirs stay and come back: go on with what is returned. Nothing is put
        into a grant that is being withdrawn. Raises `UnknownObject` for one that was deleted meanwhile.
        """
        sealed = seal_credentials(self._keys, credentials, grant.id, grant.workspace_id)
        unchanged = *_as_shown(grant), grants.c.status != GrantStatus.REVOKING.value
        new = {
            "credentials": sealed,
            "expires_at": expires_at,
            "version": grant.version + 1,
            **({} if facts is None else {"facts": dict(facts)}),  # as they stand, not as `grant` shows: another
            **({} if scopes is None else {"scopes": list(scopes)}),  # connector of the family may have added its own
            "status": GrantStatus.ACTIVE.value,
            "refreshed_at": self._now(),
            "failures": 0,
            **dict.fromkeys(("problem", "lease_by", "lease_until", "retry_at")),
        }

        def replace(connection: sa.Connection) -> sa.Row[Any] | None:
            changed = connection.execute(sa.update(grants).where(*unchanged).values(**new)).rowcount
            if changed and grant.status is not GrantStatus.ACTIVE:
                bump_revision(connection, grant.workspace_id)
            return connection.execute(_BY_ID, {"workspace": grant.workspace_id, "id": grant.id}).first()

        row = await self._database.write(replace)
        if row is None:
            raise UnknownObject("grant", grant.id)
        return to_grant(row)

    async def take_lease(self, grant: Grant, holder: str, *, until: datetime) -> bool:
        """Let `holder` alone renew the grant as it is shown, `until` then. False where somebody else may, or has.

        False too for one whose renewal was refused, or failed a moment ago, since it was read.
        """
        now = self._now()
        may_be_asked = (
            sa.or_(grants.c.lease_until.is_(None), grants.c.lease_until <= now),
            sa.or_(grants.c.retry_at.is_(None), grants.c.retry_at <= now),
            grants.c.status == GrantStatus.ACTIVE.value,
        )
        taken = sa.update(grants).where(*_as_shown(grant), *may_be_asked).values(lease_by=holder, lease_until=until)
        return await self._database.change(taken) > 0

    async def end_lease(self, grant: Grant, holder: str, *, retry_at: datetime | None = None) -> None:
        """Give the lease back without new credentials. With `retry_at`: that failed, and none is tried before then."""
        held = grants.c.workspace_id == grant.workspace_id, grants.c.id == grant.id, grants.c.lease_by == holder
        values: dict[str, Any] = {"lease_by": None, "lease_until": None}
        if retry_at is not None:
            values |= {"failures": grants.c.failures + 1, "retry_at": retry_at}
        await self._database.change(sa.update(grants).where(*held).values(**values))

    async def note_failure(self, grant: Grant, *, retry_at: datetime) -> bool:
        """Count a failure of whoever keeps the credentials elsewhere; none is counted again before `retry_at`."""
        due = sa.or_(grants.c.retry_at.is_(None), grants.c.retry_at <= self._now())
        values = {"failures": grants.c.failures + 1, "retry_at": retry_at}
        return await self._database.change(sa.update(grants).where(*_as_shown(grant), due).values(**values)) > 0

    async def note_success(self, grant: Grant) -> bool:
        """Note that the credentials are good again. False where nothing was wrong, or they were replaced."""
        was_wrong = sa.or_(
            grants.c.status == GrantStatus.NEEDS_RECONNECT.value,
            sa.and_(grants.c.status == GrantStatus.ACTIVE.value, grants.c.failures > 0),
        )
        new = {"status": GrantStatus.ACTIVE.value, "failures": 0, "problem": None, "retry_at": None}

        def change(connection: sa.Connection) -> bool:
            done = sa.update(grants).where(*_as_shown(grant), was_wrong).values(**new)
            if connection.execute(done).rowcount == 0:
                return False
            bump_revision(connection, grant.workspace_id)
            return True

        return await self._database.write(change)

    async def of_backend(self, backend: str, workspace_id: WorkspaceId | None = None) -> Sequence[Grant]:
        """Return a backend's grants, of one workspace or of all, but for those that are being withdrawn."""
        chosen = [grants.c.backend == backend, grants.c.status != GrantStatus.REVOKING.value]
        chosen += [] if workspace_id is None else [grants.c.workspace_id == workspace_id]
        return [to_grant(row) for row in await self._database.rows(_GRANTS.where(*chosen).order_by(grants.c.id))]

    async def set_status(
        self,
        workspace_id: WorkspaceId,
        grant_id: GrantId,
        status: GrantStatus,
        *,
        if_version: int | None,
        problem: str | None = None,
    ) -> bool:
        """Change the status, if the row still has version `if_version`. False where nothing was changed.

        `problem`: why, for a person. A lease ends.
        """
        chosen = [
            grants.c.workspace_id == workspace_id,
            grants.c.id == grant_id,
            grants.c.status.not_in([status.value, GrantStatus.REVOKING.value]),
        ]
        if if_version is not None:
            chosen.append(grants.c.version == if_version)

        def change(connection: sa.Connection) -> bool:
            new = {"status": status.value, "problem": problem, "lease_by": None, "lease_until": None}
            if connection.execute(sa.update(grants).where(*chosen).values(**new)).rowcount == 0:
                return False
            bump_revision(connection, workspace_id)
            return True

        return await self._database.write(change)

    async def count_uses(self, connector: str) -> int:
        """Return how many connections, or else sign-ins, of all workspaces stand on a connector's manifest."""

        def count(connection: sa.Connection) -> int:
            given = {"connector": connector}
            found = connection.execute(_CONNECTIONS_TO, given).scalar_one()
            return int(found or connection.execute(_GRANTS_BY, given).scalar_one())

        return await self._database.read(count)

    async def revoking(self) -> Sequence[Grant]:
        """Return the grants of all workspaces that are to be withdrawn: what a crash has left."""
        chosen = _GRANTS.where(grants.c.status == GrantStatus.REVOKING.value).order_by(grants.c.id)
        return [to_grant(row) for row in await self._database.rows(chosen)]

    async def forget(self, grant: Grant) -> bool:
        """Delete a grant that was withdrawn. False unless it is one that is marked `revoking`."""
        withdrawn = (
            grants.c.workspace_id == grant.workspace_id,
            grants.c.id == grant.id,
            grants.c.status == GrantStatus.REVOKING.value,
        )
        return await self._database.change(sa.delete(grants).where(*withdrawn)) > 0

    async def unreadable(self, workspace_id: WorkspaceId | None = None) -> Sequence[Grant]:
        """Return the grants, of one workspace or of all, whose credentials do not open with the keys at hand."""
        chosen = _GRANTS if workspace_id is None else _GRANTS.where(grants.c.workspace_id == workspace_id)

        def find(connection: sa.Connection) -> list[Grant]:
            rows = connection.execute(chosen.order_by(grants.c.workspace_id, grants.c.id))
            return [grant for grant in map(to_grant, rows) if not self._opens(grant)]

        return await self._database.read(find)

    def _opens(self, grant: Grant) -> bool:
        try:
            self._open(grant)
        except CannotDecrypt:
            return False
        return True

    def _open(self, grant: Grant) -> bytes:
        return self._keys.open(grant.sealed_credentials, bound_to=_place(grant.id, grant.workspace_id))


def seal_credentials(keys: KeyRing, credentials: Credentials, grant_id: str, workspace_id: str) -> bytes:
    """Seal credentials for the row of this grant."""
    return keys.seal(dump_credentials(credentials), bound_to=_place(grant_id, workspace_id))


def _as_shown(grant: Grant) -> tuple[sa.ColumnElement[bool], ...]:
    """The row, while nobody has put other credentials into it."""
    return grants.c.workspace_id == grant.workspace_id, grants.c.id == grant.id, grants.c.version == grant.version


def _place(grant_id: str, workspace_id: str) -> str:
    return place("grants", "credentials", grant_id, workspace_id)


def to_grant(row: sa.Row[Any]) -> Grant:
    """The grant that a row of the table holds."""
    return Grant(
        id=GrantId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        backend=row.backend,
        connector=row.connector,
        method=row.method,
        family=row.family,
        account_id=row.account_id,
        account_name=row.account_name,
        sealed_credentials=row.credentials,
        facts=row.facts,
        scopes=tuple(row.scopes),
        expires_at=row.expires_at,
        status=GrantStatus(row.status),
        version=row.version,
        client_id=row.client_id,
        refreshed_at=row.refreshed_at,
        failures=row.failures,
        retry_at=row.retry_at,
        lease_until=row.lease_until,
        problem=row.problem,
    )
