"""A provider on loopback that records every byte it receives, and resolvers under the test's control."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from connectory.net.address import HostRule
from connectory.net.client import OutboundClient, OutboundRequest


@dataclass(frozen=True)
class Received:
    """One request as it stood on the wire."""

    raw: bytes
    method: str
    target: str
    headers: dict[str, str]  # lower-case names
    body: bytes


Reply = Callable[[Received], bytes]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def reply(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    """Build a response; `content_type="x"` becomes `Content-Type: x`."""
    lines = [f"HTTP/1.1 {status} Reason", *(f"{n.replace('_', '-').title()}: {v}" for n, v in headers.items())]
    if not any(name in ("content_length", "transfer_encoding") for name in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Provider:
    """`requests` is all that arrived; `connections` counts sockets, also those on which nothing was sent."""

    answer: Reply = lambda _: reply()
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    scheme: str = "http"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def host_port(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def last(self) -> Received:
        return self.requests[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(await _received(head, reader))
                data = self.answer(self.last)
                writer.write(data)
                await writer.drain()


async def _received(head: bytes, reader: asyncio.StreamReader) -> Received:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines if line}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head + body, method, target, headers, body)


@asynccontextmanager
async def listening(handle: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Accept connections on a free port of 127.0.0.1, and leave none behind; yields the port."""
    running: set[asyncio.Task[Any]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await handle(reader, writer)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(run, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def serving(answer: Reply | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Provider]:
    """Run a provider on a free port of 127.0.0.1."""
    provider = Provider(scheme="https" if tls else "http")
    if answer is not None:
        provider.answer = answer
    async with listening(provider.serve, tls) as provider.port:
        yield provider


@dataclass
class Names:
    """A resolver: each name has a list of answers, given in turn; the last one stays."""

    answers: Mapping[str, Sequence[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        turns = self.answers.get(host, ((),))
        return turns[min(self.asked.count(host), len(turns)) - 1]


@asynccontextmanager
async def making_client(**options: Any) -> AsyncIterator[OutboundClient]:
    client = OutboundClient(**{"believes_persons": True, **options})
    try:
        yield client
    finally:
        await client.aclose()


def ask(
    url: str,
    *hosts: str | HostRule,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout_s: float = 5.0,
    follow_redirects: bool = True,
) -> OutboundRequest:
    """A request to `url`; without `hosts` its own origin is the only one it may go to."""
    rules = tuple(HostRule(host) if isinstance(host, str) else host for host in hosts or (url,))
    return OutboundRequest(method, url, headers or {}, body, rules, timeout_s, follow_redirects)
