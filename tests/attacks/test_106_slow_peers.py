"""Attack 106: providers and clients that take their time. Each call has one deadline, and others do not wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.attacks.outside import Outside
from tests.attacks.wire import TOP, manifest
from tests.mcp.test_tools import BOTH_ERAS, Era, client_of
from tests.net.provider import Handler, listening
from tests.web.ports import free_port

from connectory.auth.backend import Connected, Entry
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.web.server import HEAD_TIMEOUT_S, serve
from connectory.wiring import Application

TIME_S = 1.0  # CONNECTORY_CALL_TIMEOUT_S
TENFOLD_S = 10.0
SHARED_S = 5.0  # the time of calls that many make at once
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ACCOUNT = HEAD + b'Content-Length: 22\r\nConnection: close\r\n\r\n{"id":1,"name": "pat"}'
Drops = Callable[[str], Iterator[tuple[bytes, float]]]  # what is sent, and how long after it nothing is


def nothing(_: str) -> Iterator[tuple[bytes, float]]:
    while True:
        yield b"", 1


def drops_of_a_head(_: str) -> Iterator[tuple[bytes, float]]:
    for one in HEAD * 1000:
        yield bytes([one]), 0.1


def a_head_without_end(_: str) -> Iterator[tuple[bytes, float]]:
    yield HEAD, 0
    while True:
        yield b"X-More: 1\r\n", 0.1


def a_head_without_end_at_once(_: str) -> Iterator[tuple[bytes, float]]:
    yield HEAD, 0
    while True:
        yield b"X-More: 1\r\n" * 1000, 0


def heads_before_the_head(_: str) -> Iterator[tuple[bytes, float]]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\n\r\n" * 200, 0


def drops_of_a_body(_: str) -> Iterator[tuple[bytes, float]]:
    yield HEAD + b"Content-Length: 100000\r\n\r\n[", 0.1
    while True:
        yield b" ", 0.1


def a_body_that_stops(_: str) -> Iterator[tuple[bytes, float]]:
    yield HEAD + b"Content-Length: 100000\r\n\r\n[" + b" " * 50_000, 0
    yield from nothing("")


def chunks_without_end(_: str) -> Iterator[tuple[bytes, float]]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n", 0
    while True:
        yield b"1\r\n \r\n", 0.1


def trailers_without_end(_: str) -> Iterator[tuple[bytes, float]]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n", 0
    while True:
        yield b"X-More: 1\r\n", 0.1


def redirects_that_each_take_long(target: str) -> Iterator[tuple[bytes, float]]:
    yield b"", 0.4
    yield f"HTTP/1.1 302 Found\r\nLocation: {target}x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode(), 0


def pages_that_each_take_long(target: str) -> Iterator[tuple[bytes, float]]:
    yield b"", 0.4
    link = f'Link: <{target}x>; rel="next"\r\nConnection: close\r\nContent-Length: 9\r\n\r\n'
    yield HEAD + link.encode() + b'[{"a":1}]', 0


WAYS = (
    nothing, drops_of_a_head, a_head_without_end, a_head_without_end_at_once, heads_before_the_head, drops_of_a_body,
    a_body_that_stops, chunks_without_end, trailers_without_end, redirects_that_each_take_long,
)  # fmt: skip
PLACES = make_connector(
    manifest(
        {
            "thing": "request: {get: /thing}",
            "things": "request: {get: /things}\npages: {style: link_header, max_size: 10}\nanswer: {items: '@'}",
        },
        TOP,
    )
)


def slow(way: Drops) -> Handler:
    """A provider that tells its account at once and everything else in this way."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                target = head.split(b" ")[1].decode()
                if target == "/base/me":
                    writer.write(ACCOUNT)
                    return
                for data, rest_s in way(target):
                    writer.write(data)
                    await writer.drain()
                    await asyncio.sleep(rest_s)

    return handle


@asynccontextmanager
async def before(way: Drops, time_s: float = TIME_S) -> AsyncIterator[tuple[Application, Principal, Principal]]:
    """An application whose `places` is slow and whose `notes` is not; Ann has the one connected, Bob the other."""
    async with listening(slow(way)) as port:
        settings = make_settings(
            CONNECTORY_ALLOW_HOSTS=f"127.0.0.1:{port}",
            CONNECTORY_CALL_TIMEOUT_S=str(time_s),
            CONNECTORY_CALLS_PER_MINUTE="10000",
        )
        catalog = make_catalog(PLACES, make_connector())
        fast = {"https://api.notes.example": FakeProvider(answers(200, [{"id": 1}]))}
        async with make_application(catalog=catalog, settings=settings, mounts=fast) as application:
            principal = await make_principal(application)
            session = await application.auth.connect(principal, "places")
            typed = {"server": f"http://127.0.0.1:{port}", "token": "k-0000000"}
            assert isinstance(await application.auth.sign_in.submit(session, "b", Entry("key", typed)), Connected)
            bob = await make_principal(application, "other", "bob")
            await connect(application, bob)
            yield application, principal, bob


