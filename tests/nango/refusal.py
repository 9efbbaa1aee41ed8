"""An error that Nango answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    """A status and a body; None: an empty one."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer."""
        return Response(status_code=self.status) if self.body is None else JSONResponse(self.body, self.status)


def refuse(status: int, code: str, message: str | None = None, **more: Any) -> Refusal:
    """Nango's usual form: code, and mostly a message."""
    error = {"code": code, **({} if message is None else {"message": message}), **more}
    return Refusal(status, {"error": error})


def invalid(*places: tuple[tuple[str, ...], str, str]) -> Refusal:
    """`invalid_body` with issues, each a path, a code and a message."""
    issues = [{"code": code, "message": message, "path": list(path)} for path, code, message in places]
    return Refusal(400, {"error": {"code": "invalid_body", "errors": issues}})
