"""A disk that fills up or takes nothing, and strangers on the port: said with the cure, and all is well afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
import socketserver
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from mcp import Client, StdioServerParameters
from tests.e2e.programs import COMMAND, ERAS, Era, Install, items_of, link_in, refused, say

pytestmark = pytest.mark.slow
NAMESPACE = ["unshare", "--mount", "--propagation", "private"]  # so that nothing else notices what is mounted


def in_namespace(install: Install, steps: str) -> subprocess.CompletedProcess[str]:
    """Run shell lines whose mounts end with them; `connectory` is the command."""
    defined = f'connectory() {{ "{COMMAND}" "$@" </dev/null; }}\n{steps}'
    return subprocess.run(
        [*NAMESPACE, "sh", "-c", defined], env=install.environment, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def ground(tmp_path: Path) -> Install:
    """An installation on a machine where a test may mount something."""
    possible = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", tmp_path], capture_output=True, text=True)
    if possible.returncode != 0:
        pytest.skip(f"this machine permits no mount namespace: {possible.stderr.strip()}")
    (tmp_path / "data").mkdir(mode=0o700)
    return Install(tmp_path, extra={"CONNECTORY_LOG_LEVEL": "info", "CONNECTORY_RESULT_TOKENS": "200"})


@dataclass(frozen=True)
class SmallDisk:
    """The disk below the data folder of a running server, as that process sees it."""

    folder: Path

    def fill(self) -> None:
        """Leave no byte."""
        with contextlib.suppress(OSError), (self.folder / "ballast").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass

    def make_room(self) -> None:
        """Take the ballast away."""
        (self.folder / "ballast").unlink()


@asynccontextmanager
async def on_a_small_disk(install: Install, era: Era) -> AsyncIterator[tuple[Client, SmallDisk]]:
    """A client of `connectory stdio` whose data folder is a disk of its own, the demo connected."""
    data, pid = install.folder / "data", install.folder / "pid"
    steps = (
        f'mount -t tmpfs -o size=2m,mode=0700 none "{data}" && "{COMMAND}" connect demo >/dev/null 2>&1 &&'
        f' echo $$ >"{pid}" && exec "{COMMAND}" stdio 2>>"{install.log}"'
    )
    server = StdioServerParameters(command=NAMESPACE[0], args=[*NAMESPACE[1:], "sh", "-c", steps])
    server.env = install.environment
    async with Client(server, mode=era) as client:
        yield client, SmallDisk(Path(f"/proc/{pid.read_text().strip()}/root{data}"))


@pytest.mark.parametrize("era", ERAS)
async def test_a_disk_that_fills_up_in_mid_flight_costs_nothing_but_the_writes_it_refuses(
    ground: Install, era: Era
) -> None:
    async with on_a_small_disk(ground, era) as (client, disk):
        await say(client, "demo_create_task", title="before")
        assert "rs_" in await say(client, "demo_list_tasks", raw=True)  # it is cut, and kept whole
        disk.fill()
        for tool, arguments in (
            ("demo_create_task", {"title": "refused"}),
            ("call_action", {"action": "demo_create_task", "arguments": {"title": "refused"}}),
            ("connect", {"connector": "demo", "alias": "work"}),
            ("disconnect", {"connection": "demo/default"}),
        ):
            text = await refused(client, tool, **arguments)
            assert text.startswith(f"database_full: The disk that holds {ground.folder / 'data'}"), text
            assert "Free some space" in text
        assert "demo/default" in await say(client, "list_connections")
        assert "rs_" not in await say(client, "demo_list_tasks", raw=True)  # not kept, so not offered

        disk.make_room()
        await say(client, "demo_create_task", title="after")
        assert link_in(await say(client, "connect", connector="demo", alias="work"))
        titles = [row["title"] for row in items_of(await say(client, "demo_list_tasks", fields=["title"]))]
        assert titles[-2:] == ["before", "after"]
        assert "refused" not in titles
        assert_whole(disk.folder, ground.folder / "copy")
    log = ground.log.read_text()
    assert "Traceback" not in log
    assert "lines were lost" not in log  # what was done while the disk was full is on record too


def assert_whole(folder: Path, copy: Path) -> None:
    """SQLite would look for the name of another namespace's file in ours, so copies are checked."""
    copy.mkdir()
    for path in folder.glob("*.db*"):
        shutil.copyfile(path, copy / path.name)
    for name in ("connectory.db", "demo.db"):
        with contextlib.closing(sqlite3.connect(copy / name)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            assert database.execute("SELECT count(*) FROM sqlite_schema").fetchone() > (0,)


@pytest.mark.parametrize("free_kb", [0, 200])
def test_a_first_start_on_a_full_disk_says_so_and_the_next_one_with_room_works(ground: Install, free_kb: int) -> None:
    """Nothing left, and room for the key and half of the tables."""
    data = shlex.quote(str(ground.folder / "data"))
    done = in_namespace(
        ground,
        f"""mount -t tmpfs -o size=1m,mode=0700 none {data} || exit 77
        dd if=/dev/zero of={data}/ballast bs=1k count={1024 - free_kb} 2>/dev/null
        for words in serve stdio; do connectory $words && exit 1; done
        rm {data}/ballast
        connectory connect demo""",
    )
    assert done.returncode == 0, done.stderr
    assert "Connected Demo" in done.stdout
    errors = [line for line in done.stderr.splitlines() if line.startswith("database_full: ")]
    assert len(errors) == 2
    for line in errors:
        assert f"{ground.folder / 'data'}" in line
        assert "Free some space" in line
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("has_data", [True, False])
def test_a_disk_mounted_read_only_is_named_with_the_cure_that_helps(ground: Install, has_data: bool) -> None:
    data = shlex.quote(str(ground.folder / "data"))
    if has_data:
        assert ground.run("connect", "demo").returncode == 0
    done = in_namespace(
        ground,
        f"""mount --bind {data} {data} && mount -o remount,ro,bind {data} || exit 77
        for words in serve stdio; do connectory $words && exit 1; done; true""",
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("database_unusable: ")
        assert f"{ground.folder / 'data'}" in line
        assert "Read-only file system. Mount that disk for writing, or set CONNECTORY_DATA_DIR" in line
    assert ground.run("connect", "demo", "--alias", "work").returncode == 0


# -- strangers on the port --------------------------------------------------------------------------------------------

Manner = Literal["polite", "silent", "curt"]


class _Stranger(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server: _StrangersServer = self.server  # type: ignore[assignment]
        if server.manner == "curt":
            return
        self.request.recv(4096)
        if server.manner == "silent":
            server.leaving.wait(60)
            return
        body = b'{"status": "ok", "version": "0.1.0"}'
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)


class _StrangersServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, manner: Manner) -> None:
        super().__init__(("127.0.0.1", port), _Stranger)
        self.manner, self.leaving = manner, threading.Event()


@contextmanager
def stranger(port: int, manner: Manner) -> Iterator[None]:
    """Another program on the port: it answers as if it were ours, never, or hangs up at once."""
    server = _StrangersServer(port, manner)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.leaving.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("manner", ["polite", "silent", "curt"])
async def test_a_stranger_on_the_port_gets_no_link_and_when_it_leaves_the_page_is_there(
    install: Install, manner: Manner
) -> None:
    which = f"`ss -ltnp 'sport = :{install.port}'` shows which it is"
    async with contextlib.AsyncExitStack() as stack:
        with stranger(install.port, manner):
            done = await asyncio.to_thread(install.run, "serve")
            assert done.returncode == 1
            assert f"port_taken: Another program listens on port {install.port}" in done.stderr
            assert which in done.stderr
            clients = [await stack.enter_async_context(install.over_stdio(era)) for era in ERAS]
            for client in clients:  # the one that is elected, and the one that follows it
                assert "demo" in await say(client, "list_connectors")
                text = await refused(client, "connect", connector="demo")
                assert text.startswith(f"port_taken: Another program holds port {install.port}")
                for cure in (which, "CONNECTORY_PORT", "`connectory connect "):
                    assert cure in text
                assert "http://" not in text
        for client in clients:
            assert link_in(await say(client, "connect", connector="demo"))
