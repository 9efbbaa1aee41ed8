"""Settings, first page: who is in the workspace. Owners take people in, set their roles and remove them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.errors import ConnectoryError, InvalidArguments
from connectory.identity.principal import Principal
from connectory.identity.rights import OPERATOR_WORKSPACE, is_narrowed, is_operator
from connectory.vault.entities import Role, User
from connectory.vault.workspaces import LOCAL_USER
from connectory.web.links import Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.frame import address_of, done, posted, render_settings, said_in
from connectory.web.visitors import Member, Visitors

SECTION = ""
ROLES = {
    Role.OWNER: ("Owner", "may do everything here"),
    Role.MEMBER: ("Member", "connects own accounts and uses shared ones"),
    Role.VIEWER: ("Viewer", "looks at what shared accounts hold"),
}
OF_MACHINE = (
    f"The command line and the assistants of this machine act as the owner {LOCAL_USER}: without, they need a token."
)


@dataclass(frozen=True, slots=True)
class MemberView:
    """One member."""

    id: str
    name: str
    email: str | None
    role: Role
    title: str
    meaning: str
    is_visitor: bool
    warning: str


@dataclass(frozen=True, slots=True)
class MemberPages:
    """`/workspaces/{slug}/settings`."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of the page and its forms."""
        root = "/workspaces/{slug}/settings"
        return [
            Route(root, self.show, methods=["GET"]),
            Route(root, self.take_in, methods=["POST"]),
            Route(f"{root}/members/{{user}}/role", self.set_role, methods=["POST"]),
            Route(f"{root}/members/{{user}}/remove", self.remove, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show names and roles."""
        return await self._page(await self.visitors.member(request), words=said_in(request))

    async def take_in(self, request: Request) -> Response:
        """Make a member of somebody new, or of a user of this server whom the form names by id."""
        member, form = await posted(self.visitors, request)
        service, principal = self.services.workspaces, member.principal
        try:
            role = _role(form)
            if known := form.get("user"):
                await service.set_role(principal, known, role)
            else:
                await service.take_in(principal, form.get("name", ""), form.get("email", "").strip() or None, role=role)
        except ConnectoryError as error:
            return await self._failed(member, error, form)
        return done(member, SECTION, "member")

    async def set_role(self, request: Request) -> Response:
        """Change what a member may do."""
        member, form = await posted(self.visitors, request)
        try:
            await self.services.workspaces.set_role(member.principal, request.path_params["user"], _role(form))
        except ConnectoryError as error:
            return await self._failed(member, error)
        return done(member, SECTION, "role")

    async def remove(self, request: Request) -> Response:
        """Take a member out; whoever has removed themselves is led to where they still belong."""
        member, _ = await posted(self.visitors, request)
        try:
            removed = await self.services.workspaces.remove(member.principal, request.path_params["user"])
        except ConnectoryError as error:
            return await self._failed(member, error)
        if removed.id == member.user.id:
            return RedirectResponse("/", status_code=303)
        return done(member, SECTION, "member-removed")

    async def _failed(self, member: Member, error: ConnectoryError, form: Mapping[str, str] | None = None) -> Response:
        words = said(error, self.services.settings.origin)
        return await self._page(member, status_of(error), words=words, form=form)

    async def _page(
        self, member: Member, status: int = 200, *, words: Said | None = None, form: Mapping[str, str] | None = None
    ) -> Response:
        principal = member.principal
        people = await self.services.workspaces.members(principal)
        may_change = await self._may_change(principal)
        rows = [view_member(user, role, member) for user, role in people]
        return await render_settings(
            self.services,
            "settings_members",
            member,
            SECTION,
            status,
            said=words,
            rows=sorted(rows, key=lambda row: row.name.casefold()),
            roles=ROLES,
            usual=Role.MEMBER,
            form=form or {},
            may_change=may_change,
            known=await self._known(principal, people) if may_change else [],
            is_local=self.visitors.is_local,
            issuer=self.services.openid.name if self.services.openid is not None else None,
            has_rules=bool(self.services.settings.oidc_roles),
            tokens=address_of(member.workspace.slug, "tokens"),
        )

    async def _may_change(self, principal: Principal) -> bool:
        """Whether the forms are for this principal; the service says the same."""
        is_writing_owner = principal.role is Role.OWNER and not principal.read_only
        return is_writing_owner and not await is_narrowed(self.services.vault, principal)

    async def _known(self, principal: Principal, people: Sequence[tuple[User, Role]]) -> Sequence[User]:
        """Return the users of this server who are no members, for whoever runs it: nobody else may know of them."""
        if not await is_operator(self.services.vault, principal):
            return []
        members = {user.id for user, _ in people}
        return [user for user in await self.services.workspaces.list_users(principal) if user.id not in members]


def view_member(user: User, role: Role, visitor: Member) -> MemberView:
    """Return a member as a person sees them, and what must be said before they are changed."""
    is_machines = user.name == LOCAL_USER and visitor.workspace.slug == OPERATOR_WORKSPACE
    warning = OF_MACHINE if is_machines else ""
    return MemberView(user.id, user.name, user.email, role, *ROLES[role], user.id == visitor.user.id, warning)


def _role(form: Mapping[str, str]) -> Role:
    try:
        return Role(form.get("role", ""))
    except ValueError:
        raise InvalidArguments("This is no role.", hint="Choose one of those in the form.") from None
