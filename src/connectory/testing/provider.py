"""A provider inside the process: answers by a function, remembers every request it received."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

Answer = Callable[[httpx2.Request], httpx2.Response]


def answers(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer every request alike: JSON for anything but text."""
    content = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
    kind = {} if body is None else {"content-type": "text/html" if isinstance(body, str) else "application/json"}
    return lambda _: httpx2.Response(status, content=content, headers={**kind, **(headers or {})})


@dataclass
class FakeProvider(httpx2.AsyncBaseTransport):
    """Mounted at an origin, it stands in for a service that cannot be had in a test.

    `/v1/me` always gives an account named after the token, so that a connection can be made; `answer` gives the rest.
    """

    answer: Answer = field(default_factory=lambda: answers(200, []))
    requests: list[httpx2.Request] = field(default_factory=list)
    own_answer: Answer | None = None  # of `/v1/me`, in place of the usual one
    is_revoked: bool = False  # then `/v1/me` answers 401: the token is not accepted any more

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Remember the request, then answer it."""
        await request.aread()
        if request.url.path == "/v1/me" and self.is_revoked:
            return answers(401)(request)
        if request.url.path == "/v1/me" and self.own_answer is not None:
            return self.own_answer(request)
        if request.url.path == "/v1/me":
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            return answers(
                200, {"id": f"id-of-{token[:5]}", "login": f"user-{token[:5]}"}, {"x-scopes": "read, write"}
            )(request)
        self.requests.append(request)
        return self.answer(request)
