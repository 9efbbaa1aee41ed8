"""Signing in to the pages in fleet mode, by an API token pasted once (design 5.6, attacks 4, 72, 117).

In local mode the link is the capability and nobody signs in. The cookie holds a random id; signing out ends it at the
server too. Behind it the token is judged at every request, so that revocation, expiry and a lost role work at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.errors import Unauthenticated
from connectory.identity.principal import Principal
from connectory.identity.tokens import Tokens
from connectory.settings import Settings
from connectory.vault.entities import UserId, WorkspaceId
from connectory.vault.vault import Vault
from connectory.web.binding import cookie_name, set_private_cookie
from connectory.web.forms import read_form
from connectory.web.origins import OurOrigins
from connectory.web.pages import render

SESSION_LASTS = timedelta(hours=12)
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
MOST_TOKEN_CHARACTERS = 512
NEXT_PAGE = re.compile(r"/(?:connect|confirm)/[A-Za-z0-9_-]{1,128}", re.ASCII)  # where a sign-in may lead (attack 13)


class Visitors:
    """Who opens a page, and whether it is for them."""

    def __init__(self, settings: Settings, vault: Vault, tokens: Tokens) -> None:
        self.is_local = settings.is_local
        self.is_https = OurOrigins(settings).is_https
        self._vault = vault
        self._tokens = tokens
        self._cookie = cookie_name("connectory-session", is_https=self.is_https)

    async def require(self, request: Request) -> Principal | None:
        """Return who is signed in; None in local mode. Raises `Unauthenticated`, which is shown as the sign-in form."""
        if self.is_local:
            return None
        visitor = await self._principal(request)
        if visitor is None:
            raise Unauthenticated("Please sign in to see this page.", hint="Paste one of your API tokens.")
        return visitor

    def may_see(self, visitor: Principal | None, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """Whether that user's page in that workspace is the visitor's; in local mode the link itself is enough."""
        if visitor is None:
            return self.is_local
        return (visitor.workspace_id, visitor.user_id) == (workspace_id, user_id)

    async def name_of(self, request: Request) -> str | None:
        """The name of who is signed in, for the sign-out button; None where nobody is."""
        visitor = None if self.is_local else await self._principal(request)
        user = await self._vault.workspaces.get_user(visitor.user_id) if visitor else None
        return user.name if user else None

    async def sign_in(self, request: Request, response: Response, token: str) -> bool:
        """Give the browser a session in place of the one it has. Returns whether the token is good."""
        if len(token) > MOST_TOKEN_CHARACTERS:
            return False
        session_id = await self._tokens.start_web_session(token, SESSION_LASTS)
        if session_id is None:
            return False
        await self._end(request)
        age_s = int(SESSION_LASTS.total_seconds())
        set_private_cookie(response, self._cookie, session_id, max_age_s=age_s, is_https=self.is_https)
        return True

    async def sign_out(self, request: Request, response: Response) -> None:
        """End the session, so that a copy of the cookie opens nothing either, and take it from the browser."""
        await self._end(request)
        set_private_cookie(response, self._cookie, "", max_age_s=0, is_https=self.is_https)

    async def _end(self, request: Request) -> None:
        if (session_id := self._session_id(request)) is not None:
            await self._vault.web_sessions.end(session_id)

    async def _principal(self, request: Request) -> Principal | None:
        session_id = self._session_id(request)
        return None if session_id is None else await self._tokens.verify_web_session(session_id)

    def _session_id(self, request: Request) -> str | None:
        sent = request.cookies.get(self._cookie, "")
        return sent if SESSION_ID.fullmatch(sent) else None


@dataclass(frozen=True, slots=True)
class SignInPages:
    """`/signin` and `/signout`; neither exists in local mode."""

    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of both."""
        if self.visitors.is_local:
            return []
        return [
            Route("/signin", self.show, methods=["GET"]),
            Route("/signin", self.sign_in, methods=["POST"]),
            Route("/signout", self.sign_out, methods=["POST"]),
        ]

    async def show(self, _request: Request) -> Response:
        """The form by itself."""
        return signin_form("/")

    async def sign_in(self, request: Request) -> Response:
        """Take the token, and go where the person wanted to go."""
        form = await read_form(request)
        target = safe_target(form.get("next", "/"))
        response = RedirectResponse(target, status_code=303)  # never 307: it would post the token again (RFC 9700 4.12)
        if await self.visitors.sign_in(request, response, form.get("token", "").strip()):
            return response
        return signin_form(target, problem="This token is not valid: it is mistyped, revoked or expired.", status=422)

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        response = RedirectResponse("/signin", status_code=303)
        await self.visitors.sign_out(request, response)
        return response


def signin_form(target: str, *, problem: str | None = None, status: int = 200) -> Response:
    """The sign-in form, which leads to `target` afterwards."""
    return render("signin", status, has_form=True, target=safe_target(target), problem=problem, visitor=None)


def safe_target(path: str) -> str:
    """Return `path` if it is one of the pages that need a sign-in, else the home page."""
    return path if NEXT_PAGE.fullmatch(path) else "/"
