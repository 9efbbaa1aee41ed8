"""Linear's GraphQL API as far as its particulars go: a key without Bearer, errors with status 400, limits in headers.

https://linear.app/developers/graphql, https://linear.app/developers/rate-limiting. Documents are judged by the schema
elsewhere (tests/e2e/test_every_graphql_action.py); here the answers are queued.
"""

from __future__ import annotations

from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, route

KEY, TOKEN = "lin_api_0123456789abcdef", "lin_oauth_0123456789abcdef"
VIEWER = {"viewer": {"id": "u-1", "name": "Ann", "email": "a@x.de"}, "organization": {"name": "Acme", "urlKey": "acme"}}


def refused(code: str, kind: str, message: str, *, said: str | None = None, **headers: str) -> Reply:
    """An error as Linear gives it."""
    extensions = {"code": code, "type": kind, "userError": True, "userPresentableMessage": said}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(400, {"errors": [{"message": message, "path": ["issue"], "extensions": extensions}]}, given)


class Linear(Double):
    """One workspace, whose answers are queued; what asks for the viewer is answered by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[dict[str, Any]] = []
        self.keys: tuple[str, ...] = (KEY, f"Bearer {TOKEN}")

    def check(self, request: Request) -> None:
        if request.headers.get("authorization") not in self.keys:
            error = {"code": "AUTHENTICATION_ERROR", "type": "authentication error"}
            raise Refused(Reply(401, {"errors": [{"message": "Authentication required", "extensions": error}]}))

    @route("POST", "/graphql")
    def graphql(self, request: Request) -> Reply:
        """Answer a query for the viewer, and else what is next."""
        if "viewer" in request.json["query"]:
            return Reply(200, {"data": VIEWER})
        return Reply(200, {"data": self.answers.pop(0)})
