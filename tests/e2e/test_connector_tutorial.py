"""The connector tutorial, as a reader follows it: every command and file of the page in order, on a real Kinto."""

from __future__ import annotations

import asyncio
import doctest
import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.e2e.programs import COMMAND, KINTO, ROOT, Install, say, stop, wait_until_up
from tests.web.ports import free_port

PAGE = (ROOT / "docs" / "connector-tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PORT = "8888"  # Kinto's own, on the page
INSTALLS = ("python3 -m venv kinto", "kinto/bin/pip install ")  # Kinto is there already, in the place they would make
STARTS = "kinto/bin/kinto start"
AN_ERROR = re.compile(r"^[a-z]+_[a-z_]+: ", re.MULTILINE)


@dataclass
class Reader:
    """Somebody at a terminal in `folder`, with an editor. `done` names what was followed, kind by kind."""

    folder: Path
    install: Install
    port: int = field(default_factory=free_port)
    exports: list[str] = field(default_factory=list)
    kinto: subprocess.Popen[bytes] | None = None
    done: list[str] = field(default_factory=list)

    def follow_all(self, blocks: Sequence[tuple[str, str]]) -> None:
        """Do what the page says, block by block."""
        for kind, block in blocks:
            self.follow(kind, block)

    def follow(self, kind: str, block: str) -> None:
        """Do what a block of the page says."""
        if kind == "console":
            for command, shown in commands(block):
                self.type(command, shown)
        elif kind == "yaml":
            self.edit(block)
        self.done.append(kind)

    def type(self, command: str, shown: str) -> None:
        """Run a command, and find on the terminal what the page shows."""
        if command.startswith(INSTALLS):
            return
        if command.startswith(STARTS):
            self.start(command)
            return
        if command.startswith("export "):
            self.exports.append(command)
        script = "\n".join([*self.exports, command]).replace(PORT, str(self.port))
        environment = {**self.install.environment, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
        del environment["CONNECTORY_MANIFESTS"]
        ran = subprocess.run(
            ["bash", "-euc", script],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        told = ran.stdout.replace(str(self.port), PORT)
        assert (ran.returncode != 0) == bool(AN_ERROR.search(shown)), f"$ {command}\n{told}"
        if shown:
            assert_shown(shown, told, command)

    def start(self, command: str) -> None:
        """What the reader leaves running in another terminal."""
        words = [*command.split(), "--port", str(self.port)]
        self.kinto = subprocess.Popen(words, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until_up(f"http://127.0.0.1:{self.port}/v1/__heartbeat__", self.kinto)

    def edit(self, lines: str) -> None:
        """Put lines into the manifest where the page says."""
        file = self.folder / "connectors" / "my-kinto.yaml"
        text = file.read_text(encoding="utf-8")
        if lines.startswith("actions:"):
            text = text.partition("\nactions:")[0] + "\n" + lines
        elif lines.startswith("errors:"):
            assert text.count("\ntasks:") == 1
            text = text.replace("\ntasks:", f"\n{lines}tasks:")
        else:
            assert lines.startswith("  ")
            text += lines
        file.write_text(text, encoding="utf-8")


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a block, and what stands below each."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def assert_shown(shown: str, told: str, where: str) -> None:
    """`...` on the page stands for anything; a reader sees no difference in empty lines."""
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(shown, told, options), f"{where}\n--- page\n{shown}\n--- told\n{told}"


@pytest.fixture
def reader(tmp_path: Path, install: Install) -> Iterator[Reader]:
    if not KINTO.exists():
        pytest.skip("Kinto is not installed: `make test` installs it into .test-tools")
    (tmp_path / "kinto").symlink_to(KINTO.parents[1])
    found = Reader(tmp_path, install)
    yield found
    if found.kinto is not None:
        stop(found.kinto)


async def test_a_beginner_gets_through(reader: Reader) -> None:
    blocks = [(match[1], match[2]) for match in BLOCK.finditer(PAGE)]
    calls = [json.loads(block) for kind, block in blocks if kind == "json"]
    (answer,) = [block for kind, block in blocks if kind == "text"]

    await asyncio.to_thread(reader.follow_all, blocks)

    served = Install(reader.folder, reader.install.port, {"CONNECTORY_MANIFESTS": str(reader.folder / "connectors")})
    async with served.over_stdio("auto") as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        read = [await say(client, call["name"], **call["arguments"]) for call in calls]
    assert {call["name"] for call in calls} <= tools
    assert_shown(answer, read[-1] + "\n", "the last tool call")
    assert {kind: reader.done.count(kind) for kind in dict.fromkeys(reader.done)} == {
        "console": 9,
        "yaml": 3,
        "json": 2,
        "text": 1,
    }


def test_a_page_that_promises_something_else_is_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_shown("3 items\n", "4 items\n", "a command")
    assert_shown("id: ...\n", "id: 7f\n", "a command")
