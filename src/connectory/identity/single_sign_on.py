"""People whom an OpenID Connect issuer vouches for: which user each is here, and what they may do (design 5.6).

The account is bound to the user at the first sign-in, by a proven email address where there is one; from then on the
address decides nothing. Roles are brought up to date at every sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from connectory.catalog.manifest import Effect
from connectory.errors import AlreadyExists, ConnectoryError, InvalidArguments, RoleDenied
from connectory.identity.principal import Principal
from connectory.identity.record import Record, given, no_record
from connectory.identity.rights import OPERATOR_WORKSPACE
from connectory.identity.role_mapping import MappedRole, RoleChanges, RoleRule, changes_of, roles_of
from connectory.identity.workspaces import EMAIL, MAX_NAME, Withdraw
from connectory.vault.entities import Identity, Role, UserId, Workspace, WorkspaceId
from connectory.vault.vault import Vault
from connectory.vault.workspaces import LOCAL_USER

WHY_NOT = {
    RoleDenied.code: "somebody signed in at the issuer whom nobody has let in here",
    AlreadyExists.code: "somebody signed in at the issuer by the address of a user who has another account there",
}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What an issuer says of a person who has just signed in there. `email` is None unless the issuer has proven it."""

    issuer: str
    subject: str
    name: str = field(repr=False)
    email: str | None = field(repr=False)
    groups: frozenset[str] = field(repr=False)


