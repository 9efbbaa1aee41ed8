"""Signing in to the pages at an OpenID Connect issuer: leaving for it, and coming back (design 5.6, attack 22).

What came of it is told on an address without code and state, which so stay in no history and no Referer (attack 17).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.openid.sign_in import CALLBACK, LASTS, OpenIdSignIn, read_left
from connectory.errors import ConnectoryError, ProviderError
from connectory.vault.entities import Workspace
from connectory.vault.keys import KeyRing
from connectory.web.callback import callback_of
from connectory.web.forms import read_form
from connectory.web.pages import render
from connectory.web.sealed_cookie import SealedCookie
from connectory.web.signin import safe_target
from connectory.web.visitors import Visitors

logger = logging.getLogger("connectory.web")

START = "/signin/oidc"
TOLD_FOR_S = 120
OF_WORKSPACE = re.compile(r"/workspaces/([^/]+)")


class ShowForm(Protocol):
    """Shows the sign-in form: where it leads, and what is wrong."""

    def __call__(self, target: str, *, problem: str | None = None, status: int = 200) -> Response: ...


class OpenIdPages:
    """`/signin/oidc` and the callback."""

    def __init__(self, sign_in: OpenIdSignIn, visitors: Visitors, keys: KeyRing, show_form: ShowForm) -> None:
        self._sign_in = sign_in
        self._visitors = visitors
        self._show_form = show_form
        https = visitors.is_https
        self._left = SealedCookie(keys, "connectory-signin", int(LASTS.total_seconds()), https)
        self._told = SealedCookie(keys, "connectory-signin-problem", TOLD_FOR_S, https)

    def routes(self) -> list[Route]:
        """The routes of both."""
        return [
            Route(START, self.leave, methods=["POST"]),
            Route(START, self.tell, methods=["GET"]),
            Route(CALLBACK, self.come_back, methods=["GET"]),
        ]

    async def leave(self, request: Request) -> Response:
        """A page with a plain link, by which the browser leaves: our policy lets a form lead to no other origin."""
        target = safe_target((await read_form(request)).get("next", "/"))
        try:
            url, left = await self._sign_in.leave(target)
        except ConnectoryError as error:
            return self._show_form(target, problem=_words(error), status=502)
        response = render("leaving", connector=self._sign_in.name, logo=None, url=url, visitor=None)
        self._left.keep(response, left.model_dump_json())
        return response

    async def come_back(self, request: Request) -> Response:
        """Take what the issuer's redirect brought, once: the browser forgets that it has left."""
        left = read_left(self._left.read(request))
        target = left.target if left is not None else "/"
        try:
            done = await self._sign_in.come_back(left, callback_of(request))
        except ConnectoryError as error:
            logger.info("a sign-in at the issuer came to nothing: %s", error.code)
            response = RedirectResponse(START, status_code=303)
            self._told.keep(response, json.dumps([_words(error), target]))
        else:
            response = RedirectResponse(target, status_code=303)
            workspace = _first(done.workspaces, target)
            await self._visitors.sign_in_as(request, response, workspace.id, done.user_id)
        self._left.forget(response)
        return response

    async def tell(self, request: Request) -> Response:
        """Say why nobody was signed in, and ask again."""
        told = self._told.read(request)
        if told is None:
            return RedirectResponse("/signin", status_code=303)
        problem, target = json.loads(told)
        return self._show_form(target, problem=problem, status=403)


def _words(error: ConnectoryError) -> str:
    """What a person reads: hints of a provider that is down are for a model."""
    if isinstance(error, ProviderError):
        return f"{error.message} Try again in a minute; if it stays so, tell whoever runs this server."
    return error.text


def _first(workspaces: Sequence[Workspace], target: str) -> Workspace:
    """The workspace whose page the person wanted to see, if it is theirs."""
    match = OF_WORKSPACE.match(target)
    return next((one for one in workspaces if match is not None and one.slug == match[1]), workspaces[0])
