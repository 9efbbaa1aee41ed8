"""What every double of the gate is made of: a real HTTP server that routes, judges and remembers requests.

A double is a subclass of `Double` whose methods are routes. Its checks raise `Refused` with the answer that the
provider itself would give to what is wrong. It stands on a socket of 127.0.0.1; `reaching` makes the transport to mount
in place of the provider's origin: the request arrives as it would there, Host header included.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote

import httpx2
from tests.net.provider import Received, reply, serving


@dataclass(frozen=True)
class Request:
    """One request as the double got it. `path` is still escaped; `query` is decoded, in its order."""

    method: str
    host: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]  # lower-case names
    body: bytes
    raw_query: str

    @property
    def parameters(self) -> dict[str, str]:
        """The query as a mapping; use `query` where a name may stand twice."""
        return dict(self.query)

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def json(self) -> Any:
        """The body as JSON, whatever its Content-Type says. Raises `ValueError`."""
        return json.loads(self.body)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The body as a form, in its order (WHATWG URL, application/x-www-form-urlencoded)."""
        return parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)


@dataclass(frozen=True)
class Reply:
    """An answer: JSON, or bytes as they are; None has no body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes on the wire."""
        headers = {name.lower().replace("-", "_"): value for name, value in self.headers.items()}
        if self.body is not None and "content_type" not in headers:
            headers["content_type"] = "application/json; charset=utf-8"
        is_bytes = isinstance(self.body, bytes)
        data = b"" if self.body is None else self.body if is_bytes else json.dumps(self.body).encode()
        if self.status == 204:
            headers["content_length"] = "0"
        return reply(self.status, data, **headers)


class Refused(Exception):
    """The request is not as the provider documents it; `reply` is what the provider answers then."""

    def __init__(self, answer: Reply) -> None:
        super().__init__(str(answer.body))
        self.reply = answer


Handler = Callable[..., Reply]


def route(method: str, path: str, *, host: str = "") -> Callable[[Handler], Handler]:
    """Make a method of a `Double` answer `path`, whose `{names}` are segments that it takes as arguments, unescaped."""

    def mark(handler: Handler) -> Handler:
        marks: list[tuple[str, str, str]] = handler.__dict__.setdefault("routes", [])
        marks.append((method, host, path))
        return handler

    return mark


class Double:
    """A provider's stand-in. `received` is all that reached it.

    `queue` is answered before any route, one at a time; `stuck` to everything as long as it is set: what is retried
    gets it each time.
    """

    routes: ClassVar[list[tuple[str, str, re.Pattern[str], str]]] = []

    def __init__(self) -> None:
        self.received: list[Request] = []
        self.queue: deque[Reply] = deque()
        self.stuck: Reply | None = None
        self.broken: list[Exception] = []  # errors of the double itself: the test fails by them
        self.origin = ""

    def __init_subclass__(cls) -> None:
        own = [(mark, name) for name, one in vars(cls).items() for mark in getattr(one, "routes", [])]
        found = [(method, host, _pattern(path), name) for (method, host, path), name in own]
        cls.routes = [*found, *cls.routes]

    @property
    def last(self) -> Request:
        """The newest request."""
        return self.received[-1]

    def sent(self, method: str, path: str) -> list[Request]:
        """All that came with this method to exactly this escaped path."""
        return [one for one in self.received if (one.method, one.path) == (method, path)]

    def check(self, request: Request) -> None:
        """Judge what every request must have: host, credentials, version headers. Raises `Refused`."""

    def unknown(self, request: Request) -> Reply:
        """What the provider answers to a path that it does not have."""
        return Reply(404, {"message": f"no route {request.method} {request.path}"})

    def answer(self, came: Received) -> bytes:
        """Answer one request, as bytes."""
        request = _read(came)
        self.received.append(request)
        try:
            answer = self._routed(request)
        except Refused as refused:
            answer = refused.reply
        except Exception as error:  # noqa: BLE001 - raised again in the test by `running`
            self.broken.append(error)
            answer = Reply(599, {"message": "the double itself is broken"})
        return answer.encode()

    def _routed(self, request: Request) -> Reply:
        self.check(request)
        if self.queue or self.stuck is not None:
            return self.queue.popleft() if self.queue else self.stuck or Reply()
        for method, host, pattern, name in self.routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method and host in ("", request.host):
                answer: Reply = getattr(self, name)(request, **{k: unquote(v) for k, v in match.groupdict().items()})
                return answer
        return self.unknown(request)


class Reaching(httpx2.AsyncBaseTransport):
    """Sends what was meant for a provider to its double, unchanged but for the socket it goes to."""

    def __init__(self, double: Double) -> None:
        self._double, self._inner = double, httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Dial the double; method, target, headers (Host too) and body stay as they are."""
        target = request.url.raw_path
        url = httpx2.URL(self._double.origin).copy_with(raw_path=target)
        headers = request.headers.multi_items()
        return await self._inner.handle_async_request(
            httpx2.Request(request.method, url, headers=headers, content=await request.aread())
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def reaching(*doubles: tuple[str, Double]) -> dict[str, httpx2.AsyncBaseTransport]:
    """The `mounts` of an application: origin of the provider → its double."""
    return {origin: Reaching(double) for origin, double in doubles}


@asynccontextmanager
async def running(*doubles: Double) -> AsyncIterator[None]:
    """Let doubles serve for the length of the block; an error of their own code fails the test at its end."""
    async with AsyncExitStack() as stack:
        for double in doubles:
            double.origin = (await stack.enter_async_context(serving(double.answer))).origin
        yield
    for double in doubles:
        if double.broken:
            raise double.broken[0]


def one_page(items: Sequence[Any], start: int, size: int) -> tuple[list[Any], int | None]:
    """The items of one page, and where the next one begins, or None."""
    end = start + size
    return list(items[start:end]), end if end < len(items) else None


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(re.escape(one) if i % 2 == 0 else f"(?P<{one}>[^/]+)" for i, one in enumerate(parts)))


def _read(came: Received) -> Request:
    path, _, query = came.target.partition("?")
    return Request(
        method=came.method,
        host=came.headers.get("host", ""),
        path=path,
        query=parse_qsl(query, keep_blank_values=True),
        headers=came.headers,
        body=came.body,
        raw_query=query,
    )
