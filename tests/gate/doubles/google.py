"""What all of Google's APIs do alike: Bearer tokens with scopes, strict query parameters, one shape of errors.

https://cloud.google.com/apis/design/errors
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, route

TOKEN = "ya29.a0AfB_double"
AUTH = "https://www.googleapis.com/auth/"
IDENTITY = "openidconnect.googleapis.com"
EVERYWHERE = {"alt", "fields", "key", "prettyPrint", "quotaUser", "uploadType"}  # query parameters of every call


def failure(code: int, status: str, message: str, reason: str = "", /, **details: Any) -> Reply:
    """An error; `reason` stands in `errors`, as older APIs have it, and `details` is a further object."""
    errors = {"errors": [{"message": message, "domain": "global", "reason": reason}]} if reason else {}
    told = {"details": [details]} if details else {}
    return Reply(code, {"error": {"code": code, "message": message, **errors, "status": status, **told}})


class Google(Double):
    """One account of Google's; `scopes` are what its token may."""

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes = set(scopes)

    def check(self, request: Request) -> None:
        """The token goes into `Authorization`."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
            raise Refused(failure(401, "UNAUTHENTICATED", message))

    def unknown(self, request: Request) -> Reply:
        """Google answers with a page of HTML."""
        return Reply(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", {"Content-Type": "text/html"})

    def needs(self, *scopes: str) -> None:
        """Refuse a token that has none of these scopes."""
        if not self.scopes & {f"{AUTH}{one}" for one in scopes}:
            reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
            message = "Request had insufficient authentication scopes."
            raise Refused(failure(403, "PERMISSION_DENIED", message, "insufficientPermissions", **reason))

    def takes(self, request: Request, names: Collection[str]) -> None:
        """Refuse query parameters that the method does not have."""
        for name in request.parameters:
            if name not in names and name not in EVERYWHERE:
                message = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
                raise Refused(failure(400, "INVALID_ARGUMENT", message))

    def size(self, request: Request, name: str, most: int) -> int:
        """The page size that is asked for."""
        asked = request.parameters.get(name, str(most))
        if not asked.isdigit() or not 0 < int(asked) <= most:
            raise Refused(failure(400, "INVALID_ARGUMENT", f"Invalid value '{asked}' for {name}."))
        return int(asked)

    @route("GET", "/v1/userinfo", host=IDENTITY)
    def userinfo(self, request: Request) -> Reply:
        """Whose token it is (OpenID Connect Core 1.0 section 5.3)."""
        if "openid" not in self.scopes:
            return Reply(401, {"error": "invalid_request", "error_description": "Invalid Credentials"})
        return Reply(200, {"sub": "1104", "email": "ann@example.com", "email_verified": True})


def object_of(request: Request, members: Collection[str]) -> dict[str, Any]:
    """The JSON object that was sent; Google refuses members it does not know."""
    if request.content_type != "application/json":
        raise Refused(failure(400, "INVALID_ARGUMENT", "Invalid JSON payload received."))
    body: dict[str, Any] = request.json
    for name in body:
        if name not in members:
            message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            raise Refused(failure(400, "INVALID_ARGUMENT", message))
    return body
