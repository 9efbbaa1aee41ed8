"""How long a process takes to end. A busy machine lets it wait for a processor; that is no time that it took."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PATIENCE_S = 30.0
LOOK_EACH_S = 0.005


def seconds_to_end(process: subprocess.Popen[Any], end: Callable[[], object]) -> float:
    """Do what ends it, wait until it has ended, and return how long that took. Blocks."""
    before = waited = _waited_ns(process)
    began = time.monotonic()
    end()
    while not _has_ended(process):
        assert time.monotonic() - began < PATIENCE_S, "it does not end"
        time.sleep(LOOK_EACH_S)
        waited = {**waited, **_waited_ns(process)}  # a thread that has ended is not told of any more
    took_s = time.monotonic() - began
    process.wait()
    return took_s - (sum(waited.values()) - sum(before.values())) / 1e9


def _has_ended(process: subprocess.Popen[Any]) -> bool:
    """Whether it has; the kernel still knows of it until somebody waits for it."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _waited_ns(process: subprocess.Popen[Any]) -> Mapping[str, int]:
    """How long each of its threads could have run while another program did (Linux)."""
    waited: dict[str, int] = {}
    for told in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # it has just ended
            waited[told.parent.name] = int(told.read_text().split()[1])
    return waited
