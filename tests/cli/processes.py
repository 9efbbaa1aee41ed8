"""The command as a real program, with its pipes and signals."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import ending

PROGRAM = [sys.executable, "-c", "import sys; sys.argv[0] = 'connectory'; from connectory.cli.main import main; main()"]
PATIENCE_S = 30.0


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What the program finds: nothing of ours from outside."""
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(("CONNECTORY_", "CONNECTOR_"))}
    source = str(Path(__file__).parents[2] / "src")
    return {**foreign, "PYTHONPATH": source, "CONNECTORY_DATA_DIR": str(folder), **more}


@contextmanager
def program(*words: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run it with pipes for all three streams; it is gone when the block ends."""
    process = subprocess.Popen(
        [*PROGRAM, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(env)
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def at_terminal(*words: str, env: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run it at a terminal of its own; the descriptor is the person's end. It is gone when the block ends."""
    person, side = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *words], stdin=side, stdout=side, stderr=side, env=dict(env), start_new_session=True
    )
    try:
        os.close(side)
        yield process, person
    finally:
        process.kill()
        process.wait()
        os.close(person)


def read_until(descriptor: int, text: bytes) -> bytes:
    """Read what a program says at its terminal until it has said `text`."""
    said, until = b"", time.monotonic() + PATIENCE_S
    while text not in said:
        left_s = max(0.0, until - time.monotonic())
        assert select.select([descriptor], [], [], left_s)[0], said
        said += os.read(descriptor, 4096)
    return said


def seconds_to_end(process: subprocess.Popen[bytes], by: signal.Signals) -> float:
    """Send a signal and return how long the program then takes to end."""
    return ending.seconds_to_end(process, lambda: process.send_signal(by))
