"""MCP's official conformance suite and Inspector as programs, under the Node.js that was installed with them.

The suite runs the scenarios that a revision of the protocol requires, and others that it does not score; what each
found stands in a file of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.programs import COMMAND, Install, stop, wait_until_up

TOOLS = Path(__file__).parents[2] / ".test-tools/conformance/node_modules"
SUITE, INSPECTOR = TOOLS / ".bin/conformance", TOOLS / ".bin/mcp-inspector"
NODE_MAJOR = 24
RUN_S = 300.0
CONNECT_MS = 120_000  # the Inspector gives up after 15 seconds, which a busy machine may take
_FOLDER = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


def node() -> str:
    """Return a Node.js that is new enough, the installed one or the machine's. Skips the test where there is none."""
    if not SUITE.exists() or not INSPECTOR.exists():
        pytest.skip("The conformance suite is not there: `make test` brings it into .test-tools by npm")
    installed = TOOLS / ".bin/node"  # for Linux alone
    found = str(installed) if installed.exists() else shutil.which("node")
    version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout if found else ""
    if not found or int(version.lstrip("v").partition(".")[0] or 0) < NODE_MAJOR:
        pytest.skip(f"The conformance suite needs Node.js {NODE_MAJOR}, and npm has none for this machine")
    return found


@dataclass(frozen=True)
class Requirements:
    """What a revision requires, and why other scenarios do not count."""

    scored: frozenset[str]
    not_scored: Mapping[str, str]


def requirements(revision: str) -> Requirements:
    """Read the suite's own list."""
    file = TOOLS / "@modelcontextprotocol/conformance/requirements" / f"{revision}.yaml"
    known = yaml.safe_load(file.read_text(encoding="utf-8"))
    others = {one["scenario"]: one["reason"] for one in known["not_scored"] if one["leg"] == "server"}
    return Requirements(frozenset(known["server"]), others)


@dataclass(frozen=True)
class Verdict:
    """What each check of each scenario found, other than that all is well."""

    exit_code: int
    ran: frozenset[str]
    checks: int
    found: Mapping[str, Mapping[tuple[str, str], str]] = field(default_factory=dict)
    """Status -> (scenario, check) -> what the suite says."""

    def failed(self) -> set[str]:
        """The scenarios with a failure."""
        return {scenario for scenario, _ in self.found.get("FAILURE", {})}


def judge(url: str, revision: str, folder: Path) -> Verdict:
    """Run the suite's requirements of a revision against a server."""
    command = [node(), str(SUITE), "server", "--url", url, "--requirements", revision, "-o", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, cwd=folder.parent)
    found: dict[str, dict[tuple[str, str], str]] = {}
    ran, checks = set(), 0
    for file in folder.glob("*/checks.json"):
        name = _FOLDER.fullmatch(file.parent.name)
        assert name, f"a folder of another form: {file.parent.name}"
        ran.add(name[1])
        for check in json.loads(file.read_text(encoding="utf-8")):
            if check["status"] in ("SUCCESS", "INFO"):
                checks += check["status"] == "SUCCESS"
            else:
                words = str(check.get("errorMessage") or check.get("details") or "")
                found.setdefault(check["status"], {})[name[1], check["id"]] = words
    assert ran, f"the suite ran nothing: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return Verdict(done.returncode, frozenset(ran), checks, found)


@contextmanager
def serving(install: Install, *, with_fixtures: bool = False) -> Iterator[str]:
    """Serve an installation, and give the address of its `/mcp`. With fixtures, a token is put into each request."""
    command = [sys.executable, "-m", "connectory.testing.conformance"] if with_fixtures else [str(COMMAND), "serve"]
    environment = {**install.environment, **({"CONNECTORY_TOKEN": install.token("suite")} if with_fixtures else {})}
    with install.log.open("a") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_until_up(f"http://127.0.0.1:{install.port}/healthz", process)
            yield f"http://localhost:{install.port}/mcp"
        finally:
            stop(process)


@dataclass(frozen=True)
class Inspector:
    """The Inspector's command line, talking to one server in one era."""

    node: str
    home: Path
    era: str
    server: Sequence[str]

    def run(self, method: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Send one request in a process of its own."""
        own = ["--protocol-era", self.era, "--format", "json", "--connect-timeout", str(CONNECT_MS)]
        command = [self.node, str(INSPECTOR), "--cli", *own, "--method", method, *options, *self.server]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_S, cwd=self.home)

    def result(self, method: str, *options: str) -> Any:
        """Send one request that must succeed, and return its result."""
        done = self.run(method, *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["result"]
