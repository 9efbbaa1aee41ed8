"""Bridges between transports, and Claude Code's commands: `make clients` runs them against a real server."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp_types as t
import pytest
from mcp import Client, StdioServerParameters
from tests.clients.programs import installed, run
from tests.e2e.listening import TOOLS_CHANGED
from tests.e2e.programs import COMMAND, ERAS, Era, Install, fill_page, link_in, refused, say

pytestmark = [pytest.mark.slow, pytest.mark.clients]
FIXED = 8
HEARS_S = 5.0
KINDS = ("http", "sse")
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}


@pytest.fixture(scope="module", params=["stateless", "stateful"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Install, str]]:
    """A running server, with and without sessions; and a token."""
    install = Install(tmp_path_factory.mktemp("served"), extra={"CONNECTORY_HTTP_SESSIONS": request.param})
    with install.serving():
        yield install, install.token()


def bridge(install: Install, token: str, name: str, kind: str, path: str) -> list[str]:
    """The command of a bridge from stdio to an address."""
    url = f"http://127.0.0.1:{install.port}{path}"
    if name == "mcp-remote":
        program = str(installed(name) / "node_modules/.bin/mcp-remote")
        return ["node", program, url, "--transport", f"{kind}-only", "--header", f"Authorization:Bearer {token}"]
    program = str(installed(name) / "bin/mcp-proxy")
    transport = {"http": "streamablehttp", "sse": "sse"}[kind]
    return [program, "--transport", transport, "-H", "Authorization", f"Bearer {token}", url]


@asynccontextmanager
async def over(install: Install, command: list[str], era: Era, **more: Any) -> AsyncIterator[Client]:
    """A client whose server is the bridge."""
    words = f"exec {shlex.join(command)} 2>>{shlex.quote(str(install.folder / 'bridge.log'))}"
    environment = {**ENVIRONMENT, "HOME": str(install.folder)}
    parameters = StdioServerParameters(command="/bin/sh", args=["-c", words], env=environment)
    async with asyncio.timeout(90), Client(parameters, mode=era, **more) as client:
        yield client


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("path", ["/mcp", "/sse"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mcp-remote", "mcp-proxy"])
async def test_a_bridge_connects_and_acts_by_every_pair(
    served: tuple[Install, str], name: str, kind: str, path: str, era: Era
) -> None:
    install, token = served
    alias = f"{name}-{kind}-at-{path[1:]}-{era}"
    async with over(install, bridge(install, token, name, kind, path), era) as client:
        assert len((await client.list_tools()).tools) >= FIXED
        link = link_in(await say(client, "connect", connector="demo", alias=alias))
        assert (await asyncio.to_thread(fill_page, link, {})).status_code == 200
        assert f"demo/{alias}" in await say(client, "connect", connector="demo", alias=alias)
        act = {"action": "demo_list_tasks", "arguments": {}, "connection": f"demo/{alias}"}
        assert "Read what this board is for" in await say(client, "call_action", **act)
        assert "unknown_action" in await refused(client, "call_action", action="demo_no_such", arguments={})


@pytest.mark.parametrize("kind", KINDS)
async def test_mcp_remote_passes_on_what_the_server_asks_and_tells(tmp_path: Path, kind: str) -> None:
    install = Install(tmp_path, extra={"CONNECTORY_HTTP_SESSIONS": "stateful"})
    heard, links = asyncio.Event(), []

    async def hear(message: Any) -> None:
        if getattr(message, "method", None) == TOOLS_CHANGED:
            heard.set()

    async def show(_: Any, asked: t.ElicitRequestParams) -> t.ElicitResult:
        assert isinstance(asked, t.ElicitRequestURLParams)
        links.append(asked.url)
        await asyncio.to_thread(fill_page, asked.url, {})
        return t.ElicitResult(action="accept")

    with install.serving():
        command = bridge(install, install.token(), "mcp-remote", kind, "/sse" if kind == "sse" else "/mcp")
        more = {"message_handler": hear, "elicitation_callback": show}
        async with over(install, command, "legacy", **more) as client:
            assert len((await client.list_tools()).tools) == FIXED
            assert "Connected: Demo" in await say(client, "connect", connector="demo")
            assert len(links) == 1
            await asyncio.wait_for(heard.wait(), HEARS_S)
            assert len((await client.list_tools()).tools) > FIXED


@pytest.fixture
def claude(tmp_path: Path) -> Callable[..., str]:
    """Claude Code's command with a home of its own, where it reports nothing."""
    program = installed("claude-code") / "node_modules/@anthropic-ai"
    [found] = [path for path in program.glob("claude-code-*/claude") if "musl" not in path.parent.name]
    quiet = {"DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    home = tmp_path / "home"
    home.mkdir()

    def call(*words: str) -> str:
        done = run([str(found), "mcp", *words], {**ENVIRONMENT, **quiet, "HOME": str(home)}, home)
        return done.stdout + done.stderr

    return call


def test_claude_code_finds_every_registration_healthy(served: tuple[Install, str], claude: Callable[..., str]) -> None:
    install, token = served
    header = ["--header", f"Authorization: Bearer {token}"]
    environment = [f"{name}={value}" for name, value in install.environment.items() if name.startswith("CONNECTORY_")]
    claude("add", "own", "-e", *environment, "--", str(COMMAND), "stdio")
    for kind in KINDS:
        for path in ("mcp", "sse"):
            claude("add", "--transport", kind, f"{kind}-at-{path}", f"{install.url}/{path}", *header)
    claude("add", "--transport", "http", "wrong", f"{install.url}/mcp", "--header", "Authorization: Bearer cny_wrong")

    seen = dict(re.findall(r"^([\w-]+): .* - (. \w+)", claude("list"), re.MULTILINE))

    assert seen.pop("wrong") == "✘ Failed"
    assert set(seen.values()) == {"✔ Connected"}
    assert set(seen) == {"own", "http-at-mcp", "http-at-sse", "sse-at-mcp", "sse-at-sse"}
    told = claude("get", "wrong")
    assert "401" in told
    assert "connectory token create" in told


def test_claude_code_takes_what_install_writes(
    served: tuple[Install, str], claude: Callable[..., str], tmp_path: Path
) -> None:
    install, _ = served
    file = tmp_path / "home/.claude.json"
    for way in ([], ["--http"]):
        done = install.run("install", "claude-code", "--file", str(file), *way, env={"HOME": str(tmp_path / "home")})
        assert done.returncode == 0, done.stderr
        assert "✔ Connected" in claude("get", "connectory")
        assert install.run("uninstall", "claude-code", "--file", str(file)).returncode == 0