class SingleSignOn:
    """Lets people in by an issuer's word."""

    def __init__(self, vault: Vault, rules: Sequence[RoleRule], withdraw: Withdraw, record: Record = no_record) -> None:
        self._vault = vault
        self._rules = rules
        self._withdraw = withdraw
        self._record = record

    async def admit(self, person: Vouched) -> tuple[UserId, Sequence[Workspace]]:
        """Return who the person is here, and their workspaces, with the roles that the rules give: those first.

        Raises `RoleDenied` for whom nobody has let in, and `AlreadyExists` where the email is that of a user who signs
        in with another account. That is on record in each workspace of the user whom the account or its email stands
        for; of whom stands for nobody here, the log tells.
        """
        email = proven_address(person.email)
        user_id = await self._known(person, email)
        roles = await self._roles_of(user_id) if user_id is not None else {}
        try:
            return await self._let_in(person, email, is_known=bool(roles))
        except (RoleDenied, AlreadyExists) as refusal:
            await self._tell_of(refusal, person, user_id, roles)
            raise

    async def _let_in(
        self, person: Vouched, email: str | None, *, is_known: bool
    ) -> tuple[UserId, Sequence[Workspace]]:
        mapped = await self._mapped(person)
        if not is_known and not mapped:
            raise _nobody_lets_in(email)
        name = shown_name(person.name, email)
        identity = await self._vault.identities.bind(person.issuer, person.subject, name=name, email=email)
        await self._bring_up_to_date(identity, mapped)
        workspaces = await self._vault.workspaces.list_for_user(identity.user_id)
        if not workspaces:
            raise _nobody_lets_in(email)
        return identity.user_id, sorted(workspaces, key=lambda one: one.id not in mapped)

    async def _tell_of(
        self, refusal: ConnectoryError, person: Vouched, user_id: UserId | None, roles: Mapping[WorkspaceId, Role]
    ) -> None:
        """Put a refused sign-in on record, in the workspaces in which its user was somebody when it began."""
        if user_id is None or not roles:
            _log.warning(
                WHY_NOT[refusal.code],
                code=refusal.code,
                issuer=person.issuer,
                subject=person.subject,
            )
            return
        for workspace_id, role in roles.items():
            acting = Principal(workspace_id, user_id, role)
            async with self._record(acting, "web_sign_in", Effect.WRITE, {"openid": True}) as line:
                line.refuse(refusal.code)

    async def _mapped(self, person: Vouched) -> Mapping[WorkspaceId, MappedRole]:
        """What the rules give, by workspace. One that there is not is left out: people here make workspaces.

        But for the first one: whoever runs a new server may enter it by a rule alone.
        """
        found: dict[WorkspaceId, MappedRole] = {}
        for slug, mapped in roles_of(self._rules, person.groups).items():
            workspace = await self._vault.workspaces.by_slug(slug)
            if workspace is None and slug == OPERATOR_WORKSPACE:
                workspace, _ = await self._vault.workspaces.ensure_default()
            if workspace is None:
                _log.warning("CONNECTORY_OIDC_ROLES names a workspace that there is not", workspace=slug)
            else:
                found[workspace.id] = mapped
        return found

    async def _known(self, person: Vouched, email: str | None) -> UserId | None:
        identity = await self._vault.identities.find(person.issuer, person.subject)
        if identity is not None:
            return identity.user_id
        users = await self._vault.workspaces.find_users(email) if email is not None else []
        return next((user.id for user in users if user.email == email), None)

    async def _roles_of(self, user_id: UserId) -> Mapping[WorkspaceId, Role]:
        store = self._vault.workspaces
        found = {one.id: await store.role_of(one.id, user_id) for one in await store.list_for_user(user_id)}
        return {workspace_id: role for workspace_id, role in found.items() if role is not None}

    async def _bring_up_to_date(self, identity: Identity, mapped: Mapping[WorkspaceId, MappedRole]) -> None:
        current = await self._roles_of(identity.user_id)
        changes = changes_of(mapped, identity.roles, current)
        kept = dict(changes.given)
        for workspace_id in await self._apply(identity.user_id, changes, current):
            kept.pop(workspace_id, None)
        if kept != identity.roles:
            await self._vault.identities.keep_roles(identity, kept)

    async def _apply(
        self, user_id: UserId, changes: RoleChanges, current: Mapping[WorkspaceId, Role]
    ) -> list[WorkspaceId]:
        """Change the memberships; return where that failed: a workspace keeps its last owner, whoever says what."""
        failed = []
        for workspace_id, role in changes.put.items():
            acting = Principal(workspace_id, user_id, current.get(workspace_id, role))
            if not await self._set(acting, role):
                failed.append(workspace_id)
        ended = {one: await self._end(Principal(one, user_id, current[one])) for one in changes.end}
        return [*failed, *(workspace_id for workspace_id, is_done in ended.items() if not is_done)]

    async def _set(self, person: Principal, role: Role) -> bool:
        try:
            asked = given(user=str(person.user_id), role=role)
            async with self._record(person, "member_set", Effect.WRITE, asked) as line:
                await line.start()
                await self._vault.workspaces.set_member(person.workspace_id, person.user_id, role)
        except InvalidArguments:
            _log.warning("the last owner of a workspace stays its owner", workspace=person.workspace_id)
            return False
        return True

    async def _end(self, person: Principal) -> bool:
        try:
            asked = given(user=str(person.user_id))
            async with self._record(person, "member_remove", Effect.DESTRUCTIVE, asked) as line:
                await line.start()
                left = await self._vault.workspaces.remove_member(person.workspace_id, person.user_id)
                await self._withdraw(left or ())
        except InvalidArguments:
            _log.warning("the last owner of a workspace stays its owner", workspace=person.workspace_id)
            return False
        return True


def proven_address(email: str | None) -> str | None:
    """Return the address as users have it, or None for one that finds nobody.

    Only ASCII: `ı`, `ſ` or the Kelvin sign fold to letters of somebody else's address.
    """
    text = (email or "").strip(" ")
    return text.casefold() if text.isascii() and EMAIL.fullmatch(text) and text.isprintable() else None


def shown_name(name: str, email: str | None) -> str:
    """Return the name for a new user: the issuer's, without what hides or breaks a line."""
    text = " ".join("".join(one if one.isprintable() else " " for one in name).split())[:MAX_NAME].strip()
    found = text or email or "Unnamed"
    return (
        f"{found} (signed in)" if found.casefold() == LOCAL_USER else found
    )  # who acts for this machine has that name


def _nobody_lets_in(email: str | None) -> RoleDenied:
    who = f" as {email}" if email else ""
    return RoleDenied(
        f"You signed in{who}, but nobody has let you into a workspace here.",
        hint="Ask an owner of the workspace, or whoever runs this server, to take you in; then sign in again.",
    )
