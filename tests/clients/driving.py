"""Drives a client of another maker: a program beside us that takes commands as lines of JSON (`*/driver.*`)."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.programs import ROOT, stop

HERE = Path(__file__).parent
INSTALLED = ROOT / ".test-tools/clients"
ANSWER_S = 90.0  # longer than any client waits for a call


class DriverError(Exception):
    """What the client answered a command with: its own error, in words."""


class Driver:
    """A running driver. Several commands may wait for their answers at once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._asked: dict[int, Future[Any]] = {}
        self._number = 0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def ask(self, op: str, **given: Any) -> Any:
        """Give a command and return its answer. Raises `DriverError`."""
        return self.begin(op, **given).result(ANSWER_S)

    def begin(self, op: str, **given: Any) -> Future[Any]:
        """Give a command; its answer is to come."""
        assert self._process.stdin
        self._number += 1
        answer = self._asked[self._number] = Future()
        self._process.stdin.write(json.dumps({"id": self._number, "op": op, **given}) + "\n")
        self._process.stdin.flush()
        return answer

    def close(self) -> None:
        """Close the driver's input, by which it ends, and what it started with it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            stop(self._process)
        self._reader.join()
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if not line.startswith("{"):
                continue  # some clients greet
            said = json.loads(line)
            answer = self._asked.pop(said["id"])
            if "error" in said:
                answer.set_exception(DriverError(said["error"]))
            else:
                answer.set_result(said["value"])
        for left in self._asked.values():
            left.set_exception(DriverError("the driver has ended"))


@contextmanager
def driving(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[Driver]:
    """Run a driver for the length of the block, its stderr in `log`."""
    with log.open("a") as stderr:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=log.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        driver = Driver(process)
        try:
            yield driver
        finally:
            driver.close()
