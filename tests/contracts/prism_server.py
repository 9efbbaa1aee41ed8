"""Prism: an OpenAPI document as a server that checks each request (https://github.com/stoplightio/prism)."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx2
from tests.contracts.openapi import TOOLS
from tests.e2e.programs import stop
from tests.web.ports import free_port

PRISM = TOOLS / "prism/node_modules/.bin/prism"
READY_S = 60.0


@contextmanager
def running_prism(folder: Path, document: Mapping[str, Any]) -> Iterator[httpx2.URL]:
    """Start Prism on a free loopback port, and give its address."""
    port = free_port()
    file = folder / f"openapi-{port}.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    command = [str(PRISM), "mock", "-h", "127.0.0.1", "-p", str(port), "--errors", "-v", "warn", str(file)]
    with (folder / f"log-{port}").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            _wait(port, process)
            yield httpx2.URL(f"http://127.0.0.1:{port}")
        finally:
            stop(process)


def _wait(port: int, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Prism ended with {process.returncode} before it was ready"
        with contextlib.suppress(OSError), contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=2)) as asking:
            asking.request("GET", "/")
            asking.getresponse()
            return
        time.sleep(0.05)
    raise AssertionError(f"Prism did not answer within {READY_S:.0f} s")
