"""Clients of other makers in environments of their own, each behind a driver."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.clients.driving import HERE, INSTALLED, Driver, driving
from tests.e2e.programs import COMMAND, Install

TRANSPORTS = ("stdio", "http", "sse")


def installed(name: str) -> Path:
    """The environment of a client. Skips where it is not installed."""
    folder = INSTALLED / name
    if not (folder / ".ready").exists():
        pytest.skip(f"{name} is not installed: `make clients` installs it into .test-tools")
    return folder


@contextmanager
def client_of(
    install: Install, name: str, transport: str, token: str, *, path: str | None = None, **more: Any
) -> Iterator[Driver]:
    """A connected client. `path`: of the address, if it is not the transport's own."""
    how: dict[str, Any] = {"transport": transport, **more}
    if transport == "stdio":
        how |= {"command": str(COMMAND), "args": ["stdio"], "env": install.environment}
    else:
        url = f"http://127.0.0.1:{install.port}{path or ('/sse' if transport == 'sse' else '/mcp')}"
        how |= {"url": url, "headers": {"Authorization": f"Bearer {token}"}}
    with driver_of(install, name) as driver:
        driver.ask("open", **how)
        yield driver


@contextmanager
def driver_of(install: Install, name: str) -> Iterator[Driver]:
    """A driver that is not connected yet."""
    python = installed(name) / "bin/python"
    program = HERE / f"drivers/drive_{name.replace('-', '_')}.py"
    with driving([str(python), str(program)], install.environment, install.folder / f"{name}.log") as driver:
        yield driver


def said(driver: Driver, tool: str, /, **arguments: Any) -> str:
    """Call a tool that must succeed, and return its text."""
    result = driver.ask("call", tool=tool, args=arguments)
    assert not result["is_error"], result["text"]
    return str(result["text"])


def refused(driver: Driver, tool: str, /, **arguments: Any) -> str:
    """Call a tool that must fail, and return the text that says why."""
    result = driver.ask("call", tool=tool, args=arguments)
    assert result["is_error"], result["text"]
    return str(result["text"])


def run(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a client's command to its end."""
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=90)
