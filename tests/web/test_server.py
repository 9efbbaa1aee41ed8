from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.web.guarded_app import Handlers, make_app
from tests.web.ports import free_port, serving

from connectory.errors import InvalidSettings, PortTaken, SetupError
from connectory.settings import Settings
from connectory.web.access_log import masked
from connectory.web.server import open_sockets, serve, who_listens


async def test_it_answers_on_both_loopback_families_and_ends_when_told() -> None:
    settings = Settings.model_validate({"port": free_port()})
    before = signal.getsignal(signal.SIGINT)
    async with serving(make_app(Handlers(), settings), settings), httpx2.AsyncClient() as client:
        for address in ("127.0.0.1", "[::1]"):
            answer = await client.get(f"http://{address}:{settings.port}/healthz")
            assert (answer.status_code, answer.text) == (200, "reached")
            assert "server" not in answer.headers
        assert signal.getsignal(signal.SIGINT) is before  # signals are the caller's matter
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", settings.port))


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
async def test_a_taken_port_is_said_so_on_either_family(family: socket.AddressFamily, address: str) -> None:
    settings = Settings.model_validate({"port": free_port()})
    with socket.socket(family) as stranger:
        stranger.bind((address, settings.port))
        stranger.listen()
        with pytest.raises(PortTaken) as taken:
            await serve(make_app(Handlers(), settings), settings, stop=asyncio.Event())
    assert str(settings.port) in taken.value.message
    assert "CONNECTORY_PORT" in taken.value.hint
    with socket.socket() as probe:  # nothing is left listening on the other family
        probe.bind(("127.0.0.1", settings.port))


async def test_an_address_of_another_machine_is_a_wrong_setting() -> None:
    for host in ("192.0.2.1", "no such name"):
        settings = Settings.model_validate({"port": free_port(), "host": host})
        with pytest.raises(InvalidSettings):
            await serve(make_app(Handlers(), settings), settings, stop=asyncio.Event())


async def test_an_app_that_does_not_start_ends_the_server_with_a_sentence() -> None:
    @asynccontextmanager
    async def fails(app: Starlette) -> AsyncIterator[None]:
        if app.routes == []:
            raise RuntimeError("no")
        yield

    settings = Settings.model_validate({"port": free_port()})
    with pytest.raises(SetupError):
        await serve(Starlette(lifespan=fails), settings, stop=asyncio.Event())


async def test_too_many_at_once_are_told_so_and_a_long_call_goes_on() -> None:
    entered, may_end = asyncio.Event(), asyncio.Event()

    async def hold(request: Request) -> Response:
        entered.set()
        await may_end.wait()
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/long", hold), Route("/short", lambda _: PlainTextResponse("quick"))])
    settings = Settings.model_validate({"port": free_port()})
    base = f"http://127.0.0.1:{settings.port}"
    async with serving(app, settings, most_connections=2), httpx2.AsyncClient() as client:
        long_call = asyncio.create_task(client.get(f"{base}/long"))
        await entered.wait()
        async with httpx2.AsyncClient() as other:
            assert (await other.get(f"{base}/short")).status_code == 503
        may_end.set()
        assert (await long_call).text == "done"
        assert (await client.get(f"{base}/short")).text == "quick"


async def test_a_cancelled_server_leaves_no_socket() -> None:
    settings, ready = Settings.model_validate({"port": free_port()}), asyncio.Event()
    running = asyncio.create_task(
        serve(make_app(Handlers(), settings), settings, stop=asyncio.Event(), on_ready=ready.set)
    )
    await ready.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", settings.port))


async def test_the_log_has_no_query_and_no_link(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings.model_validate({"port": free_port()})
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "connectory"):
        async with serving(make_app(Handlers(), settings), settings), httpx2.AsyncClient() as client:
            base = f"http://localhost:{settings.port}"
            for path in (
                "/connect/s3cret-link",
                "/mcp?access_token=s3cret",
                "/s3cret-typo",
                "/connect/s3cret/done",
            ):
                await client.get(base + path)
            await client.get(f"http://127.0.0.1:{settings.port}/confirm/s3cret-moved")
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    assert any(line.startswith("GET /connect/*** 200") for line in ours)
    assert any(line.startswith("GET /mcp 200") for line in ours)
    assert not [line for line in ours if "s3cret" in line]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/healthz", "/healthz"),
        ("/connect/abc", "/connect/***"),
        ("/connect/abc/done", "/connect/***"),
        ("/confirm/abc", "/confirm/***"),
        ("//connect/abc", "/connect/***"),
        ("/abc", "/***"),
        ("/a\nGET /forged 200", "/***"),
        ("", "/***"),
    ],
)
def test_only_known_words_of_a_path_are_logged(path: str, shown: str) -> None:
    assert masked(path) == shown


async def test_an_answer_does_not_wait_for_the_network_to_fill_up() -> None:
    """asyncio turns Nagle's algorithm off only for connections of listeners that name TCP as their protocol."""
    settings = Settings.model_validate({"port": free_port()})
    listeners = await asyncio.to_thread(open_sockets, settings)
    assert {listener.proto for listener in listeners} == {socket.IPPROTO_TCP}
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(("platform", "command"), [("linux", "ss"), ("darwin", "lsof")])
def test_the_command_that_shows_who_holds_a_port_is_one_that_the_system_has(platform: str, command: str) -> None:
    assert who_listens(8765, platform).startswith(f"`{command} ")
