"""Who opens a page: the session in the cookie, and the token that its forms must carry (attacks 4, 68, 72)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from connectory.errors import Refused, Unauthenticated, UnknownObject
from connectory.identity.principal import Principal
from connectory.identity.web_sessions import WebSessions
from connectory.settings import Settings
from connectory.vault.entities import User, UserId, Workspace, WorkspaceId
from connectory.vault.sealed_link import hash_link
from connectory.vault.vault import Vault
from connectory.web.binding import cookie_name, set_private_cookie
from connectory.web.browsers import browser_of
from connectory.web.origins import OurOrigins

# Cookies ignore ports: a program of another user that takes our port while nothing of ours runs is sent them. What it
# has then is soon over.
SESSION_LASTS = timedelta(hours=12)
WORKSPACE = re.compile(r"/workspaces/([a-z0-9][a-z0-9-]{0,62})(?:/|$)", re.ASCII)
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
MOST_TOKEN_CHARACTERS = 512
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in, as the head of every page shows it."""

    name: str
    csrf: str
    home: str  # the address of their first page


@dataclass(frozen=True, slots=True)
class Member:
    """Who is signed in, in the workspace whose page is open."""

    principal: Principal
    workspace: Workspace
    user: User
    csrf: str
    workspaces: Sequence[Workspace]  # whose pages they may open
    called: str  # what was done by then, as a mark

    @property
    def visitor(self) -> Visitor:
        """The same, for the head of the page."""
        return Visitor(self.user.name, self.csrf, home_of(self.workspace.slug))


def home_of(slug: str) -> str:
    """The address of a workspace's first page."""
    return f"/workspaces/{slug}/connectors"