@BOTH_ERAS
@pytest.mark.parametrize("way", WAYS)
async def test_attack_106_a_slow_provider_is_left_when_the_call_s_time_is_over(era: Era, way: Drops) -> None:
    async with before(way) as (application, principal, _), client_of(application, principal, era) as client:
        started = time.monotonic()
        result = await client.call_tool("places_thing", {})
        took_s = time.monotonic() - started

    [block] = result.content
    assert block.type == "text"
    assert result.is_error
    allowed = ("provider_timeout: ", "provider_unavailable: ", "unexpected_response: ", "response_too_large: ")
    assert block.text.startswith(allowed), block.text
    assert took_s < TENFOLD_S


@BOTH_ERAS
async def test_attack_106_slow_pages_end_in_time_and_what_came_is_given(era: Era) -> None:
    async with (
        before(pages_that_each_take_long) as (application, principal, _),
        client_of(application, principal, era) as client,
    ):
        started = time.monotonic()
        result = await client.call_tool("places_things", {"limit": 200})
        took_s = time.monotonic() - started

    assert not result.is_error
    assert took_s < TENFOLD_S


async def test_attack_106_other_callers_do_not_wait_for_whom_a_provider_keeps() -> None:
    async with (
        before(nothing, SHARED_S) as (application, kept, other),
        client_of(application, kept, "auto") as slow_client,
        client_of(application, other, "auto") as client,
    ):
        await client.call_tool("notes_list_notes", {"book": "b"})
        waiting = [asyncio.create_task(slow_client.call_tool("places_thing", {})) for _ in range(40)]
        await asyncio.sleep(0.1)
        took_s = []
        while not all(task.done() for task in waiting):
            started = time.monotonic()
            assert not (await client.call_tool("notes_list_notes", {"book": "b"})).is_error
            took_s.append(time.monotonic() - started)
        assert all(result.is_error for result in await asyncio.gather(*waiting))
    assert len(took_s) > 3
    assert sorted(took_s)[int(len(took_s) * 0.99)] < SHARED_S  # they would take all of it, if they had to wait


@asynccontextmanager
async def web(head_timeout_s: float) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """The web server with a slow handler, for ten connections at once; yields its port and the slow one's end."""
    may_end, ready, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(_: Request) -> Response:
        await may_end.wait()
        return PlainTextResponse("done")

    app = Starlette(
        routes=[
            Route("/long", hold),
            Route("/short", lambda _: PlainTextResponse("quick"), methods=["GET", "POST"]),
        ]
    )
    settings = Settings.model_validate({"port": free_port()})
    task = asyncio.create_task(
        serve(app, settings, stop=stop, on_ready=ready.set, most_connections=10, head_timeout_s=head_timeout_s)
    )
    try:
        await ready.wait()
        yield settings.port, may_end
    finally:
        stop.set()
        await task


SLOW_CLIENTS = {
    "says nothing": b"",
    "never ends its head": b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-",
    "never sends the body of what is answered": b"POST /short HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
    "never ends its second head": b"GET /short HTTP/1.1\r\nHost: x\r\n\r\nGET /short HTTP/1.1\r\nX-",
}


@pytest.mark.parametrize("name", SLOW_CLIENTS)
async def test_attack_106_clients_that_hang_do_not_shut_everyone_out(name: str) -> None:
    """They did, for ever: as many of them as there are connections at once, without any token."""
    async with web(0.5) as (port, may_end), httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        long_call = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/long"))
        hanging = [await asyncio.open_connection("127.0.0.1", port) for _ in range(12)]
        for _, writer in hanging:
            writer.write(SLOW_CLIENTS[name])

        async def drip() -> None:
            while True:
                await asyncio.sleep(0.05)
                for _, writer in hanging if SLOW_CLIENTS[name] else ():
                    writer.write(b"a")

        dripping = asyncio.create_task(drip())
        try:
            async with asyncio.timeout(TENFOLD_S):
                while True:
                    async with httpx2.AsyncClient(trust_env=False, timeout=TENFOLD_S) as other:
                        if (await other.get(f"http://127.0.0.1:{port}/short")).status_code == 200:
                            break
                    await asyncio.sleep(0.1)
        finally:
            dripping.cancel()
            may_end.set()
            for _, writer in hanging:
                writer.close()
        assert (await long_call).text == "done"  # who waits for an answer is not cut off


@pytest.mark.slow
def test_attack_106_slow_clients_of_the_real_process_keep_nobody_waiting(outside: Outside) -> None:
    usual = outside.call("list_connectors")
    assert not usual.failed
    head = f"POST /mcp HTTP/1.1\r\nHost: localhost:{outside.install.port}\r\nAuthorization: Bearer {outside.token}\r\n"
    body = f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    held = []
    try:
        for number in range(200):
            held.append(socket.create_connection(("127.0.0.1", outside.install.port)))
            held[-1].sendall((head if number % 2 else body).encode())
        took_s = []
        for _ in range(100):
            started = time.monotonic()
            assert not outside.call("list_connectors").failed
            took_s.append(time.monotonic() - started)
            for one in held[::20]:
                with contextlib.suppress(OSError):
                    one.sendall(b"a")
    finally:
        for one in held:
            one.close()
    assert sorted(took_s)[99] < HEAD_TIMEOUT_S / 2  # a place that one of them holds is free after all of it
