"""The command as a real program, with its pipes and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

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


def seconds_to_end(process: subprocess.Popen[bytes], by: signal.Signals) -> float:
    """Send a signal and return how long the program then takes to end."""
    began = time.monotonic()
    process.send_signal(by)
    process.wait(PATIENCE_S)
    return time.monotonic() - began
