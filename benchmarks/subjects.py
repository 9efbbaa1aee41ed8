"""What is measured: each subject one way of doing the same thing, with every process it needs already running."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.e2e.programs import COMMAND, ERAS, ROOT, Era, Install, stop, wait_until_up
from tests.web.ports import free_port

from benchmarks.provider import MANIFEST, TOKEN, TOOL

Once = Callable[[], Awaitable[float | None]]
"""Runs a subject once. Returns the seconds that count, or None where the whole run does."""

WARM_UP = 10


@dataclass(frozen=True)
class Group:
    """The same thing done by us and by the floor (and by what else stands in `others`)."""

    name: str
    ours: Once
    floor: Once
    others: tuple[tuple[str, Once], ...] = ()


@contextmanager
def provider_running() -> Iterator[str]:
    """Run the provider; its URL."""
    with _process("benchmarks.provider", str(port := free_port())) as process:
        wait_until_up(f"http://127.0.0.1:{port}/me", process)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def connected_install(provider: str) -> Iterator[Install]:
    """A data folder with one connection, to the provider."""
    with tempfile.TemporaryDirectory(prefix="connectory-bench-") as name:
        manifests = Path(name) / "manifests"
        manifests.mkdir()
        (manifests / "parts.yaml").write_text(MANIFEST)
        extra = {
            "CONNECTORY_MANIFESTS": str(manifests),
            "CONNECTORY_LOG_LEVEL": "info",
            "CONNECTORY_CALLS_PER_MINUTE": "1000000",
        }
        install = Install(Path(name), extra=extra)
        made = install.run(
            "connect", "parts", "--field", f"server={provider}", "--from-env", "token=TOKEN", "--private-address",
            env={"TOKEN": TOKEN},
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        yield install


@asynccontextmanager
async def http_groups(provider: str) -> AsyncIterator[list[Group]]:
    """One GET over streamable HTTP, in both eras; `A` is a tool that does nothing, and the same GET without MCP."""
    async with AsyncExitStack() as stack:
        install = stack.enter_context(connected_install(provider))
        token = install.token()
        stack.enter_context(install.serving())
        port = free_port()
        wait_until_up(f"http://127.0.0.1:{port}/healthz", stack.enter_context(_bare(provider, str(port))))
        groups = []
        for era in ERAS:
            ours = await stack.enter_async_context(install.over_http(era, token))
            floor = await stack.enter_async_context(_http_client(f"http://127.0.0.1:{port}/mcp", era))
            groups.append(await _call_group(stack, f"GET over HTTP, {_name(era)}", ours, floor, provider))
        yield groups


@asynccontextmanager
async def stdio_groups(provider: str) -> AsyncIterator[list[Group]]:
    """One GET over stdio, in both eras."""
    async with AsyncExitStack() as stack:
        groups = []
        for era in ERAS:
            install = stack.enter_context(connected_install(provider))
            ours = await stack.enter_async_context(install.over_stdio(era))
            floor = await stack.enter_async_context(Client(_bare_stdio(provider), mode=era))
            groups.append(await _call_group(stack, f"GET over stdio, {_name(era)}", ours, floor, provider))
        yield groups


@asynccontextmanager
async def start_groups(provider: str) -> AsyncIterator[list[Group]]:
    """From the start of the process to the first tool list; and the two commands that must be quick."""
    with connected_install(provider) as install:

        def start(era: Era) -> Group:
            async def ours() -> float:
                return await _until_listed(install.over_stdio(era))

            async def floor() -> float:
                return await _until_listed(Client(_bare_stdio(provider), mode=era))

            return Group(f"start to tool list, {_name(era)}", ours, floor)

        yield [*map(start, ERAS), *(_command(install, words) for words in ("version", "--help"))]


async def _until_listed(starting: AbstractAsyncContextManager[Client]) -> float:
    """Seconds until the first tool list; how long the process takes to end is another matter."""
    began = perf_counter()
    async with starting as client:
        await client.list_tools()
        return perf_counter() - began


def _command(install: Install, words: str) -> Group:
    environment = install.environment

    async def ours() -> None:
        subprocess.run([str(COMMAND), words], env=environment, capture_output=True, check=True)  # noqa: ASYNC221

    async def floor() -> None:
        subprocess.run([sys.executable, "-c", "pass"], env=environment, capture_output=True, check=True)  # noqa: ASYNC221

    return Group(f"connectory {words}", ours, floor)


async def _call_group(stack: AsyncExitStack, name: str, ours: Client, floor: Client, provider: str) -> Group:
    raw = await stack.enter_async_context(httpx2.AsyncClient(base_url=provider, trust_env=False))

    async def plain() -> None:
        await _call(floor, "nothing")
        (await raw.get("/boxes/one/parts")).raise_for_status()

    for client in (ours, floor):  # else the client lists by itself, within the first call
        await client.list_tools()
    group = Group(name, lambda: _call(ours, TOOL), lambda: _call(floor, "get"), (("A", plain),))
    for _ in range(WARM_UP):
        await group.ours()
        await group.floor()
        await plain()
    return group


async def _call(client: Client, tool: str) -> None:
    result = await client.call_tool(tool, {"box": "one"})
    assert not result.is_error, result.content


@asynccontextmanager
async def _http_client(url: str, era: Era) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(timeout=60, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http), mode=era) as client,
    ):
        yield client


def _bare(provider: str, port: str) -> Any:
    return _process("benchmarks.bare", provider, port)


def _bare_stdio(provider: str) -> StdioServerParameters:
    """Started through a shell, as `Install.over_stdio` does: both pay for it."""
    command = f'exec "{sys.executable}" -m benchmarks.bare {provider}'
    return StdioServerParameters(command="/bin/sh", args=["-c", command], env=_environment(), cwd=ROOT)


@contextmanager
def _process(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, env=_environment())
    try:
        yield process
    finally:
        stop(process)


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def _name(era: Era) -> str:
    return "modern" if era == "auto" else era
