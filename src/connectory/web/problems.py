"""Errors of the REST API as `application/problem+json` (RFC 9457), beside which the pages have sentences in HTML."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response

API = "/api"
DOCUMENT = "/api/openapi.json"
PAGES_OF_API = "/api/auth/callback/"  # browsers come here from providers
WEBHOOKS = "/api/nango/webhook"
PROBLEM_TYPE = "application/problem+json"


def is_api(path: str) -> bool:
    """Whether `path` is one of the REST API, whose callers are programs."""
    return (path == API or path.startswith(f"{API}/")) and not path.startswith(PAGES_OF_API) and path != WEBHOOKS


def problem_response(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    hint: str = "",
    retry_after_s: float | None = None,
    **more: Any,
) -> Response:
    """Say what failed, for programs: `code` is stable and theirs to branch on, `detail` and `hint` are for people.

    The type is about:blank, whose title is the status's own phrase (RFC 9457 section 4.2.1).
    """
    problem = {
        "type": "about:blank",
        "title": _phrase(status),
        "status": status,
        "detail": detail,
        "code": code or f"http_{status}",
        "hint": hint,
        **more,
    }
    response = JSONResponse(problem, status_code=status, media_type=PROBLEM_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if retry_after_s is not None and math.isfinite(retry_after_s):
        response.headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    return response


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
