"""Accounts of OpenID Connect issuers, each bound to one user once it is known (OpenID Connect Core section 5.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connectory.errors import AlreadyExists
from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import Identity, Role, UserId, WorkspaceId, new_id
from connectory.vault.tables import identities, users

_IDENTITIES = sa.select(identities)


class IdentityStore:
    """Binds accounts to users, and finds who an account is."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def find(self, issuer: str, subject: str) -> Identity | None:
        """Return who an account is; None for one that is not bound yet."""
        row = await self._database.row(_IDENTITIES.where(*_this(issuer, subject)))
        return _to_identity(row) if row else None

    async def is_bound(self, user_id: UserId) -> bool:
        """Whether an issuer vouches for this user, so that they sign in by themselves."""
        chosen = sa.select(identities.c.user_id).where(identities.c.user_id == user_id).limit(1)
        return bool(await self._database.rows(chosen))

    async def bind(self, issuer: str, subject: str, *, name: str, email: str | None) -> Identity:
        """Return who an account is, bound if it was not: to the user with `email`, which must be proven, or a new one.

        Raises `AlreadyExists` where another account of the issuer's is that user: an address that was given to somebody
        else must not open what was its former holder's.
        """

        def put(connection: sa.Connection) -> Identity:
            known = connection.execute(_IDENTITIES.where(*_this(issuer, subject))).first()
            if known is not None:
                return _to_identity(known)
            user_id = self._user_of(connection, issuer, name, email)
            values = {"issuer": issuer, "subject": subject, "user_id": user_id, "roles": {}, "created_at": self._now()}
            connection.execute(sa.insert(identities), values)
            return Identity(issuer, subject, user_id, {})

        return await self._database.write(put)

    async def keep_roles(self, identity: Identity, roles: Mapping[WorkspaceId, Role]) -> None:
        """Remember what a sign-in gave."""
        this = _this(identity.issuer, identity.subject)
        given = {workspace_id: role.value for workspace_id, role in roles.items()}
        await self._database.change(sa.update(identities).where(*this).values(roles=given))

    def _user_of(self, connection: sa.Connection, issuer: str, name: str, email: str | None) -> UserId:
        address = email.casefold() if email else None
        found = connection.execute(sa.select(users.c.id).where(users.c.email == address)).scalar() if address else None
        if found is None:
            made = UserId(new_id("us"))
            values = {"id": made, "name": name, "email": address, "created_at": self._now()}
            connection.execute(sa.insert(users), values)
            return made
        other = _IDENTITIES.where(identities.c.issuer == issuer, identities.c.user_id == found)
        if connection.execute(other).first() is not None:
            raise AlreadyExists(
                "The user with your email address signs in with another account there.",
                hint="If that was somebody before you, ask whoever runs this server to delete that user first.",
            )
        return UserId(found)


def _this(issuer: str, subject: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return identities.c.issuer == issuer, identities.c.subject == subject


def _to_identity(row: sa.Row[Any]) -> Identity:
    roles = {WorkspaceId(workspace_id): Role(role) for workspace_id, role in row.roles.items()}
    return Identity(row.issuer, row.subject, UserId(row.user_id), roles)
