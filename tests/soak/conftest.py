"""Directus, a whole application, for the length of a soak run (`make soak`)."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.programs import ROOT, stop, wait_until_up
from tests.web.ports import free_port

DIRECTUS = ROOT / ".test-tools/directus/node_modules/.bin/directus"
BOOTSTRAP_S = 120.0  # seconds: it makes 27 tables


@dataclass(frozen=True)
class Directus:
    """A running Directus with an administrator's static token."""

    url: str
    token: str


@pytest.fixture(scope="session")
def directus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directus]:
    """A fresh Directus on a free loopback port, its data in a folder of its own."""
    if not DIRECTUS.exists():
        pytest.skip("Directus is not installed: `make soak` installs it into .test-tools")
    folder, port, token = tmp_path_factory.mktemp("directus"), free_port(), secrets.token_urlsafe(24)
    environment = _environment(folder, port, token)
    with (folder / "log").open("w") as log:
        how = {"env": environment, "cwd": folder, "stdout": log, "stderr": log}
        subprocess.run([str(DIRECTUS), "bootstrap"], check=True, timeout=BOOTSTRAP_S, **how)  # type: ignore[call-overload]  # of a mapping mypy knows no names
        process = subprocess.Popen([str(DIRECTUS), "start"], **how)  # type: ignore[call-overload]  # as above
        try:
            wait_until_up(f"http://127.0.0.1:{port}/server/ping", process)
            yield Directus(f"http://127.0.0.1:{port}", token)
        finally:
            stop(process)


def _environment(folder: Path, port: int, token: str) -> dict[str, str]:
    own = {
        "HOST": "127.0.0.1", "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "TELEMETRY": "false",
        "SECRET": secrets.token_urlsafe(24), "DB_CLIENT": "sqlite3", "DB_FILENAME": str(folder / "data.db"),
        "ADMIN_EMAIL": "admin@example.com", "ADMIN_PASSWORD": secrets.token_urlsafe(12), "ADMIN_TOKEN": token,
        "STORAGE_LOCATIONS": "local", "STORAGE_LOCAL_ROOT": str(folder / "uploads"),
        "EXTENSIONS_PATH": str(folder / "extensions"),
    }  # fmt: skip
    return {**{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}, **own}
