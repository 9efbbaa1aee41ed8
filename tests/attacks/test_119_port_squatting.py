"""119. Port squatting: another's process holds our port and answers nicely; no link to it is ever handed out."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.e2e.programs import Era, Install
from tests.web.ports import free_port

pytestmark = pytest.mark.slow

BOTH_ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])

Health = Callable[[str], bytes]  # what the squatter says to a GET of this path


@contextlib.contextmanager
def squatter(port: int, health: Health) -> Iterator[list[str]]:
    """Hold the port and answer everything with 200; gives the paths that were asked for."""
    asked: list[str] = []

    class Nice(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = health(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Nice)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nicely(_: str) -> bytes:
    return json.dumps({"status": "ok", "version": "0.1.0", "proof": "0" * 64}).encode()


def relaying(port: int) -> Health:
    """Ask the victim's own server, which listens elsewhere, and pass its answer on."""

    def health(path: str) -> bytes:
        victim = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            victim.request("GET", path, headers={"Host": f"localhost:{port}"})
            return victim.getresponse().read()
        finally:
            victim.close()

    return health


@pytest.fixture
def install(tmp_path: Path) -> Install:
    return Install(tmp_path, extra={"CONNECTORY_CONNECT_WAIT_S": "0"})


async def said_to_connect(install: Install, era: Era) -> str:
    async with install.over_stdio(era) as client:
        result = await client.call_tool("connect", {"connector": "github"})
    return "\n".join(block.text for block in result.content if block.type == "text")


@BOTH_ERAS
async def test_attack_119_who_answers_nicely_is_named_and_gets_no_link(install: Install, era: Era) -> None:
    with squatter(install.port, nicely) as asked:
        said = await said_to_connect(install, era)

    assert any(path.startswith("/healthz") for path in asked)
    assert "/connect/" not in said
    assert f"port {install.port}" in said
    assert "Another program" in said


@BOTH_ERAS
async def test_attack_119_a_proof_passed_on_from_our_own_server_elsewhere_is_none(install: Install, era: Era) -> None:
    """The squatter holds the port that links would name; the page of the same folder is served on another."""
    elsewhere = replace(install, port=free_port())
    with elsewhere.serving(), squatter(install.port, relaying(elsewhere.port)) as asked:
        said = await said_to_connect(install, era)

    assert any("challenge=" in path for path in asked)
    assert "/connect/" not in said


@BOTH_ERAS
async def test_attack_119_once_the_squatter_has_left_there_is_a_link(install: Install, era: Era) -> None:
    with squatter(install.port, nicely):
        assert "/connect/" not in await said_to_connect(install, era)

    assert f"{install.url}/connect/" in await said_to_connect(install, era)
