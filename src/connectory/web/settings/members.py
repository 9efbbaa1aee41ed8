"""Settings, first page: who is in the workspace. Owners take people in, set their roles and remove them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.errors import ConnectoryError, InvalidArguments
from connectory.identity.principal import Principal
from connectory.identity.rights import OPERATOR_WORKSPACE, is_free, is_operator
from connectory.vault.entities import Role, User
from connectory.vault.workspaces import LOCAL_USER
from connectory.web.links import Said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.frame import address_of, done, marked, posted, render_settings, said_in
from connectory.web.settings.people import called
from connectory.web.visitors import Member, Visitors

SECTION = ""
FIELDS = ("name", "email")  # of the form for somebody new
ROLES = {
    Role.OWNER: ("Owner", "may do everything here"),
    Role.MEMBER: ("Member", "connects own accounts and uses shared ones"),
    Role.VIEWER: ("Viewer", "looks at what shared accounts hold"),
}
SAME_NAME = " There is another member of this name: tell them apart by what stands behind it."
OF_MACHINE = "Without this owner, the command line and the assistants of this machine need an API token."


@dataclass(frozen=True, slots=True)
class MemberView:
    """One member."""

    id: str
    name: str
    called: str  # so that they are told apart from everybody else here
    email: str | None
    role: Role
    title: str
    meaning: str
    is_visitor: bool
    is_only_owner: bool  # and so stays as they are
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
            Route(root, self.add, methods=["POST"]),
            Route(f"{root}/members/{{user}}/role", self.set_role, methods=["POST"]),
            Route(f"{root}/members/{{user}}/remove", self.remove, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show names and roles."""
        member = await self.visitors.member(request)
        return await self._page(member, words=await self._said_in(request, member))

    async def add(self, request: Request) -> Response:
        """Make a member of somebody new, or of a user of this server whom the form names by id."""
        member, form = await posted(self.visitors, request)
        service, principal = self.services.workspaces, member.principal
        try:
            role = _role(form)
            if known := form.get("user"):
                added = await service.set_role(principal, known, role)
            else:
                added = await service.add_member(
                    principal, form.get("name", ""), form.get("email", "").strip() or None, role=role
                )
        except ConnectoryError as error:
            return await self._failed(member, error, form)
        return done(member, SECTION, "member", user=added.id)

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
        words, problems = marked(error, self.services.settings.origin, FIELDS if form else ())
        return await self._page(member, status_of(error), words=words, form=form, problems=problems)

    async def _said_in(self, request: Request, member: Member) -> Said | None:
        """What the address says was done, with the name of whoever it was done for."""
        added = request.query_params.get("user") if request.query_params.get("done") == "member" else None
        people = await self.services.workspaces.members(member.principal) if added else ()
        user = next((user for user, _ in people if user.id == added), None)
        if user is None or member.principal.role is not Role.OWNER:  # the address may have been made up by anybody
            return said_in(request)
        name = called([one for one, _ in people])[user.id]
        return Said(f"{name} is a member now.{'' if name == user.name else SAME_NAME}")

    async def _page(
        self,
        member: Member,
        status: int = 200,
        *,
        words: Said | None = None,
        form: Mapping[str, str] | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        principal = member.principal
        people = await self.services.workspaces.members(principal)
        is_theirs = principal.role is Role.OWNER and await is_free(self.services.vault, principal)
        owners = [user.id for user, role in people if role is Role.OWNER]
        names = called([user for user, _ in people])
        rows = [
            view_member(user, role, names[user.id], member, is_only_owner=owners == [user.id]) for user, role in people
        ]
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
            problems=problems or {},
            may_change=is_theirs,
            known=await self._known(principal, people) if is_theirs else [],
            is_local=self.visitors.is_local,
            issuer=self.services.openid.name if self.services.openid is not None else None,
            has_rules=bool(self.services.settings.oidc_roles),
            tokens=address_of(member.workspace.slug, "tokens"),
        )

    async def _known(self, principal: Principal, people: Sequence[tuple[User, Role]]) -> Sequence[User]:
        """Return the users of this server who are no members, for whoever runs it: nobody else may know of them."""
        if not await is_operator(self.services.vault, principal):
            return []
        members = {user.id for user, _ in people}
        return [user for user in await self.services.workspaces.list_users(principal) if user.id not in members]


def view_member(user: User, role: Role, name: str, visitor: Member, *, is_only_owner: bool) -> MemberView:
    """Return a member as a person sees them, and what must be said before they are changed."""
    is_machines = user.name == LOCAL_USER and visitor.workspace.slug == OPERATOR_WORKSPACE
    warning = OF_MACHINE if is_machines else ""
    is_visitor = user.id == visitor.user.id
    return MemberView(user.id, user.name, name, user.email, role, *ROLES[role], is_visitor, is_only_owner, warning)


def _role(form: Mapping[str, str]) -> Role:
    try:
        return Role(form.get("role", ""))
    except ValueError:
        raise InvalidArguments("This is no role.", hint="Choose one of those in the form.") from None
