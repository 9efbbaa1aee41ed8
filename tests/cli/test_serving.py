"""`serve` and `stdio` as real programs. Each start costs about a second, so each test asks several things of one."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.cli.processes import PATIENCE_S, PROGRAM, at_terminal, environment, program, read_until, seconds_to_end
from tests.cli.terminal import Terminal
from tests.web.ports import free_port

pytestmark = pytest.mark.slow

END_S = 2.0  # one second is meant; a busy machine gets another
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def ask(process: subprocess.Popen[bytes], method: str, **params: Any) -> Any:
    """Send one request of the modern era and return its result."""
    assert process.stdin is not None
    assert process.stdout is not None
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": ENVELOPE, **params}}
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())["result"]


def wait_for_page(port: int) -> httpx2.Response:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=60)
        except httpx2.ConnectError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: by.name)
def test_serve_offers_page_and_mcp_and_ends_at_once(demo: Terminal, by: signal.Signals) -> None:
    port = free_port()
    token = demo.run("token", "create", "t", "--json").json["token"]
    with program("serve", "--port", str(port), env=environment(demo.folder)) as process:
        assert wait_for_page(port).json()["status"] == "ok"
        url, body = f"http://127.0.0.1:{port}/mcp?max_tools=9", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        headers = {
            "Accept": "application/json, text/event-stream",
            "Mcp-Method": "tools/list",
            "Mcp-Protocol-Version": "2026-07-28",
        }
        body["params"] = {"_meta": ENVELOPE}
        assert httpx2.post(url, json=body, headers=headers, timeout=60).status_code == 401
        listed = httpx2.post(url, json=body, headers={**headers, "Authorization": f"Bearer {token}"}, timeout=60)
        assert len(listed.json()["result"]["tools"]) == 9
        demo.run("policy", "set", "--confirm", "*")
        asked = demo.run("call", "demo_create_task", "--arg", "title=x", CONNECTORY_PORT=str(port))
        assert f"http://localhost:{port}/confirm/" in asked.err
        assert seconds_to_end(process, by) < END_S
        out, err = process.communicate()

    assert process.returncode == 0
    assert f"http://localhost:{port}/mcp".encode() in out
    assert token.encode() not in out + err


def test_serve_says_who_holds_the_port(terminal: Terminal) -> None:
    port = free_port()
    with program("serve", "--port", str(port), env=environment(terminal.folder)) as first:
        wait_for_page(port)
        with program("serve", "--port", str(port), env=environment(terminal.folder.parent / "other")) as stranger:
            _, err = stranger.communicate(timeout=PATIENCE_S)
        with program("serve", "--port", str(free_port()), env=environment(terminal.folder)) as elsewhere:
            _, told = elsewhere.communicate(timeout=PATIENCE_S)
        with program("serve", "--port", str(port), env=environment(terminal.folder)) as second:
            assert second.stdout is not None
            lines = [second.stdout.readline().decode() for _ in range(7)]
            seconds_to_end(first, signal.SIGTERM)
            assert wait_for_page(port).status_code == 200
            assert seconds_to_end(second, signal.SIGTERM) < END_S

    assert stranger.returncode == 1
    assert b"port_taken: " in err
    assert elsewhere.returncode == 1
    assert b"another" in told.lower()
    assert "takes over" in lines[-1]


def test_stdio_answers_on_a_clean_wire_and_serves_the_page(demo: Terminal) -> None:
    port = free_port()
    with program("stdio", "--max-tools", "10", env=environment(demo.folder, CONNECTORY_PORT=str(port))) as process:
        assert len(ask(process, "tools/list")["tools"]) == 10
        result = ask(process, "tools/call", name="demo_list_tasks", arguments={"limit": 1})
        assert result["content"][0]["text"].startswith("From Demo")
        assert wait_for_page(port).status_code == 200
        assert seconds_to_end(process, signal.SIGTERM) < END_S  # with stdin still open
        out, err = process.communicate()

    assert process.returncode == 0
    assert out == b""
    assert b"Traceback" not in err


def test_stdio_ends_with_its_client(terminal: Terminal) -> None:
    with program("stdio", env=environment(terminal.folder, CONNECTORY_PORT=str(free_port()))) as process:
        ask(process, "tools/list")
        assert process.stdin is not None
        process.stdin.close()

        assert process.wait(PATIENCE_S) == 0


def test_in_fleet_mode_stdio_needs_a_token(terminal: Terminal) -> None:
    fleet = environment(terminal.folder, APP_URL="https://connectory.example", CONNECTORY_PORT=str(free_port()))
    with program("stdio", env=fleet) as process:
        out, err = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert out == b""
    assert b"unauthenticated: " in err
    assert b"CONNECTORY_TOKEN" in err


def test_at_a_terminal_stdio_explains_itself(tmp_path: Path) -> None:
    person, stdin = pty.openpty()
    try:
        done = subprocess.run(
            [*PROGRAM, "stdio"],
            stdin=stdin,
            capture_output=True,
            env=environment(tmp_path),
            timeout=PATIENCE_S,
            check=True,
        )
    finally:
        os.close(person)
        os.close(stdin)

    assert b"mcpServers" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_secret_typed_at_the_terminal_is_not_echoed(acme_at_terminal: tuple[Terminal, list[str], str]) -> None:
    terminal, words, key = acme_at_terminal
    with at_terminal(*words, env=environment(terminal.folder, **terminal.environment)) as (process, person):
        said = read_until(person, b"not shown while you type")
        os.write(person, f"{key}\n".encode())
        said += read_until(person, b"Connected Acme")
        assert process.wait(PATIENCE_S) == 0

    assert key.encode() not in said
