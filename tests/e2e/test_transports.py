"""Every transport in both eras, as real processes: they answer, they tell of changes, and they end in time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median_low
from typing import Literal

import pytest
from tests.e2e.bad_provider import make_bad_provider
from tests.e2e.ending import seconds_to_end
from tests.e2e.listening import Transport, client_of, ears_of
from tests.e2e.programs import COMMAND, ERAS, Era, Install, say, stop

pytestmark = pytest.mark.slow
STATEFUL = {"CONNECTORY_HTTP_SESSIONS": "stateful"}
MODES = ("stateless", "stateful")
ENDING_S = 1.3  # one second is meant; a busy machine gets a little more
PATIENCE_S = 60.0  # what does not fit hangs
HEARING_S = 2.0  # design 7.2: a change in one process shows in the others within it


@pytest.fixture(scope="module", params=MODES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Install, str]]:
    """A running server, with and without sessions, with the demo connected; and a token."""
    install = Install(tmp_path_factory.mktemp("served"), extra={"CONNECTORY_HTTP_SESSIONS": request.param})
    with install.serving():
        assert install.run("connect", "demo").returncode == 0
        yield install, install.token()


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("transport", "path"),
    [("http", "/mcp"), ("sse", "/sse"), ("http", "/sse"), ("sse", "/mcp"), ("sse", "/mcp?max_tools=9")],
)
async def test_every_pair_of_address_and_transport_works(
    served: tuple[Install, str], transport: Transport, path: str, era: Era
) -> None:
    install, token = served
    async with asyncio.timeout(PATIENCE_S), client_of(install, transport, era, token, path=path) as client:
        assert "demo/default" in await say(client, "list_connections")
        tools = (await client.list_tools()).tools
        assert (len(tools) == 9) is ("max_tools" in path)


async def test_a_change_made_by_another_process_is_heard_over_every_transport_that_can_tell(tmp_path: Path) -> None:
    install = Install(tmp_path, extra=STATEFUL)
    token = install.token()
    with install.serving():
        async with AsyncExitStack() as stack:
            ways: list[tuple[Transport, Era]] = [(way, era) for way in ("stdio", "sse", "http") for era in ERAS]
            ears = {way: await stack.enter_async_context(ears_of(install, way[0], way[1], token)) for way in ways}
            seconds = list[float]()
            for change, is_there in (
                (("connect", "demo"), True),
                (("policy", "set", "--deny", "demo_*"), False),
                (("policy", "clear", "--yes"), True),
                (("disconnect", "demo", "--yes"), False),
            ):
                done = await asyncio.to_thread(install.run, *change)
                assert done.returncode == 0, done.stderr
                changed_at = time.monotonic()
                heard = await asyncio.gather(*(one.hears(PATIENCE_S) for one in ears.values()))
                seconds.append(time.monotonic() - changed_at)
                assert dict(zip(ears, heard, strict=True)) == dict.fromkeys(ears, True), change
                shown = {way: "demo_list_tasks" in await one.tools() for way, one in ears.items()}
                assert shown == dict.fromkeys(ears, is_there), change
            assert {one.count for one in ears.values()} == {4}
            assert median_low(seconds) < HEARING_S  # not each: the machine may be busy for a moment


async def test_stateless_http_tells_its_modern_clients_and_promises_nothing_to_the_others(tmp_path: Path) -> None:
    install = Install(tmp_path)
    token = install.token()
    with install.serving():
        async with ears_of(install, "http", "auto", token) as ears, client_of(install, "http", "legacy", token) as old:
            assert old.server_capabilities.tools is not None
            assert not old.server_capabilities.tools.list_changed
            assert install.run("connect", "demo").returncode == 0
            assert await ears.hears(PATIENCE_S)
            async with client_of(install, "sse", "legacy", token) as over_sse:
                assert over_sse.server_capabilities.tools is not None
                assert over_sse.server_capabilities.tools.list_changed


async def test_another_workspace_and_another_member_hear_nothing(tmp_path: Path) -> None:
    install = Install(tmp_path, extra=STATEFUL)
    assert install.run("workspace", "create", "other").returncode == 0
    assert install.run("user", "create", "uma").returncode == 0
    tokens = {
        "mine": install.token(),
        "member": install.token("uma's", "--user", "uma"),
        "stranger": install.token("other's", "--workspace", "other"),
    }
    with install.serving():
        async with AsyncExitStack() as stack:
            ways: list[tuple[str, Transport, Era]] = [
                (who, way, era) for who in tokens for way in ("sse", "http") for era in ERAS
            ]
            ears = {
                way: await stack.enter_async_context(ears_of(install, way[1], way[2], tokens[way[0]])) for way in ways
            }
            assert install.run("connect", "demo").returncode == 0
            await asyncio.gather(*(one.hears(PATIENCE_S) for way, one in ears.items() if way[0] == "mine"))
            await asyncio.gather(*(one.hears() for way, one in ears.items() if way[0] != "mine"))
            assert {way: one.count for way, one in ears.items()} == {way: int(way[0] == "mine") for way in ways}


async def test_a_revoked_token_ends_the_streams_that_it_opened(tmp_path: Path) -> None:
    install = Install(tmp_path, extra=STATEFUL)
    token, kept = install.token("leaked"), install.token("kept")
    with install.serving():
        async with ears_of(install, "http", "auto", token) as ears, ears_of(install, "http", "auto", kept) as other:
            assert install.run("token", "revoke", token[:12]).returncode == 0
            assert install.run("connect", "demo").returncode == 0
            assert await other.hears(PATIENCE_S)
            async with asyncio.timeout(PATIENCE_S):
                while not ears.has_ended:  # noqa: ASYNC110 # it is told by a stream that ends
                    await asyncio.sleep(0.05)
            assert (ears.count, other.has_ended) == (0, False)


@pytest.mark.parametrize("mode", MODES)
async def test_serve_ends_within_a_second_with_streams_of_every_kind_open(tmp_path: Path, mode: str) -> None:
    install = Install(tmp_path, extra={"CONNECTORY_HTTP_SESSIONS": mode})
    token = install.token()
    with install.serving() as process:
        async with AsyncExitStack() as stack:
            for transport in ("sse", "http"):
                for era in ERAS:
                    await stack.enter_async_context(ears_of(install, transport, era, token))
            seconds = await asyncio.to_thread(seconds_to_end, process, process.terminate)
            with contextlib.suppress(Exception):  # the clients' own grief
                await stack.aclose()
    assert process.returncode == 0
    assert seconds < ENDING_S
    log = install.log.read_text()
    for told in ("Traceback", "Exception", "without completing", "shutdown exceeded"):  # each ended whole, by itself
        assert told not in log


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Install]:
    """An installation whose provider takes half a minute for a write."""
    provider = make_bad_provider(tmp_path / "manifests")
    install = Install(tmp_path, extra={**provider.extra, "CONNECTORY_CALL_TIMEOUT_S": "40"})
    with provider.running():
        provider.connect(install)
        yield install


def fate_of_the_write(install: Install) -> str:
    """What the audit says of it afterwards."""
    lines = json.loads(install.run("audit", "--json").stdout)
    [line] = [line for line in lines if line["action"] == "shaky_save_thing"]
    return str(line["outcome"])


def wait_until_sent(install: Install) -> None:
    """The audit line of a write is there before it is sent."""
    until = time.monotonic() + 30
    while "shaky_save_thing" not in install.run("audit", "--json").stdout:
        assert time.monotonic() < until
    time.sleep(0.2)


@pytest.mark.parametrize("end", ["SIGTERM", "stdin"])
def test_stdio_ends_within_a_second_with_a_write_in_flight(slow: Install, end: Literal["SIGTERM", "stdin"]) -> None:
    with slow.log.open("a") as log:
        process = subprocess.Popen(
            [str(COMMAND), "stdio"], env=slow.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
    assert process.stdin
    assert process.stdout
    try:
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        call = {"name": "shaky_save_thing", "arguments": {"way": "slow"}}
        for number, (method, params) in enumerate([("initialize", hello), ("tools/list", {}), ("tools/call", call)]):
            line = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()
        wait_until_sent(slow)
        assert seconds_to_end(process, process.stdin.close if end == "stdin" else process.terminate) < ENDING_S
    finally:
        stop(process)
        process.stdin.close()
        process.stdout.close()
    assert process.returncode == 0
    assert fate_of_the_write(slow) != "started"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("era", ERAS)
async def test_serve_ends_within_a_second_with_a_write_in_flight(slow: Install, era: Era, mode: str) -> None:
    slow = Install(slow.folder, slow.port, {**slow.extra, "CONNECTORY_HTTP_SESSIONS": mode})
    token = slow.token()
    with slow.serving() as process, contextlib.suppress(Exception):  # the client's own grief
        async with client_of(slow, "http", era, token) as client:
            call = asyncio.create_task(client.call_tool("shaky_save_thing", {"way": "slow"}))
            await asyncio.to_thread(wait_until_sent, slow)
            seconds = await asyncio.to_thread(seconds_to_end, process, process.terminate)
            call.cancel()
    assert seconds < ENDING_S
    assert process.returncode == 0
    assert fate_of_the_write(slow) != "started"
