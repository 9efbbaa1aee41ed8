"""Who calls, and in which workspace; judged before anything else of a request is read (attacks 43, 68, 75)."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connectory.errors import ConnectoryError, Refused, Unauthenticated, UnknownObject
from connectory.identity.principal import Principal
from connectory.vault.entities import Workspace
from connectory.web.api.refusals import answer_error
from connectory.web.guard import SAFE_METHODS
from connectory.web.services import WebServices
from connectory.web.visitors import CSRF_HEADER, MOST_TOKEN_CHARACTERS, Visitors

BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)  # RFC 6750 section 2.1
JSON = re.compile(r'application/json *(; *charset *= *"?utf-8"? *)?', re.IGNORECASE)
MOST_SHOWN = 80  # characters of a path that an error repeats


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's: who calls, in the workspace that the path names, and all that can be done."""

    services: WebServices
    workspace: Workspace
    principal: Principal


@dataclass(frozen=True, slots=True)
class Door:
    """Lets in who holds an API token, or who is signed in to the pages."""

    services: WebServices
    visitors: Visitors

    async def admit(self, request: Request) -> Caller:
        """Return who calls. Raises `Unauthenticated`, `Refused`, and `UnknownObject` for all but their workspaces."""
        principal = await self._principal(request)
        slug = request.path_params["slug"]
        found = await self.services.web_sessions.within(principal, slug)
        if found is None:
            raise UnknownObject("workspace", slug[:MOST_SHOWN], [])
        return Caller(self.services, *found)

    async def _principal(self, request: Request) -> Principal:
        given = request.headers.getlist("authorization")
        if given:  # whatever the cookies say: a page of ours never sends one
            return await self._holder(given)
        try:
            principal = await self.visitors.principal(request)
        except Unauthenticated:
            raise _unauthenticated() from None
        if request.method not in SAFE_METHODS:
            self._require_csrf(request)
        return principal

    async def _holder(self, given: list[str]) -> Principal:
        bearer = BEARER.fullmatch(given[0]) if len(given) == 1 else None
        token = bearer[1] if bearer is not None else ""
        principal = await self.services.tokens.verify(token) if len(token) <= MOST_TOKEN_CHARACTERS else None
        if principal is None:
            raise _unauthenticated()
        return principal

    def _require_csrf(self, request: Request) -> None:
        try:
            self.visitors.require_csrf(request, {})
        except Refused as error:
            hint = f"A page sends its token in the header {CSRF_HEADER}. A program uses an API token, and no cookie."
            raise Refused("A change by the cookie of a sign-in must come from a page of ours.", hint=hint) from error


class ApiRoute(APIRoute):
    """A route that reads nothing of a request before its caller is known, and no body that is not JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind the door."""
        handle = super().get_route_handler()

        async def admit_and_handle(request: Request) -> Response:
            door: Door = request.app.state.door
            request.state.caller = await door.admit(request)
            await _require_json(request)
            try:
                return await handle(request)
            except ConnectoryError as error:
                return answer_error(error, await _sent(request), door.services.settings.origin)

        return admit_and_handle


async def _require_json(request: Request) -> None:
    """A body is JSON and says so: a plain cross-site post cannot (attack 29). The guard has limited it already."""
    types = request.headers.getlist("content-type")
    is_json = len(types) == 1 and JSON.fullmatch(types[0].strip()) is not None
    if not is_json and await request.body():
        raise HTTPException(415, "A body must be JSON, and its Content-Type application/json.")


async def _sent(request: Request) -> dict[str, Any]:
    """All that came from outside, for what an error must not repeat of it."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    return {"path": dict(request.path_params), "query": dict(request.query_params), "body": body}


def caller_of(
    request: Request, slug: Annotated[str, Path(description="The workspace's short name, as in its pages' addresses.")]
) -> Caller:
    """Return who `ApiRoute` has let in."""
    del slug
    caller: Caller = request.state.caller
    return caller


By = Annotated[Caller, Depends(caller_of)]


def _unauthenticated() -> Unauthenticated:
    return Unauthenticated(
        "This needs a valid API token.",
        hint="Send `Authorization: Bearer TOKEN`; `connectory token create NAME` makes one.",
    )
