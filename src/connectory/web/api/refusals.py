"""How what fails is answered: our errors, FastAPI's and Starlette's, all as problems (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from connectory.errors import (
    AccessNeeded,
    AlreadyExists,
    AmbiguousConnection,
    BackendUnavailable,
    ConnectoryError,
    InvalidArguments,
    ProviderConflict,
    ProviderForbidden,
    ProviderNotFound,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnauthorized,
    RateLimited,
    SessionExpired,
)
from connectory.gateway.offered_keys import without_keys
from connectory.web.failures import STATUSES
from connectory.web.links import link_in
from connectory.web.problems import problem_response

MOST_PROBLEMS = 20
API_STATUSES: tuple[tuple[type[ConnectoryError], int], ...] = (  # the first that fits; `code` says which it was
    (AlreadyExists, 409),
    (AmbiguousConnection, 409),
    (SessionExpired, 410),
    (AccessNeeded, 409),  # a person must do something first; the hint holds the link
    (BackendUnavailable, 409),
    (ProviderUnauthorized, 409),
    (ProviderConflict, 409),
    (ProviderForbidden, 403),
    (ProviderNotFound, 404),
    (ProviderRejected, 422),
    (RateLimited, 429),
    (ProviderTimeout, 504),
    *STATUSES,
)
ADDRESSES: Mapping[str, str] = {  # what an agent's tool is here: hints are written for agents
    "list_connectors": "GET connectors/available",
    "list_connections": "GET connectors",
    "search_actions": "GET search",
}
TOOL = re.compile(rf"\b({'|'.join(ADDRESSES)})\b(?:\([^()]*\))?")
SENTENCES: Mapping[int, tuple[str, str]] = {
    404: ("There is nothing at this address.", "GET /api/openapi.json lists all addresses."),
    405: ("This address does not take this method.", "GET /api/openapi.json lists all methods."),
}


def answer_error(error: ConnectoryError, sent: Mapping[str, Any], origin: str) -> Response:
    """Answer one of our own errors, without what looks like a key among what was sent (attack 40).

    Where the hint holds one of our links for a person, it stands by itself too.
    """
    status = api_status_of(error)
    detail, hint = without_keys(error.message, sent), without_keys(error.hint, sent)
    hint = TOOL.sub(lambda named: f"`{ADDRESSES[named[1]]}`", hint)
    link = link_in(hint, origin)
    more = {"link": link} if link is not None else {}
    return problem_response(status, detail, code=error.code, hint=hint, retry_after_s=error.retry_after_s, **more)


def api_status_of(error: ConnectoryError) -> int:
    """Return the status that says what kind of error it is."""
    return next((status for kind, status in API_STATUSES if isinstance(error, kind)), 500)


def handlers(known: Collection[str], origin: str) -> dict[Any, ExceptionHandler]:
    """Return the handlers for FastAPI's `exception_handlers`; `known` are the names that its document has."""

    async def on_connectory_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, ConnectoryError)
        return answer_error(error, {}, origin)

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        problems = list(_problems(error.errors()[:MOST_PROBLEMS], known))
        hint = " ".join(f"{one['field']}: {one['message']}." for one in problems)
        return problem_response(
            422, "The request is not as it should be.", code=InvalidArguments.code, hint=hint, problems=problems
        )

    async def on_http_exception(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message, hint = SENTENCES.get(error.status_code, (error.detail, ""))
        response = problem_response(error.status_code, message, hint=hint)
        response.headers.update(error.headers or {})
        return response

    return {
        ConnectoryError: on_connectory_error,
        RequestValidationError: on_invalid,
        HTTPException: on_http_exception,
    }


def _problems(errors: Sequence[Any], known: Collection[str]) -> Iterator[dict[str, str]]:
    """Say where and what, in pydantic's words; what was sent may be a secret, the name of a member too."""
    for error in errors:
        if error["type"] == "json_invalid":
            yield {"field": "body", "message": f"This is no JSON from character {error['loc'][-1]} on"}
            continue
        path = [str(part) if isinstance(part, int) or part in known else "(a member)" for part in error["loc"]]
        message = "There is no such member" if error["type"] == "extra_forbidden" else str(error["msg"])
        yield {"field": ".".join(path), "message": message}
