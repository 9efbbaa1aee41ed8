"""Processes that begin at the same instant, that are called while they still load, and that end in mid-write."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.ending import seconds_to_end
from tests.e2e.programs import COMMAND, ERAS, Era, Install, say, stop

pytestmark = pytest.mark.slow
ROUNDS = 20
ENDING_S = 1.3  # one second is meant; a busy machine gets a little more
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
STARTING_TOGETHER = Path(__file__).with_name("starting_together.py")
SLOW_IMPORTS = '''
import importlib.abc, sys, time

class Slow(importlib.abc.MetaPathFinder):
    """Says when the page's imports begin, and lets a call begin its own before they come to the same library."""

    def find_spec(self, name, path=None, target=None):
        if name == "jsonschema":
            open(MARK, "w").close()
            time.sleep(0.5)
        if name.partition(".")[0] == "limits":
            time.sleep(0.05)

sys.meta_path.insert(0, Slow())
'''


async def test_processes_that_take_an_empty_folder_at_the_same_instant_share_one_database(tmp_path: Path) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(STARTING_TOGETHER), str(tmp_path), str(ROUNDS), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await program.communicate()
    rounds = [json.loads(line) for line in out.splitlines()]
    assert len(rounds) == ROUNDS
    for turn, said in enumerate(rounds):
        assert said == ["ok"] * len(said), said
        with contextlib.closing(sqlite3.connect(tmp_path / str(turn) / "connectory.db")) as database:
            counts = {
                table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("workspaces", "users", "connect_sessions", "api_tokens")
            }
        assert counts == {"workspaces": 1, "users": 1, "connect_sessions": len(said), "api_tokens": len(said)}
        assert [path.name for path in (tmp_path / str(turn)).glob("key*")] == ["key"]


@pytest.mark.parametrize("era", ERAS)
async def test_a_first_call_that_comes_while_the_page_is_loaded_gets_its_answer_and_the_page_is_served(
    tmp_path: Path, era: Era
) -> None:
    """Two threads that import parts of one library may each see half of it."""
    mark = tmp_path / "importing"
    (tmp_path / "sitecustomize.py").write_text(f"MARK = {str(mark)!r}\n{SLOW_IMPORTS}")
    install = Install(tmp_path, extra={"PYTHONPATH": str(tmp_path)})
    assert (await asyncio.to_thread(install.run, "connect", "demo")).returncode == 0
    mark.unlink(missing_ok=True)
    async with install.over_stdio(era) as client:
        async with asyncio.timeout(20):
            while not mark.exists():  # noqa: ASYNC110 # made by another process
                await asyncio.sleep(0.005)
        assert "title: x" in await say(client, "demo_create_task", title="x")
        assert "http://" in await say(client, "connect", connector="demo", alias="work")
    assert "failed" not in install.log.read_text()


def rpc(number: int, method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


@pytest.mark.parametrize("answered", [1, 7, 30])
def test_a_process_told_to_end_in_the_middle_of_many_writes_leaves_each_whole_or_not_there(
    tmp_path: Path, answered: int
) -> None:
    install = Install(tmp_path)
    assert install.run("connect", "demo").returncode == 0
    words, pipe = [str(COMMAND), "stdio"], subprocess.PIPE
    with install.log.open("a") as log, contextlib.ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(words, env=install.environment, stdin=pipe, stdout=pipe, stderr=log)
        )
        stack.callback(stop, process)
        assert process.stdin
        assert process.stdout
        process.stdin.write(rpc(0, "initialize", **HELLO))
        process.stdin.writelines(
            rpc(number, "tools/call", name="demo_create_task", arguments={"title": f"t{number}"})
            for number in range(1, 61)
        )
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(answered + 1)]
        said = process.stdout

        def end() -> None:
            process.send_signal(signal.SIGTERM)
            answers.extend(json.loads(line) for line in said.read().splitlines())

        assert seconds_to_end(process, end) < ENDING_S
    done = [
        answer["id"] for answer in answers if answer.get("id") and not answer.get("result", {}).get("isError", True)
    ]
    told = {f"t{number}" for number in done}
    assert process.returncode == 0, install.log.read_text()[-3000:]
    assert answered <= len(told) < 60
    lines = json.loads(install.run("audit", "--json", "--limit", "200").stdout)
    outcomes = [line["outcome"] for line in lines if line["action"] == "demo_create_task"]
    assert "started" not in outcomes  # every line has its end
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "demo.db")) as board:
        there = {
            title for (title,) in board.execute("SELECT title FROM tasks WHERE title LIKE 't_' OR title LIKE 't__'")
        }
        assert board.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert told <= there
    assert outcomes.count("ok") <= len(there) <= len(outcomes)
