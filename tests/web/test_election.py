from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.web.ports import free_port, serving

from connectory.errors import PageUnavailable, PortTaken
from connectory.settings import Settings
from connectory.vault.keys import KeyRing
from connectory.web.election import LOCK_NAME, PresenceState, WebPresence
from connectory.web.guard import guard_middleware
from connectory.web.health import HealthPage
from connectory.web.proof import Answerer, ask

KEYS = KeyRing([b"k" * 32])
pytestmark = pytest.mark.slow


async def answers() -> None:
    """A database that is well."""


def settings_in(folder: Path, **more: object) -> Settings:
    return Settings.model_validate({"port": free_port(), "data_dir": folder, **more})


def make_presence(settings: Settings, keys: KeyRing = KEYS) -> WebPresence:
    def make_app() -> Starlette:
        return Starlette(routes=HealthPage(answers, keys).routes(), middleware=guard_middleware(settings))

    return WebPresence(make_app, settings, keys, poll_s=0.01)


@asynccontextmanager
async def standing(presence: WebPresence) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    running = asyncio.create_task(presence.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await running


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 # the state is read as any caller reads it
            await asyncio.sleep(0.005)


async def test_one_of_two_serves_and_the_other_takes_over(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first, second = make_presence(settings), make_presence(settings)
    async with standing(first) as first_ends:
        await until(lambda: first.state is PresenceState.SERVING)
        async with standing(second):
            await until(lambda: second.state is PresenceState.FOLLOWING)
            await first.check()
            await second.check()  # the other one proves that it is ours
            first_ends.set()
            await until(lambda: second.state is PresenceState.SERVING)
            await second.check()


def address_of_this_machine() -> str:
    """One that is not loopback, where there is any: no packet leaves for finding it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


@pytest.mark.parametrize("host", ["::", "[::]", "0.0.0.0", "127.0.0.2", "localhost", "LAN"])
@pytest.mark.parametrize("app_url", [None, "https://connect.example.com"])
async def test_a_follower_knows_our_own_server_wherever_it_listens(
    host: str, app_url: str | None, tmp_path: Path
) -> None:
    host = address_of_this_machine() if host == "LAN" else host
    settings = settings_in(tmp_path, host=host, app_url=app_url)
    first, second = make_presence(settings), make_presence(settings)
    async with standing(first):
        await until(lambda: first.state is PresenceState.SERVING)
        async with standing(second):
            await until(lambda: second.state is PresenceState.FOLLOWING)
            await second.check()


async def test_a_stranger_where_links_lead_is_seen_whatever_we_listen_on(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, host="127.0.0.2")
    settings = settings.model_copy(update={"app_url": f"http://localhost:{settings.port}"})
    stranger = settings.model_copy(update={"host": "127.0.0.1"})
    first, second = make_presence(settings), make_presence(settings)
    async with serving(Starlette(), stranger), standing(first):
        await until(lambda: first.state is PresenceState.SERVING)
        with pytest.raises(PortTaken):
            await second.check()


async def test_a_link_waits_for_the_takeover(tmp_path: Path) -> None:
    presence = make_presence(settings_in(tmp_path))
    async with standing(presence):
        await presence.check()
    assert presence.state is PresenceState.CLOSED


async def test_the_end_is_told_as_an_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    presence = make_presence(settings_in(tmp_path))
    with caplog.at_level(logging.INFO, logger="connectory.web"):
        async with standing(presence):
            await until(lambda: presence.state is PresenceState.SERVING)

    assert [record.getMessage().split()[2] for record in caplog.records] == ["serving", "closed"]


async def test_whoever_is_served_at_another_port_is_told_so_and_not_to_wait(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first, second = make_presence(settings), make_presence(settings.model_copy(update={"port": free_port()}))
    async with standing(first):
        await until(lambda: first.state is PresenceState.SERVING)
        async with standing(second):
            await until(lambda: second.state is PresenceState.FOLLOWING)
            with pytest.raises(PageUnavailable) as refusal:
                await second.check()

    assert "nobody answers on port" in refusal.value.text
    assert "set the same CONNECTORY_PORT" in refusal.value.hint


async def test_the_lock_file_is_private(tmp_path: Path) -> None:
    presence = make_presence(settings_in(tmp_path / "new"))
    async with standing(presence):
        await until(lambda: presence.state is PresenceState.SERVING)
    assert stat.S_IMODE((tmp_path / "new" / LOCK_NAME).stat().st_mode) & 0o077 == 0


async def test_no_link_to_a_stranger_on_the_port_and_back_when_it_leaves(tmp_path: Path) -> None:
    async def nice(request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": "0.1.0", "proof": "0" * 64})

    settings = settings_in(tmp_path)
    presence = make_presence(settings)
    async with serving(Starlette(routes=[Route("/healthz", nice)]), settings), standing(presence):
        await until(lambda: presence.state is PresenceState.STRANGER)
        with pytest.raises(PortTaken) as taken:
            await presence.check()
        assert str(settings.port) in taken.value.message
        assert "CONNECTORY_PORT" in taken.value.hint
    async with standing(presence):
        await presence.check()


async def test_a_stranger_with_another_data_folder_proves_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "mine")
    theirs = settings.model_copy(update={"data_dir": tmp_path / "theirs"})
    other, mine = make_presence(theirs, KeyRing([b"o" * 32])), make_presence(settings)
    async with standing(other):
        await until(lambda: other.state is PresenceState.SERVING)
        with pytest.raises(PortTaken):
            await mine.check()


async def test_a_proof_fetched_at_another_address_does_not_fit(tmp_path: Path) -> None:
    """The stranger holds 127.0.0.1 and passes every question on to our own process at ::1."""
    settings = settings_in(tmp_path)

    async def relay(request: Request) -> Response:
        async with httpx2.AsyncClient() as client:
            answer = await client.get(f"http://[::1]:{settings.port}/healthz?{request.url.query}")
        return Response(answer.content, media_type="application/json")

    own_app = Starlette(routes=HealthPage(answers, KEYS).routes())
    own = settings.model_copy(update={"host": "::1"})
    stranger = settings.model_copy(update={"host": "127.0.0.1"})
    async with serving(own_app, own), serving(Starlette(routes=[Route("/healthz", relay)]), stranger):
        assert await ask(KEYS, "::1", settings.port) is Answerer.OURS
        assert await ask(KEYS, "127.0.0.1", settings.port) is Answerer.STRANGER
        with pytest.raises(PortTaken):
            await make_presence(settings).check()


async def test_a_connection_cut_by_the_end_of_our_own_server_is_no_stranger(tmp_path: Path) -> None:
    """As when the process that serves is killed: one asks, the connection breaks, and another takes over."""
    settings = settings_in(tmp_path)
    first, second = make_presence(settings.model_copy(update={"host": "::1"})), make_presence(settings)
    cuts = 0

    async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal cuts
        cuts += 1
        listener.close()
        writer.close()

    async with standing(first):
        await until(lambda: first.state is PresenceState.SERVING)
        listener = await asyncio.start_server(cut, "127.0.0.1", settings.port)
        async with listener:
            await second.check()
    assert cuts == 1


GREETING = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize("answer", [b"", GREETING + b"[]", b"\x00" * 100_000, GREETING + b"[" * 9000])
async def test_whatever_a_stranger_says_is_no_proof(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
        assert await ask(KEYS, "127.0.0.1", port) is Answerer.STRANGER
    assert await ask(KEYS, "127.0.0.1", port) is Answerer.NOBODY


async def test_a_data_folder_that_cannot_be_used_stops_links_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).symlink_to(tmp_path / "elsewhere")
    presence = make_presence(settings_in(tmp_path))
    async with standing(presence):
        await until(lambda: presence.state is PresenceState.BROKEN)
        with pytest.raises(PageUnavailable) as refusal:
            await presence.check()
    assert LOCK_NAME in refusal.value.message
    assert refusal.value.hint
    assert await asyncio.to_thread(os.listdir, tmp_path) == [LOCK_NAME]
