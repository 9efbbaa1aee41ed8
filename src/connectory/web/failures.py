"""What people and programs see when something fails: a sentence and what to do, never a stack trace."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from connectory.errors import (
    BadInput,
    ConnectoryError,
    ProviderError,
    QuotaExceeded,
    Refused,
    SessionExpired,
    SetupError,
    Unauthenticated,
    UnknownAction,
    UnknownConnection,
    UnknownConnector,
    UnknownObject,
    UnknownResult,
)
from connectory.web.access_log import masked
from connectory.web.pages import render
from connectory.web.problems import is_api, problem_response
from connectory.web.visitors import Member

logger = logging.getLogger("connectory.web")

STATUSES: tuple[tuple[type[ConnectoryError], int], ...] = (  # the first that fits
    (SessionExpired, 410),
    (UnknownObject, 404),
    (UnknownConnection, 404),
    (UnknownConnector, 404),
    (UnknownAction, 404),
    (UnknownResult, 404),
    (BadInput, 422),
    (Unauthenticated, 401),
    (QuotaExceeded, 429),
    (Refused, 403),
    (ProviderError, 502),
    (SetupError, 503),
)
TITLES = {
    401: "Please sign in",
    403: "Refused",
    404: "Not found",
    405: "This is no page",
    408: "That took too long",
    410: "This link is spent",
    413: "Too large",
    415: "Not a form",
    421: "Wrong address",
    422: "That did not work",
    429: "Too many requests",
}
SENTENCES: Mapping[int, tuple[str, str]] = {
    404: ("There is no such page.", "Check the address, or ask your assistant for a new link."),
    405: ("Nothing was done: forms are sent to this address.", "Go to the page with the form, and send it from there."),
}
GONE = ("This connection was removed.", "The page of all connectors shows what is connected.")
NAMED_AS_PAGE = re.compile(
    r"(?:/[A-Za-z0-9_-]{1,128})*/?", re.ASCII
)  # and as no file that a cache would keep (attack 71)
OF_LINKS = re.compile(r"/(?:connect|confirm)/")


class WhoIsHere(Protocol):
    """What finds out for whom a page is made (`Visitors`)."""

    is_local: bool

    async def member_anywhere(self, request: Request) -> Member | None:
        """Return who is signed in; None where nobody is."""


@dataclass(frozen=True, slots=True)
class Seen:
    """For whom a failure is shown: with their bar, and with what they can do about a link that is not theirs."""

    member: Member | None = None
    is_for_another: bool = False  # a link's page is theirs alone whom it was made for


NOBODY = Seen()


def failure_response(
    headers: Headers,
    status: int,
    message: str,
    hint: str,
    *,
    path: str = "/",
    code: str | None = None,
    seen: Seen = NOBODY,
) -> Response:
    """Say what failed and what to do: as a page, or as JSON to a program (by `Accept`; `/mcp` serves programs only)."""
    if is_api(path):
        return problem_response(status, message, code=code, hint=hint)
    if wants_json(headers.get("accept", ""), path):
        error = {"code": code or f"http_{status}", "message": message, "hint": hint}
        return JSONResponse({"error": error}, status_code=status)
    return render(
        "failure",
        status,
        has_form=seen.member is not None,
        title=TITLES.get(status, "Something went wrong"),
        message=message,
        hint=hint,
        member=seen.member,
        visitor=seen.member.visitor if seen.member is not None else None,
        nav="",
        is_for_another=seen.is_for_another and status == 404,
    )


def error_response(request: Request, error: ConnectoryError, seen: Seen = NOBODY) -> Response:
    """The response to one of our own errors."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    path, (message, hint) = request.scope["path"], (error.message, error.hint)
    if isinstance(error, UnknownConnection) and not wants_json(request.headers.get("accept", ""), path):
        message, hint = GONE  # a person sees no ids, and has mostly seen to it themselves
    return failure_response(request.headers, status, message, hint, path=path, code=error.code, seen=seen)


def wants_json(accept: str, path: str) -> bool:
    """Whether the answer goes to a program: by `Accept`, and always at `/mcp` and `/sse`."""
    return path.partition("/")[2].partition("/")[0] in ("mcp", "sse") or (
        "application/json" in accept and "text/html" not in accept
    )


def exception_handlers(visitors: WhoIsHere | None = None) -> dict[type[Exception], ExceptionHandler]:
    """Handlers for Starlette's `exception_handlers`; a page keeps the bar of whoever is signed in."""

    async def on_connectory_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ConnectoryError)
        return error_response(request, error, await _seen(request, visitors))

    async def on_http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message, hint = SENTENCES.get(error.status_code, (error.detail, ""))
        path, seen = request.scope["path"], await _seen(request, visitors)
        response = failure_response(request.headers, error.status_code, message, hint, path=path, seen=seen)
        response.headers.update(error.headers or {})
        return response

    return {ConnectoryError: on_connectory_error, HTTPException: on_http_exception}


async def _seen(request: Request, visitors: WhoIsHere | None) -> Seen:
    path = request.scope["path"]
    if (
        visitors is None
        or NAMED_AS_PAGE.fullmatch(path) is None
        or is_api(path)
        or wants_json(request.headers.get("accept", ""), path)
    ):
        return NOBODY
    try:
        member = await visitors.member_anywhere(request)
    except ConnectoryError:  # the database, which may be what has failed
        return NOBODY
    is_for_one = member is not None and not visitors.is_local and OF_LINKS.match(path) is not None
    return Seen(member, is_for_another=is_for_one)


class FailureBarrier:
    """Turns whatever escapes a handler into a response inside the security headers.

    Starlette's own last resort stands outside the middleware list, and its answer would lack them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        has_started = False

        async def watch(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            if has_started:
                raise  # too late for a sentence: the server cuts the connection
            await _last_resort(Request(scope), error)(scope, receive, send)


def _last_resort(request: Request, error: Exception) -> Response:
    if isinstance(error, ConnectoryError):
        return error_response(request, error)
    logger.error("An unexpected error on %s", masked(request.scope["path"]), exc_info=error)
    message, hint = "Something went wrong on our side.", "Try again; the server's log says more."
    return failure_response(request.headers, 500, message, hint, path=request.scope["path"])
