"""Workspaces, users and memberships, on behalf of a principal (design 1).

An owner rules their own workspace. What concerns the whole server, i.e. making workspaces and seeing or deleting users
beyond one's own, belongs to the operator: an owner of the workspace made at first start. Without that line, the owner
of one workspace would learn who is in another. A token with rules of its own changes none of it: whom it makes an owner
has no such rules, and whoever it removes loses accounts that the rules may forbid it to disconnect.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from connectory.catalog.manifest import Effect
from connectory.errors import AlreadyExists, InvalidArguments, RoleDenied, UnknownObject
from connectory.identity.principal import Principal
from connectory.identity.record import Record, given, no_record
from connectory.identity.rights import (
    OPERATOR_WORKSPACE,
    find_member,
    is_operator,
    member_names,
    require_owner,
    require_unheld,
    require_writing,
    several_called,
)
from connectory.vault.entities import Grant, Role, User, Workspace
from connectory.vault.vault import Vault

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
MAX_NAME = 100
EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]{1,100}")  # sane, not RFC 5322
Withdraw = Callable[[Sequence[Grant]], Awaitable[None]]
"""Withdraws grants at their providers, then deletes them; the wiring hands in `AuthManager.withdraw`."""


class Workspaces:
    """The service beside the gateway; web API and command line call it."""

    def __init__(self, vault: Vault, withdraw: Withdraw, record: Record = no_record) -> None:
        self._vault = vault
        self._record = record
        self._store = vault.workspaces
        self._withdraw = withdraw

    async def create(self, principal: Principal, slug: str, name: str | None = None) -> Workspace:
        """Make a workspace, owned by the principal.

        Raises `RoleDenied`, `PolicyDenied`, `AlreadyExists`, `InvalidArguments`.
        """
        async with self._record(principal, "workspace_create", Effect.WRITE, given(slug=slug, name=name)) as line:
            await self._require_operator(principal, "make workspaces")
            if SLUG.fullmatch(slug) is None:
                raise InvalidArguments(
                    "This cannot be a workspace's short name.",
                    hint="Use 1 to 40 small letters, digits and hyphens, e.g. sales.",
                )
            if await self._store.by_slug(slug) is not None:
                raise AlreadyExists(f"There is a workspace '{slug}' already.", hint="Choose another short name.")
            checked = _checked_name(name or slug)
            await line.start()
            return await self._store.create(slug, checked, owner=principal.user_id)

    async def list(self, principal: Principal) -> Sequence[Workspace]:
        """Return all workspaces for the operator, else those that the principal is a member of."""
        if await is_operator(self._vault, principal):
            return await self._store.list()
        return await self._store.list_for_user(principal.user_id)

    async def members(self, principal: Principal) -> Sequence[tuple[User, Role]]:
        """Return the members of the principal's workspace, with their roles."""
        return await self._store.members(principal.workspace_id)

    async def set_role(self, principal: Principal, user: str, role: Role) -> User:
        """Change a member's role; the operator may also take in any user, by id, email or name.

        Raises `RoleDenied`, `PolicyDenied`, `UnknownObject`, `InvalidArguments` for the last owner's.
        """
        async with self._record(principal, "member_set", Effect.WRITE, given(user=user, role=role)) as line:
            require_owner(principal, "set roles")
            await require_unheld(self._vault, principal, "set roles")
            found = await find_member(self._vault, principal, user)
            known = found[0] if found else await self._any_user(principal, user)
            await line.start()
            await self._store.set_member(principal.workspace_id, known.id, role)
            return known

    async def remove(self, principal: Principal, user: str) -> User:
        """Take a member out of the workspace; oneself may leave. Raises as `set_role`."""
        async with self._record(principal, "member_remove", Effect.DESTRUCTIVE, given(user=user)) as line:
            found = await find_member(self._vault, principal, user)
            if found is None or found[0].id != principal.user_id:
                require_owner(principal, "remove members")
            require_writing(principal)
            await require_unheld(self._vault, principal, "remove members")
            if found is None:
                raise UnknownObject("member", user, await member_names(self._vault, principal))
            await line.start()
            await self._withdraw(await self._store.remove_member(principal.workspace_id, found[0].id) or ())
            return found[0]

    async def delete(self, principal: Principal, slug: str) -> Workspace:
        """Delete a workspace and everything in it: the principal's own, or any for the operator; never the first one.

        Raises `UnknownObject`, `RoleDenied`, `PolicyDenied`, `InvalidArguments`.
        """
        async with self._record(principal, "workspace_delete", Effect.DESTRUCTIVE, given(slug=slug)) as line:
            found = await self._deletable(principal, slug)
            await line.start()
            await self._withdraw(await self._store.empty(found.id))
            await self._store.delete(found.id)
            return found

    async def create_user(
        self, principal: Principal, name: str, email: str | None = None, *, role: Role = Role.MEMBER
    ) -> User:
        """Make a user and a member of the principal's workspace.

        Raises `RoleDenied`, `PolicyDenied`, `InvalidArguments`, `AlreadyExists` for the email of a member, or of any
        other user of the server.
        """
        asked = given(name=name, email=email, role=role)
        async with self._record(principal, "user_create", Effect.WRITE, asked) as line:
            require_owner(principal, "make users")
            await require_unheld(self._vault, principal, "make users")
            checked, address = _checked_name(name), _checked_email(email)
            await self._require_nobody_with(principal, address)
            await line.start()
            return await self._store.create_user(checked, address, member_of=(principal.workspace_id, role))

    async def add_member(
        self, principal: Principal, name: str, email: str | None = None, *, role: Role = Role.MEMBER
    ) -> User:
        """Make somebody a member: for the operator a user of other workspaces with this email, else a new user.

        Nobody is found by a name alone, which may be that of somebody else. Raises as `create_user`.
        """
        elsewhere = await self._elsewhere(principal, email)
        if elsewhere is not None:
            return await self.set_role(principal, elsewhere.id, role)
        return await self.create_user(principal, name, email, role=role)

    async def list_users(self, principal: Principal) -> Sequence[User]:
        """Return all users for the operator, else the members of the principal's workspace."""
        if await is_operator(self._vault, principal):
            return await self._store.list_users()
        return [user for user, _ in await self.members(principal)]

    async def delete_user(self, principal: Principal, user: str) -> User:
        """Delete a user everywhere, with their tokens and private connections. Raises `RoleDenied`, `PolicyDenied`,
        `UnknownObject`, `InvalidArguments` while they are the last owner of a workspace."""
        async with self._record(principal, "user_delete", Effect.DESTRUCTIVE, given(user=user)) as line:
            await self._require_operator(principal, "delete users")
            found = await self._any_user(principal, user)
            await line.start()
            await self._withdraw(await self._store.delete_user(found.id) or ())
            return found

    async def _deletable(self, principal: Principal, slug: str) -> Workspace:
        visible = await self.list(principal)
        found = next((workspace for workspace in visible if slug in (workspace.slug, workspace.id)), None)
        if found is None:
            raise UnknownObject("workspace", slug, [workspace.slug for workspace in visible])
        if found.id == principal.workspace_id:
            require_owner(principal, "delete it")
            await require_unheld(self._vault, principal, "delete its workspace")
        else:
            await self._require_operator(principal, "delete other workspaces")
        if found.slug == OPERATOR_WORKSPACE:
            raise InvalidArguments(
                f"The workspace '{OPERATOR_WORKSPACE}' belongs to whoever runs this server and stays."
            )
        return found

    async def _elsewhere(self, principal: Principal, email: str | None) -> User | None:
        """The user with this email who is no member here, whom only the operator may know of."""
        if email is None or not await is_operator(self._vault, principal):
            return None
        address, members = _folded(email), {user.id for user, _ in await self.members(principal)}
        found = await self._store.find_users(address)
        return next((user for user in found if user.email == address and user.id not in members), None)

    async def _require_nobody_with(self, principal: Principal, address: str | None) -> None:
        members = await self.members(principal) if address is not None else ()
        found = next((user for user, _ in members if user.email == address), None)
        if found is not None:
            raise AlreadyExists(
                f"{found.name} is a member already, with this email address.",
                hint="Change their role instead.",
                field="email",
            )

    async def _any_user(self, principal: Principal, name: str) -> User:
        """A user of the whole server, whom only the operator may know of."""
        found = await self._store.find_users(name) if await is_operator(self._vault, principal) else []
        if len(found) > 1:
            raise several_called(name, found)
        if not found:
            raise UnknownObject("user", name, [user.name for user in await self.list_users(principal)])
        return found[0]

    async def _require_operator(self, principal: Principal, what: str) -> None:
        require_writing(principal)
        if not await is_operator(self._vault, principal):
            raise RoleDenied(
                f"Only owners of the workspace '{OPERATOR_WORKSPACE}' may {what}.", hint="Ask whoever runs this server."
            )
        await require_unheld(self._vault, principal, what)


def _checked_name(name: str) -> str:
    text = name.strip()
    if not 1 <= len(text) <= MAX_NAME or not text.isprintable():
        raise InvalidArguments(
            "This cannot be a name.", hint=f"Use 1 to {MAX_NAME} printable characters.", field="name"
        )
    return text


def _checked_email(email: str | None) -> str | None:
    """Return the address as users have it. Raises `InvalidArguments` for what is none."""
    if email is None:
        return None
    text = _folded(email)
    if EMAIL.fullmatch(text) is None or not text.isprintable():
        raise InvalidArguments(
            "This cannot be an email address.", hint="Write it like ada@example.org, and one only.", field="email"
        )
    return text


def _folded(email: str) -> str:
    return email.strip(" ").casefold()
