"""Signing in to the pages: by a link that this machine's terminal shows, or by an API token (design 5.6)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route

from connectory.web.forms import read_form
from connectory.web.guard import SAFE_METHODS
from connectory.web.pages import render
from connectory.web.visitors import Visitors

NEXT_PAGE = re.compile(  # where a sign-in may lead (attack 13)
    r"/(?:connect|confirm)/[A-Za-z0-9_-]{1,128}|/workspaces/[a-z0-9][a-z0-9-]{0,62}(?:/[a-z0-9_-]{1,64}){0,3}", re.ASCII
)
PLAIN_QUERY = re.compile(  # of a page of a workspace's: filters, and no address of anything
    r"(?:[a-z0-9_.~*+=&:,-]|%(?![01]|2f|5c|7f)[0-9a-f]{2}){0,1000}", re.ASCII | re.IGNORECASE
)
REVOKED = "revoked"
NOTHING_DONE = "You were signed out; nothing was done. Sign in, then repeat it."
BECAUSE = {
    REVOKED: "The token was revoked; you are signed out.",
    "ended": "You were signed out meanwhile. Sign in to go on.",
    "sent": NOTHING_DONE,
}
GUESS_S = 0.5  # that a wrong link takes, one after the other (attack 73)


@dataclass(frozen=True, slots=True)
class SignInPages:
    """`/open/{secret}`, `/signin` and `/signout`; `openid.py` has the way to an issuer and back."""

    visitors: Visitors
    command: str
    issuer: str | None = None  # what people call the OpenID Connect issuer, where there is one
    guesses: asyncio.Lock = field(default_factory=asyncio.Lock)

    def routes(self) -> list[Route]:
        """The routes of all."""
        return [
            Route("/open/{secret}", self.open, methods=["GET"]),
            Route("/signin", self.show, methods=["GET"]),
            Route("/signin", self.sign_in, methods=["POST"]),
            Route("/signout", self.sign_out, methods=["POST"]),
        ]

    async def open(self, request: Request) -> Response:
        """Exchange a link of this machine for a session, once; the address then holds no secret any more."""
        response = RedirectResponse("/", status_code=303)
        if request.method == "HEAD":  # of whoever looks where a link leads: it is spent by being opened
            return Response()
        if await self.visitors.sign_in_by_link(request, response, request.path_params["secret"]):
            return response
        async with self.guesses:
            await asyncio.sleep(GUESS_S)
        if await self.visitors.visitor(request) is not None:  # opened again, or from the history
            return response
        return self.form("/", problem="This link was used already, or is too old.", status=410)

    async def show(self, request: Request) -> Response:
        """The form by itself; to whoever was signed out a moment ago, with the reason why it is there."""
        because, target = request.query_params.get("because", ""), safe_target(request.query_params.get("next", "/"))
        if because and await self.visitors.visitor(request) is not None:  # come back to after signing in
            return RedirectResponse(target, status_code=303)
        return self.form(target, notice=BECAUSE.get(because))

    async def sign_in(self, request: Request) -> Response:
        """Take the token, and go where the person wanted to go."""
        form = await read_form(request)
        target = safe_target(form.get("next", "/"))
        response = RedirectResponse(target, status_code=303)  # never 307: it would post the token again (RFC 9700 4.12)
        if await self.visitors.sign_in_by_token(request, response, form.get("token", "").strip()):
            return response
        return self.form(target, problem="This token is not valid: it is mistyped, revoked or expired.", status=422)

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        self.visitors.require_csrf(request, await read_form(request))
        response = RedirectResponse("/signin", status_code=303)
        await self.visitors.sign_out(request, response)
        return response

    async def ask(self, request: Request) -> Response:
        """A page that needs a sign-in shows the form in its own place, whether or not there is one (attack 42)."""
        notice = None if request.method in SAFE_METHODS else NOTHING_DONE
        return self.form(_wanted(request), notice=notice, status=401)

    def form(
        self, target: str, *, problem: str | None = None, notice: str | None = None, status: int = 200
    ) -> Response:
        """The sign-in form, which leads to `target` afterwards."""
        return render(
            "signin",
            status,
            has_form=True,
            target=safe_target(target),
            problem=problem,
            notice=notice,
            is_local=self.visitors.is_local,
            command=self.command,
            issuer=self.issuer,
            is_wrong_token=status == 422,
            visitor=None,
        )


def safe_target(target: str) -> str:
    """Return `target` if it is one of the pages that need a sign-in, else the home page."""
    path, mark, query = target.partition("?")
    is_plain = not mark or (path.startswith("/workspaces/") and PLAIN_QUERY.fullmatch(query) is not None)
    return target if is_plain and NEXT_PAGE.fullmatch(path) is not None else "/"


def _wanted(request: Request) -> str:
    """Where a person is to be once they are signed in: the page asked for, or the one whose form they have sent."""
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if request.method not in SAFE_METHODS:
        path, query = _page_before(request)
    whole = f"{path}?{query}" if query else path
    return path if safe_target(whole) == "/" else whole


def _page_before(request: Request) -> tuple[str, str]:
    """Path and query of the page that a form stands on, if it is one of ours that can be opened; else the home page."""
    try:
        before = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/", ""
    opened = {"type": "http", "method": "GET", "path": before.path, "root_path": ""}
    is_page = any(route.matches(opened)[0] is Match.FULL for route in request.app.routes)
    is_ours = before.netloc == request.headers.get("host")
    return (before.path, before.query) if is_ours and is_page else ("/", "")