class Visitors:
    """Who opens a page, and whether it is for them."""

    def __init__(self, settings: Settings, vault: Vault, sessions: WebSessions) -> None:
        self.is_local = settings.is_local
        self.is_https = OurOrigins(settings).is_https
        self._vault = vault
        self._sessions = sessions
        self._csrf_key = vault.keys.derive("CSRF tokens")
        self.cookie = cookie_name("connectory-session", is_https=self.is_https)

    async def require(self, request: Request) -> Principal | None:
        """Return who is signed in to open a link's page; None in local mode, where the link itself is enough.

        Raises `Unauthenticated`, which is shown as the sign-in form.
        """
        return None if self.is_local else await self.principal(request)

    def may_see(self, visitor: Principal | None, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """Whether that user's page in that workspace is the visitor's; in local mode the link itself is enough.

        An API token is of one workspace alone. Without one it is the person, who may be asked in any of theirs.
        """
        if visitor is None:
            return self.is_local
        is_theirs = visitor.token_id is None or visitor.workspace_id == workspace_id
        return is_theirs and visitor.user_id == user_id

    async def principal(self, request: Request) -> Principal:
        """Return who is signed in. Raises `Unauthenticated`, which is shown as the sign-in form."""
        found = await self._principal(request)
        if found is None:
            raise Unauthenticated("Please sign in to see this page.", hint="Paste one of your API tokens.")
        return found

    async def member(self, request: Request) -> Member:
        """Return who is signed in, in the workspace that the path names (`{slug}`).

        Raises `Unauthenticated`, and `UnknownObject` for a workspace that is not theirs, as for one that there is not.
        """
        workspace, principal = await self.workspace(request)
        found = await self._member(request, workspace, principal)
        if found is None:
            raise UnknownObject("workspace", workspace.slug, [])
        return found

    async def member_anywhere(self, request: Request) -> Member | None:
        """Return who is signed in: in the workspace of a path that there may be no page for, else in their own.

        None where nobody is.
        """
        principal = await self._principal(request)
        if principal is None:
            return None
        named = WORKSPACE.match(request.scope["path"])
        found = await self._sessions.within(principal, named[1]) if named is not None else None
        workspace, principal = found or (await self._vault.workspaces.get(principal.workspace_id), principal)
        return await self._member(request, workspace, principal) if workspace is not None else None

    async def _member(self, request: Request, workspace: Workspace, principal: Principal) -> Member | None:
        user = await self._vault.workspaces.get_user(principal.user_id)
        if user is None:
            return None
        workspaces = await self._sessions.workspaces_of(principal)
        return Member(principal, workspace, user, self._csrf(request), workspaces, await self.called(workspace.id))

    async def called(self, workspace_id: WorkspaceId) -> str:
        """Return a mark of what was done in a workspace so far: another one, once something more is."""
        newest = await self._vault.audit.newest(workspace_id)
        return hashlib.sha256(repr(newest).encode()).hexdigest()[:16]  # the line itself may be none of the visitor's

    async def workspace(self, request: Request) -> tuple[Workspace, Principal]:
        """Return the workspace that the path names, as it is now, and who is signed in there. Raises as `member`."""
        principal, slug = await self.principal(request), request.path_params["slug"]
        found = await self._sessions.within(principal, slug)
        if found is None:
            raise UnknownObject("workspace", slug, [])
        return found

    async def visitor(self, request: Request) -> Visitor | None:
        """Return who is signed in, for the head of a page that needs nobody to be."""
        principal = await self._principal(request)
        if principal is None:
            return None
        user = await self._vault.workspaces.get_user(principal.user_id)
        workspace = await self._vault.workspaces.get(principal.workspace_id)
        return Visitor(user.name, self._csrf(request), home_of(workspace.slug)) if user and workspace else None

    def own_id_hash(self, request: Request) -> str:
        """Return what the visitor's own session is called among all of theirs."""
        return hash_link(self._session_id(request) or "")

    def require_csrf(self, request: Request, form: Mapping[str, str]) -> None:
        """Raise `Refused` unless a form, or its header, carries what this session's pages hold (attack 68)."""
        sent = form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
        if not (sent.isascii() and hmac.compare_digest(sent, self._csrf(request))):
            raise Refused("This form is not from a page of this session.", hint="Open the page again and repeat it.")

    async def sign_in_by_token(self, request: Request, response: Response, token: str) -> bool:
        """Give the browser a session in place of the one it has. Returns whether the token is good."""
        if len(token) > MOST_TOKEN_CHARACTERS:
            return False
        session_id = await self._sessions.start_by_token(token, SESSION_LASTS, _browser(request))
        return await self._begin(request, response, session_id)

    async def sign_in_by_link(self, request: Request, response: Response, secret: str) -> bool:
        """The same, by a link of this machine."""
        if SESSION_ID.fullmatch(secret) is None:
            return False
        session_id = await self._sessions.start_by_link(secret, SESSION_LASTS, _browser(request))
        return await self._begin(request, response, session_id)

    async def sign_in_as(
        self, request: Request, response: Response, workspace_id: WorkspaceId, user_id: UserId
    ) -> None:
        """The same, for a member whom somebody else has vouched for."""
        browser = _browser(request)
        session_id = await self._sessions.start_for(workspace_id, user_id, SESSION_LASTS, browser)
        await self._begin(request, response, session_id)

    async def sign_out(self, request: Request, response: Response) -> None:
        """End the session, so that a copy of the cookie opens nothing either, and take it from the browser."""
        await self._end(request)
        set_private_cookie(response, self.cookie, "", max_age_s=0, is_https=self.is_https)

    async def _begin(self, request: Request, response: Response, session_id: str | None) -> bool:
        if session_id is None:
            return False
        await self._end(request)
        age_s = int(SESSION_LASTS.total_seconds())
        set_private_cookie(response, self.cookie, session_id, max_age_s=age_s, is_https=self.is_https)
        return True

    async def _end(self, request: Request) -> None:
        if (session_id := self._session_id(request)) is not None:
            await self._sessions.end(session_id)

    async def _principal(self, request: Request) -> Principal | None:
        session_id = self._session_id(request)
        return None if session_id is None else await self._sessions.find(session_id)

    def _csrf(self, request: Request) -> str:
        session_id = self._session_id(request) or ""
        return hmac.new(self._csrf_key, session_id.encode(), hashlib.sha256).hexdigest()

    def _session_id(self, request: Request) -> str | None:
        sent = request.cookies.get(self.cookie, "")
        return sent if SESSION_ID.fullmatch(sent) else None


def _browser(request: Request) -> str:
    return browser_of(request.headers.get("user-agent", ""))
