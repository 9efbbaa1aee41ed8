"""What people and programs see when something fails: a sentence and what to do, never a stack trace."""

from __future__ import annotations

import logging
from collections.abc import Mapping

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
    405: "Not found",
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
    405: ("There is no such page.", "Check the address, or ask your assistant for a new link."),
}


def failure_response(
    headers: Headers, status: int, message: str, hint: str, *, path: str = "/", code: str | None = None
) -> Response:
    """Say what failed and what to do: as a page, or as JSON to a program (by `Accept`; `/mcp` serves programs only)."""
    if is_api(path):
        return problem_response(status, message, code=code, hint=hint)
    if wants_json(headers.get("accept", ""), path):
        error = {"code": code or f"http_{status}", "message": message, "hint": hint}
        return JSONResponse({"error": error}, status_code=status)
    return render("failure", status, title=TITLES.get(status, "Something went wrong"), message=message, hint=hint)


def error_response(request: Request, error: ConnectoryError) -> Response:
    """The response to one of our own errors."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    path = request.scope["path"]
    return failure_response(request.headers, status, error.message, error.hint, path=path, code=error.code)


def wants_json(accept: str, path: str) -> bool:
    """Whether the answer goes to a program: by `Accept`, and always at `/mcp` and `/sse`."""
    return path.partition("/")[2].partition("/")[0] in ("mcp", "sse") or (
        "application/json" in accept and "text/html" not in accept
    )


def exception_handlers() -> dict[type[Exception], ExceptionHandler]:
    """Handlers for Starlette's `exception_handlers`."""

    async def on_connectory_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ConnectoryError)
        return error_response(request, error)

    async def on_http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message, hint = SENTENCES.get(error.status_code, (error.detail, ""))
        response = failure_response(request.headers, error.status_code, message, hint, path=request.scope["path"])
        response.headers.update(error.headers or {})
        return response

    return {ConnectoryError: on_connectory_error, HTTPException: on_http_exception}


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
