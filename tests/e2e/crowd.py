"""Many processes on one data folder: ten `connectory stdio` with a client each and one `serve`, all of them writing.

Every write that was answered is noted, so that a test can ask afterwards whether the database has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.e2e.programs import COMMAND, ERAS, Era, Forms, Install, link_in

PAUSE_S = 0.2  # between two rounds of one writer
PATIENCE_S = 60.0  # a busy machine starts eleven processes at once
HANDLE = re.compile(r"rs_\w+")
ENTRANCES = ("127.0.0.1", "[::1]")
OVER_HTTP = "http"


class Gone(Exception):
    """The process behind a client has ended, so a call was not answered."""


@dataclass
class Told:
    """What the clients were told: tasks by connection, connections by name, handles; and all that failed."""

    tasks: dict[str, list[str]] = field(default_factory=dict)
    connected: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)  # their disconnect was sent, and maybe answered
    disconnected: set[str] = field(default_factory=set)
    kept: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass
class Crowd:
    """The processes of one installation; `kill` ends one of them, and its client starts another in its place."""

    install: Install
    size: int = 10
    told: Told = field(default_factory=Told)
    writers: set[str] = field(default_factory=set)  # that have a living process
    killed: set[int] = field(default_factory=set)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run `size` processes of stdio and one `serve`; the block begins when all write, and ends it."""
        token = await asyncio.to_thread(self.install.token, "crowd")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._serve())
            tasks.create_task(self._be_http_client(token))
            for number, era in zip(range(self.size), itertools.cycle(ERAS), strict=False):
                tasks.create_task(self._be_desktop_client(f"p{number}", era))
            try:
                await self.until_there_are(self.size + 1)
                yield
            finally:
                self._over.set()

    async def until_there_are(self, writers: int) -> None:
        """Wait until so many clients have a process that has answered a write."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.writers) < writers:  # noqa: ASYNC110 # several tasks change it
                await asyncio.sleep(0.01)

    def kill(self, pid: int) -> None:
        """End a process as the kernel does when memory is out."""
        self.killed.add(pid)
        os.kill(pid, signal.SIGKILL)

    async def _serve(self) -> None:
        while not self._over.is_set():
            with self.install.log.open("a") as log:
                process = await asyncio.create_subprocess_exec(
                    str(COMMAND), "serve", env=self.install.environment, stdout=log, stderr=log
                )
            ended, over = asyncio.create_task(process.wait()), asyncio.create_task(self._over.wait())
            await asyncio.wait({ended, over}, return_when=asyncio.FIRST_COMPLETED)
            over.cancel()
            if not ended.done():
                process.terminate()
            await ended
            if not self._over.is_set() and process.pid not in self.killed:
                self.told.failures.append(f"serve ended with {process.returncode}")

    async def _be_desktop_client(self, name: str, era: Era) -> None:
        """Start the server, work with it, and start it again when it has ended."""
        place = self.install.folder / f"{name}.pid"
        words = f'echo $$ > "{place}"; exec "{COMMAND}" stdio 2>>"{self.install.log}"'
        server = StdioServerParameters(command="/bin/sh", args=["-c", words], env=self.install.environment)
        for life in itertools.count():
            if self._over.is_set():
                return
            place.unlink(missing_ok=True)
            why = "it ended by itself"
            try:
                async with Client(server, mode=era) as client:
                    await self._write(client, name, life)
            except Exception as error:  # noqa: BLE001 # whatever the SDK makes of it, the question is who ended it
                why = repr(error)
            if not self._over.is_set() and _pid_in(place) not in self.killed:
                self.told.failures.append(f"{name}: {why}")

    async def _be_http_client(self, token: str) -> None:
        """Work with whoever serves the port by now."""
        headers, url = {"Authorization": f"Bearer {token}"}, f"http://127.0.0.1:{self.install.port}/mcp"
        async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S, trust_env=False) as http:
            for life, era in enumerate(itertools.cycle(ERAS)):
                if self._over.is_set():
                    return
                with contextlib.suppress(Exception):  # nobody serves it for a moment
                    async with Client(streamable_http_client(url, http_client=http), mode=era) as client:
                        await self._write(client, OVER_HTTP, life)
                await asyncio.sleep(0.05)

    async def _write(self, client: Client, name: str, life: int) -> None:
        """Connect an account, add tasks with it, keep results, connect and disconnect another, until it is over."""
        own = f"demo/{name}"
        try:
            await self._connect(client, name)
            for number in itertools.count():
                if self._over.is_set():
                    return
                await self._add_task(client, own, f"{name}-{life}-{number}")
                self.writers.add(name)
                if number % 3 == 1 and name != OVER_HTTP:  # a token of its own has handles of its own
                    text = await self._say(client, "demo_list_tasks", connection=own)
                    self.told.kept += HANDLE.findall(text)[:1]
                if number % 5 == 2:
                    await self._come_and_go(client, f"{name}-{life}-{number}")
                await asyncio.sleep(PAUSE_S)
        except Gone:
            return
        finally:
            self.writers.discard(name)

    async def _connect(self, client: Client, alias: str) -> bool:
        """Connect a demo account over the page; one whose server is killed meanwhile is opened again."""
        name = f"demo/{alias}"
        while name not in self.told.connected and not self._over.is_set():
            text = await self._say(client, "connect", connector="demo", alias=alias)
            if text.startswith("Connected"):
                self.told.connected.add(name)
            elif "http://" in text:
                with contextlib.suppress(httpx2.HTTPError):
                    await asyncio.to_thread(_fill_page, link_in(text))
            else:
                await asyncio.sleep(PAUSE_S)
        return name in self.told.connected

    async def _add_task(self, client: Client, connection: str, title: str) -> None:
        if title in await self._say(client, "demo_create_task", title=title, connection=connection):
            self.told.tasks.setdefault(connection, []).append(title)

    async def _come_and_go(self, client: Client, alias: str) -> None:
        if await self._connect(client, alias):
            self.told.leaving.add(f"demo/{alias}")
            text = await self._say(client, "disconnect", connection=f"demo/{alias}")
            if text.startswith("Disconnected"):
                self.told.disconnected.add(f"demo/{alias}")

    async def _say(self, client: Client, tool: str, **arguments: Any) -> str:
        """Call a tool and return its text. Raises `Gone` where no answer came."""
        try:
            result = await client.call_tool(tool, arguments)
        except MCPError as error:
            raise Gone from error
        text = "\n".join(block.text for block in result.content if block.type == "text")
        if result.is_error:
            self.told.failures.append(f"{tool}: {text}")
        return text


def listeners(port: int) -> dict[int, int]:
    """Return how many sockets each process listens with on `port`, as the kernel has it (Linux)."""
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        sockets |= {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
    found: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(entry.readlink()) in sockets:
                pid = int(entry.parts[2])
                found[pid] = found.get(pid, 0) + 1
    return found


def seconds_until_page(port: int, since: float) -> float:
    """Wait until the page answers at every address of `localhost`; return the time since the moment `since`."""
    with _browser() as browser:
        for host in ENTRANCES:
            while True:
                with contextlib.suppress(httpx2.HTTPError):
                    if browser.get(f"http://{host}:{port}/").status_code < 500:
                        break
                assert time.monotonic() - since < PATIENCE_S, f"nobody answers at {host}"
                time.sleep(0.005)
    return time.monotonic() - since


def _fill_page(link: str) -> None:
    """Do as the person does: open the link, press the button."""
    with _browser() as browser:
        page = browser.get(link)
        if forms := Forms(page.text).forms:  # none: it was pressed, and the answer got lost
            action, fields = forms[0]
            browser.post(str(page.url.join(action)), data=fields)


def _browser() -> httpx2.Client:
    return httpx2.Client(trust_env=False, verify=False, timeout=PATIENCE_S, follow_redirects=True)  # certificates: slow


def _pid_in(place: Path) -> int:
    text = place.read_text() if place.exists() else ""
    return int(text) if text.strip() else 0
