"""The doctor's report, read as a program reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.terminal import Terminal
from tests.web.ports import free_port


@dataclass(frozen=True)
class Report:
    """`code` is the exit code; every finding that is not `ok` must have a cure."""

    code: int
    findings: list[dict[str, Any]]
    err: str

    def of(self, group: str, status: str | None = None) -> list[dict[str, Any]]:
        """The findings of one group."""
        return [one for one in self.findings if one["group"] == group and status in (None, one["status"])]

    def text(self, group: str, status: str | None = None) -> str:
        """Their messages and cures."""
        return "\n".join(f"{one['message']} -> {one['cure']}" for one in self.of(group, status))

    @property
    def wrong(self) -> set[str]:
        """The groups with something to mend."""
        return {one["group"] for one in self.findings if one["status"] == "wrong"}


def examine(terminal: Terminal, *words: str, **variables: str) -> Report:
    """Run `doctor --json` on a free port and a home without clients."""
    home = Path(terminal.folder).parent / "home"
    home.mkdir(exist_ok=True)
    given = {"CONNECTORY_PORT": str(free_port()), "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    outcome = terminal.run("doctor", "--json", *words, **{**given, **variables})
    report = json.loads(outcome.out)
    for one in report["findings"]:
        assert (one["cure"] is None) is (one["status"] == "ok"), one
    assert report["is_well"] is (outcome.code == 0)
    assert "Traceback" not in outcome.err
    assert "This check itself failed" not in outcome.out
    return Report(outcome.code, report["findings"], outcome.err)
