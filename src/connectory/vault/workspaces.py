"""Workspaces, users and memberships (design 1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from connectory.errors import AlreadyExists, InvalidArguments, RoleDenied
from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import Grant, Role, User, UserId, Workspace, WorkspaceId, new_id
from connectory.vault.private_rows import delete_all_connections, delete_private_connections
from connectory.vault.revision import bump_revision
from connectory.vault.tables import memberships, users, workspaces

DEFAULT_SLUG = "default"
LOCAL_USER = "local"

_WORKSPACES = sa.select(workspaces)
_USERS = sa.select(users)
_REVISION = sa.select(workspaces.c.revision).where(workspaces.c.id == sa.bindparam("workspace"))
_REVISIONS = sa.select(workspaces.c.id, workspaces.c.revision).where(
    workspaces.c.id.in_(sa.bindparam("workspaces", expanding=True))
)
_ROLE = sa.select(memberships.c.role).where(
    memberships.c.workspace_id == sa.bindparam("workspace"), memberships.c.user_id == sa.bindparam("user")
)
_DEFAULT = (
    sa.select(workspaces, users.c.id.label("user_id"), users.c.name.label("user_name"), users.c.email)
    .join(memberships, memberships.c.workspace_id == workspaces.c.id)
    .join(users, users.c.id == memberships.c.user_id)
    .where(
        workspaces.c.slug == DEFAULT_SLUG, users.c.name == LOCAL_USER, memberships.c.role == Role.OWNER.value
    )
    .order_by(users.c.created_at, users.c.id)
)  # fmt: skip


class WorkspaceStore:
    """Keeps workspaces, users, and who may do what in which."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def ensure_default(self) -> tuple[Workspace, User]:
        """Return workspace `default` and its owner `local`, made at the first start, whoever else starts then too.

        Raises `RoleDenied` once `local` is no owner any more: that was an owner's wish, and is not undone here.
        """
        row = await self._database.row(_DEFAULT)
        if row is None:
            try:
                row = await self._database.write(self._make_default)
            except AlreadyExists:  # another process made it between our look and our insert
                row = await self._database.row(_DEFAULT)
        if row is None:
            raise RoleDenied(
                f"The user '{LOCAL_USER}', as whom stdio and the command line act, does not own the workspace"
                f" '{DEFAULT_SLUG}' any more.",
                hint="Set CONNECTORY_TOKEN to an API token of a user who does.",
            )
        return _to_workspace(row), User(UserId(row.user_id), row.user_name, row.email)

    async def create(self, slug: str, name: str, *, owner: UserId) -> Workspace:
        """Make a workspace with its first owner. Raises `AlreadyExists`."""
        workspace = Workspace(WorkspaceId(new_id("ws")), slug, name)

        def insert(connection: sa.Connection) -> None:
            if connection.execute(_WORKSPACES.where(workspaces.c.slug == slug)).first() is not None:
                raise AlreadyExists(f"There is a workspace '{slug}' already.", hint="Choose another short name.")
            self._insert_workspace(connection, workspace)
            self._insert_member(connection, workspace.id, owner, Role.OWNER)

        await self._database.write(insert)
        return workspace

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace by id."""
        row = await self._database.row(_WORKSPACES.where(workspaces.c.id == workspace_id))
        return _to_workspace(row) if row else None

    async def by_slug(self, slug: str) -> Workspace | None:
        """Return a workspace by its short name."""
        row = await self._database.row(_WORKSPACES.where(workspaces.c.slug == slug))
        return _to_workspace(row) if row else None

    async def list(self) -> Sequence[Workspace]:
        """Return all workspaces: for whoever runs the server."""
        return [_to_workspace(row) for row in await self._database.rows(_WORKSPACES.order_by(workspaces.c.slug))]

    async def list_for_user(self, user_id: UserId) -> Sequence[Workspace]:
        """Return the workspaces of which the user is a member."""
        mine = sa.select(memberships.c.workspace_id).where(memberships.c.user_id == user_id)
        rows = await self._database.rows(_WORKSPACES.where(workspaces.c.id.in_(mine)).order_by(workspaces.c.slug))
        return [_to_workspace(row) for row in rows]

    async def empty(self, workspace_id: WorkspaceId) -> Sequence[Grant]:
        """Delete the workspace's connections; return its grants, marked `revoking`: to be withdrawn, then forgotten."""

        def delete(connection: sa.Connection) -> Sequence[Grant]:
            bump_revision(connection, workspace_id)
            return delete_all_connections(connection, workspace_id)

        return await self._database.write(delete)

    async def delete(self, workspace_id: WorkspaceId) -> bool:
        """Delete a workspace and every row in it, its audit lines too; its users stay. False if there was none."""
        return await self._database.change(sa.delete(workspaces).where(workspaces.c.id == workspace_id)) > 0

    async def revision(self, workspace_id: WorkspaceId) -> int:
        """Return the revision: it has grown if anything changed since the last look. 0 for a deleted workspace."""
        row = await self._database.row(_REVISION, {"workspace": workspace_id})
        return int(row.revision) if row else 0

    async def revisions(self, workspace_ids: Collection[WorkspaceId]) -> Mapping[WorkspaceId, int]:
        """Return the revisions of several workspaces in one look; a deleted one is not among them."""
        rows = await self._database.rows(_REVISIONS, {"workspaces": list(workspace_ids)})
        return {WorkspaceId(row.id): int(row.revision) for row in rows}

    async def bump_all(self) -> None:
        """Tell whoever watches any workspace that something is different: the catalog is everybody's."""
        await self._database.change(sa.update(workspaces).values(revision=workspaces.c.revision + 1))

    async def create_user(
        self, name: str, email: str | None = None, *, member_of: tuple[WorkspaceId, Role] | None = None
    ) -> User:
        """Make a user, and at the same time a member if that is given. The email is kept case-folded.

        Raises `AlreadyExists` for an email that another user has.
        """
        user = User(UserId(new_id("us")), name, email.casefold() if email else None)

        def insert(connection: sa.Connection) -> None:
            if user.email and connection.execute(_USERS.where(users.c.email == user.email)).first() is not None:
                raise AlreadyExists(
                    "Another user has this email address.",
                    hint="Ask whoever runs this server to take them in.",
                    field="email",
                )
            connection.execute(sa.insert(users), self._user_values(user))
            if member_of is not None:
                self._insert_member(connection, member_of[0], user.id, member_of[1])
                bump_revision(connection, member_of[0])

        await self._database.write(insert)
        return user

    async def get_user(self, user_id: UserId) -> User | None:
        """Return a user by id."""
        row = await self._database.row(_USERS.where(users.c.id == user_id))
        return _to_user(row) if row else None

    async def find_users(self, name_or_email_or_id: str) -> Sequence[User]:
        """Return the users with exactly this id or name, or this email in any case."""
        words = name_or_email_or_id
        is_named = sa.or_(users.c.id == words, users.c.name == words, users.c.email == words.casefold())
        return [_to_user(row) for row in await self._database.rows(_USERS.where(is_named).order_by(users.c.id))]

    async def list_users(self) -> Sequence[User]:
        """Return all users of the server."""
        return [_to_user(row) for row in await self._database.rows(_USERS.order_by(users.c.name, users.c.id))]

    async def delete_user(self, user_id: UserId) -> Sequence[Grant] | None:
        """Delete a user everywhere, with tokens and private connections; None if there was none.

        Returns the grants that only they used, marked `revoking`: to be withdrawn, then forgotten. Raises
        `InvalidArguments` while they are the last owner of a workspace.
        """

        def delete(connection: sa.Connection) -> Sequence[Grant] | None:
            left: list[Grant] = []
            of_user = sa.select(memberships.c.workspace_id).where(memberships.c.user_id == user_id)
            workspace_ids = connection.execute(of_user).scalars().all()
            for workspace_id in workspace_ids:
                left += delete_private_connections(connection, workspace_id, user_id)
                bump_revision(connection, workspace_id)
            was_user = connection.execute(sa.delete(users).where(users.c.id == user_id)).rowcount > 0
            for workspace_id in workspace_ids:
                _require_owner_left(connection, workspace_id)
            return left if was_user else None

        return await self._database.write(delete)

    async def set_member(self, workspace_id: WorkspaceId, user_id: UserId, role: Role) -> None:
        """Make a user a member, or change the role of one. Raises `InvalidArguments` for the last owner's."""
        change = sa.update(memberships).where(
            memberships.c.workspace_id == workspace_id, memberships.c.user_id == user_id
        )

        def put(connection: sa.Connection) -> None:
            if connection.execute(change.values(role=role.value)).rowcount == 0:
                self._insert_member(connection, workspace_id, user_id, role)
            _require_owner_left(connection, workspace_id)
            bump_revision(connection, workspace_id)

        await self._database.write(put)

    async def remove_member(self, workspace_id: WorkspaceId, user_id: UserId) -> Sequence[Grant] | None:
        """Take a user out of a workspace, with their tokens, private connections and whatever else only they could use.

        None if they were no member; else the grants that only they used, marked `revoking`: to be withdrawn, then
        forgotten. Raises `InvalidArguments` for the last owner.
        """
        membership = sa.delete(memberships).where(
            memberships.c.workspace_id == workspace_id, memberships.c.user_id == user_id
        )

        def remove(connection: sa.Connection) -> Sequence[Grant] | None:
            if connection.execute(membership).rowcount == 0:
                return None
            _require_owner_left(connection, workspace_id)
            bump_revision(connection, workspace_id)
            return delete_private_connections(connection, workspace_id, user_id)

        return await self._database.write(remove)

    async def members(self, workspace_id: WorkspaceId) -> Sequence[tuple[User, Role]]:
        """Return the members of a workspace with their roles, by name."""
        joined = (
            sa.select(users, memberships.c.role)
            .join(memberships, memberships.c.user_id == users.c.id)
            .where(memberships.c.workspace_id == workspace_id)
            .order_by(users.c.name, users.c.id)
        )
        return [(_to_user(row), Role(row.role)) for row in await self._database.rows(joined)]

    async def role_of(self, workspace_id: WorkspaceId, user_id: UserId) -> Role | None:
        """Return the user's role in the workspace, None for who is no member."""
        row = await self._database.row(_ROLE, {"workspace": workspace_id, "user": user_id})
        return Role(row.role) if row else None

    def _make_default(self, connection: sa.Connection) -> sa.Row[Any] | None:
        if connection.execute(_WORKSPACES.where(workspaces.c.slug == DEFAULT_SLUG)).first() is None:
            workspace, user = (
                Workspace(WorkspaceId(new_id("ws")), DEFAULT_SLUG, "Default"),
                User(UserId(new_id("us")), LOCAL_USER),
            )
            self._insert_workspace(connection, workspace)
            connection.execute(sa.insert(users), self._user_values(user))
            self._insert_member(connection, workspace.id, user.id, Role.OWNER)
        return connection.execute(_DEFAULT).first()

    def _insert_workspace(self, connection: sa.Connection, workspace: Workspace) -> None:
        values = {"id": workspace.id, "slug": workspace.slug, "name": workspace.name, "revision": workspace.revision}
        connection.execute(sa.insert(workspaces), {**values, "created_at": self._now()})

    def _insert_member(self, connection: sa.Connection, workspace_id: str, user_id: str, role: Role) -> None:
        values = {"workspace_id": workspace_id, "user_id": user_id, "role": role.value, "created_at": self._now()}
        connection.execute(sa.insert(memberships), values)

    def _user_values(self, user: User) -> dict[str, object]:
        return {"id": user.id, "name": user.name, "email": user.email, "created_at": self._now()}


def _require_owner_left(connection: sa.Connection, workspace_id: str) -> None:
    """Undo a change that would leave a workspace to nobody: of two owners that demote each other, one fails.

    Raises `InvalidArguments`.
    """
    owners = sa.select(memberships.c.user_id).where(
        memberships.c.workspace_id == workspace_id, memberships.c.role == Role.OWNER.value
    )
    if connection.execute(owners).first() is None:
        raise InvalidArguments(
            "This would leave the workspace without an owner.", hint="Make another member an owner first."
        )


def _to_workspace(row: sa.Row[Any]) -> Workspace:
    return Workspace(WorkspaceId(row.id), row.slug, row.name, row.revision)


def _to_user(row: sa.Row[Any]) -> User:
    return User(UserId(row.id), row.name, row.email)
