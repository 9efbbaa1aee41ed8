"""Bad days of whoever runs it: every failure is one sentence with its cure, and nothing that was there is lost."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.e2e.ending import seconds_to_end
from tests.e2e.programs import COMMAND, READY_S, ROOT, Install, refused, say, wait_until_up

NOBODY = 65534
LOGGED = re.compile(r"\d{4}-\d{2}-\d{2}T")
A_SECOND = 1.5  # "within a second", on a machine that has other work
INITIALIZE = (
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
    '"clientInfo":{"name":"test","version":"1"}}}\n'
)


@pytest.fixture
def quiet(tmp_path: Path) -> Install:
    """A fresh installation that logs as it does by default."""
    return Install(tmp_path, extra={"CONNECTORY_LOG_LEVEL": "info", "CONNECTORY_DATABASE_WAIT_S": "0.3"})


@pytest.fixture
def connected(quiet: Install) -> Install:
    """One with a connection that can be lost."""
    done = quiet.run("connect", "demo")
    assert done.returncode == 0, done.stderr
    return quiet


def data(install: Install, name: str = "") -> Path:
    return install.folder / "data" / name


def hashes(folder: Path) -> dict[str, str]:
    """What is in the folder, the lock, shared-memory and log files aside: they hold nothing that could be lost."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in ("web.lock", "log")]
    kept = [path for path in files if not path.name.endswith("-shm")]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def fails(install: Install, *words: str, told: tuple[str, ...], **more: object) -> str:
    """Run a command that must fail: with its code, one line on stderr, nothing on stdout, no trace."""
    done = install.run(*words, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stdout == ""
    [line] = [line for line in done.stderr.splitlines() if LOGGED.match(line) is None]
    for word in told:
        assert word in line
    assert "Traceback" not in done.stderr
    return line


def every_start_fails(install: Install, *told: str) -> None:
    """Serving, serving over stdio, and using it: all say the same, and leave everything as it was."""
    before = hashes(install.folder)
    for words in (["serve"], ["stdio"], ["connections"]):
        fails(install, *words, told=told)
    assert hashes(install.folder) == before


def still_works(install: Install) -> None:
    done = install.run("call", "demo_list_tasks")
    assert done.returncode == 0, done.stderr


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CONNECTORY_PROT", "80", "CONNECTORY_PROT is not a setting (did you mean CONNECTORY_PORT?)."),
        ("CONNECTOR_ENCRYPTON_KEY", "x", "(did you mean CONNECTOR_ENCRYPTION_KEY?)."),
        ("CONNECTORY_PORT", "0", "CONNECTORY_PORT must be at least 1 (Port of the web page and of /mcp)."),
        ("CONNECTORY_PORT", "http", "CONNECTORY_PORT must be a whole number"),
        ("CONNECTORY_CALL_TIMEOUT_S", "soon", "must be a number"),
        ("CONNECTORY_CALL_TIMEOUT_S", "900", "must be at most 55"),
        ("CONNECTORY_MAX_RESPONSE_BYTES", "10MB", "must be a whole number (Largest provider answer"),
        ("CONNECTORY_LOG_LEVEL", "loud", "must be 'debug', 'info', 'warning' or 'error'"),
        ("AUTH_METHOD", "nagno", "must be 'auto', 'nango', 'builtin' or 'direct'"),
        ("APP_URL", "example.com", "write it as https://host"),
        ("CONNECTORY_ALLOW_HOSTS", "10.0.0.1", "write '10.0.0.1' as host:port"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(quiet: Install, name: str, value: str, told: str) -> None:
    wrong = Install(quiet.folder, extra={**quiet.extra, name: value})

    line = fails(wrong, "serve", told=("invalid_settings: ", told, "`connectory settings` lists every setting"))

    assert "Input should" not in line
    assert not data(quiet).exists()


def test_a_secret_in_a_wrong_setting_is_not_repeated(quiet: Install) -> None:
    wrong = Install(quiet.folder, extra={"CONNECTORY_DATABASE_URL": "postgresql://u:s3cret@db/x"})

    assert "s3cret" not in fails(wrong, "serve", told=("CONNECTORY_DATABASE_URL", "sqlite:///"))


# -- the port ---------------------------------------------------------------------------------------------------------


@contextmanager
def stranger(port: int) -> Iterator[None]:
    """Another program that listens on the port, and never answers."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        yield


def test_a_taken_port_ends_serve_with_who_and_how(connected: Install) -> None:
    with stranger(connected.port):
        line = fails(connected, "serve", told=("port_taken: Another program listens on port", str(connected.port)))

    assert "ss -ltnp" in line
    assert "CONNECTORY_PORT" in line


async def test_with_a_taken_port_stdio_serves_tools_and_offers_no_link(connected: Install) -> None:
    with stranger(connected.port):
        async with connected.over_stdio("auto") as client:
            assert "Read what this board is for" in await say(client, "demo_list_tasks")
            for tool, arguments in [("connect", {"connector": "github"}), ("github_search_issues", {"query": "x"})]:
                text = await refused(client, tool, **arguments)
                assert f"Another program holds port {connected.port}" in text
                assert "CONNECTORY_PORT" in text
                assert "connectory connect " in text
                assert "http://" not in text


# -- the database -----------------------------------------------------------------------------------------------------


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """A program that holds the write lock."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_database_is_waited_for_and_then_named(connected: Install) -> None:
    before = hashes(connected.folder)
    with locked(data(connected, "connectory.db")):
        for words in (["connect", "demo", "--alias", "work"], ["disconnect", "demo/default", "--yes"]):
            fails(connected, *words, told=("database_locked: ", "nothing was written", "Try again"))
        fails(connected, "call", "demo_create_task", "-a", "title=x", told=("database_locked: ", "Try again"))
        assert "demo/default" in connected.run("connections").stdout  # readers need no lock

    assert hashes(connected.folder) == before
    still_works(connected)
    assert "title: x" not in connected.run("call", "demo_list_tasks").stdout


def test_a_new_database_that_another_process_locks_is_named(quiet: Install) -> None:
    data(quiet).mkdir(mode=0o700)
    with locked(data(quiet, "connectory.db")):
        for words in (["serve"], ["stdio"], ["connections"]):
            fails(quiet, *words, told=("database_locked: ", "Try again"))


def test_a_file_that_is_no_database_is_left_as_it_is(connected: Install) -> None:
    for companion in data(connected).glob("connectory.db-*"):
        companion.unlink()
    data(connected, "connectory.db").write_bytes(b"Dear diary, " * 1000)

    every_start_fails(connected, "database_unusable: ", "not Connectory's database", "Restore it from a backup")


def test_a_newer_version_s_database_is_left_as_it_is(connected: Install) -> None:
    with contextlib.closing(sqlite3.connect(data(connected, "connectory.db"))) as database:
        database.execute("UPDATE alembic_version SET version_num = '0042'")
        database.commit()

    every_start_fails(connected, "database_unusable: ", "newer version", "Upgrade Connectory", "nothing was changed")


def test_a_data_folder_that_is_a_file_is_left_as_it_is(quiet: Install) -> None:
    data(quiet).write_text("mine")

    every_start_fails(quiet, "database_unusable: ", "is not a folder", "Set CONNECTORY_DATA_DIR")
    assert data(quiet).read_text() == "mine"


def test_a_read_only_data_folder_is_named(connected: Install) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user here")
    for path in (connected.folder, *connected.folder.parents):
        if path.stat().st_uid == 0 and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)
    for path in data(connected).rglob("*"):
        os.chown(path, NOBODY, NOBODY)
    data(connected).chmod(0o555)
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", str(COMMAND)]
    if subprocess.run([*as_nobody, "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("another user cannot run the command where it is installed")
    before = hashes(connected.folder)

    for words in (["serve"], ["connect", "demo", "--alias", "work"]):
        done = subprocess.run(
            [*as_nobody, *words], env=connected.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        assert "database_unusable: " in done.stderr
        assert "may write to" in done.stderr or "can write to" in done.stderr
    assert hashes(connected.folder) == before


# -- the disk ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    """In a mount namespace of its own, so that nothing else notices."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("mount namespaces are not permitted here")
    disk = tmp_path / "data"
    disk.mkdir()
    install = Install(tmp_path, extra={"CONNECTORY_LOG_LEVEL": "info"})
    steps = f"""
        mount -t tmpfs -o size=2m,mode=0700 none {disk} || exit 77
        "$0" connect demo >/dev/null || exit 78
        head -c 3m /dev/zero > {disk}/ballast 2>/dev/null
        "$0" connect demo --alias work; echo "connect $?" >&2
        "$0" workspace create sales; echo "workspace $?" >&2
        rm {disk}/ballast
        "$0" connect demo --alias work >/dev/null; echo "after $?" >&2
        "$0" connections
    """
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", steps, str(COMMAND)],
        env=install.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("mounting is not permitted here")

    assert done.returncode == 0, done.stderr
    assert "database_full: The disk that holds" in done.stderr
    assert "Free some space" in done.stderr
    assert "Traceback" not in done.stderr
    assert "workspace 1" in done.stderr
    assert "after 0" in done.stderr
    assert done.stdout.count("demo/default") == 1


def test_a_limit_on_file_sizes_is_told_in_words(connected: Install) -> None:
    before = connected.run("connections", "--json").stdout

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    done = subprocess.run(
        [str(COMMAND), "connect", "demo", "--alias", "work"],
        env=connected.environment, capture_output=True, text=True, timeout=60, check=False, preexec_fn=limit,
    )  # fmt: skip

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "database_full: The disk that holds" in done.stderr
    assert "a limit is reached" in done.stderr
    assert connected.run("connections", "--json").stdout == before


# -- the key ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        ("", 0o600, ("holds no encryption key", "Put back the key that stood there before")),
        ("zzz", 0o600, ("is not an encryption key (3 characters)", "64 hex digits", "Put back the key")),
        (None, 0o644, ("has mode 0644", "Run `chmod 600")),
    ],
    ids=["empty", "garbage", "loose"],
)
def test_a_key_file_that_cannot_be_used_stops_every_start(
    connected: Install, text: str | None, mode: int, told: tuple[str, ...]
) -> None:
    key = data(connected, "key")
    kept = key.read_text()
    if text is not None:
        key.write_text(text)
    key.chmod(mode)

    every_start_fails(connected, "key_invalid: ", str(key), *told)
    key.chmod(0o600)
    key.write_text(kept)
    still_works(connected)


async def test_with_a_wrong_key_it_starts_says_which_and_overwrites_nothing(connected: Install) -> None:
    key = data(connected, "key")
    kept = key.read_text()
    key.write_text(secrets.token_hex(32))
    with contextlib.closing(sqlite3.connect(data(connected, "connectory.db"))) as database:
        sealed = database.execute("SELECT id, credentials FROM grants").fetchall()
        assert sealed
        with connected.serving():
            assert (
                "cannot be opened with the encryption key at hand: demo/default (default)" in connected.log.read_text()
            )
            assert "unreadable" in (await asyncio.to_thread(connected.run, "connections")).stdout
        async with connected.over_stdio("auto") as client:
            text = await refused(client, "demo_list_tasks")
            assert text.startswith("needs_reconnect: ")
            assert "does not open with the keys at hand" in text
            assert "/connect/" in text
        assert database.execute("SELECT id, credentials FROM grants").fetchall() == sealed

    key.write_text(kept)
    await asyncio.to_thread(still_works, connected)


# -- manifests --------------------------------------------------------------------------------------------------------


async def test_a_broken_manifest_is_left_out_and_told_and_the_rest_serve(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    shutil.copy(ROOT / "examples/kinto.yaml", folder)
    (folder / "broken.yaml").write_text("format: 1\nname: broken\ntitel: Broken\n")
    (folder / "torn.yaml").write_text("format: 1\nname: [\n")
    install = Install(tmp_path, extra={"CONNECTORY_MANIFESTS": str(folder), "CONNECTORY_LOG_LEVEL": "info"})

    with install.serving():
        log = install.log.read_text()
        assert "A manifest was left out:" in log
        assert "broken.yaml:3" in log
        assert "torn.yaml:" in log
        listed = await asyncio.to_thread(install.run, "connectors")
        assert "kinto" in listed.stdout
        assert "left out: " in listed.stderr
    async with install.over_stdio("auto") as client:
        assert "kinto" in await say(client, "list_connectors")
        text = await refused(client, "connect", connector="broken")
        assert "broken.yaml was left out because it breaks the format" in text
        assert "connectory manifest check" in text
    checked = await asyncio.to_thread(install.run, "manifest", "check", str(folder))
    assert checked.returncode == 1
    assert "titel: 'titel' is no key of this place. Did you mean 'title'?" in checked.stdout
    assert "1 of 3 manifests" in checked.stdout


# -- ends -------------------------------------------------------------------------------------------------------------


@contextmanager
def stdio(install: Install, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """`connectory stdio` as a client runs it, once it has answered the first message."""
    pipe = subprocess.PIPE
    with install.log.open("a") as log:
        process = subprocess.Popen(
            [str(COMMAND), "stdio"],
            env=environment or install.environment,
            stdin=pipe,
            stdout=pipe,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(INITIALIZE)
            process.stdin.flush()
            assert '"serverInfo"' in process.stdout.readline()
            yield process
        finally:
            process.kill()
            process.communicate()


def ends_within_a_second(process: subprocess.Popen[str], end: Callable[[], object]) -> int:
    assert seconds_to_end(process, end) < A_SECOND
    return int(process.returncode)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            probe.listen()
            return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_serve_within_a_second_whoever_is_connected(quiet: Install, number: signal.Signals) -> None:
    token = await asyncio.to_thread(quiet.token)
    async with AsyncExitStack() as stack:
        process = stack.enter_context(quiet.serving())
        client = await stack.enter_async_context(quiet.over_http("legacy", token))
        await say(client, "list_connectors")
        idle = socket.create_connection(("127.0.0.1", quiet.port))
        stack.callback(idle.close)
        half = socket.create_connection(("127.0.0.1", quiet.port))
        stack.callback(half.close)
        half.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{")

        end = partial(process.send_signal, number)

        assert await asyncio.to_thread(ends_within_a_second, process, end) == 0
        assert is_free(quiet.port)
    assert "Traceback" not in quiet.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_stdio_within_a_second(quiet: Install, number: signal.Signals) -> None:
    with stdio(quiet) as process:
        wait_until_up(f"http://127.0.0.1:{quiet.port}/healthz", process)
        with socket.create_connection(("127.0.0.1", quiet.port)):
            assert ends_within_a_second(process, partial(process.send_signal, number)) == 0
    assert is_free(quiet.port)
    assert "Traceback" not in quiet.log.read_text()


@pytest.mark.parametrize("page_is_up", [True, False])
def test_a_closed_stdin_ends_stdio_within_a_second(quiet: Install, page_is_up: bool) -> None:
    with stdio(quiet) as process:
        if page_is_up:
            wait_until_up(f"http://127.0.0.1:{quiet.port}/healthz", process)
        assert process.stdin is not None
        assert ends_within_a_second(process, process.stdin.close) == 0
        process.stdin = None
    assert is_free(quiet.port)
    assert "Traceback" not in quiet.log.read_text()


def test_a_client_that_leaves_before_its_answer_is_no_failure(quiet: Install) -> None:
    with stdio(quiet) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.write('{"jsonrpc":"2.0","id":2,"method":"ping"}\n')
        process.stdin.close()
        process.stdin = process.stdout = None
        assert process.wait(READY_S) == 0
    assert "internal_error" not in quiet.log.read_text()
