"""A terminal for tests: runs commands in this process on a data folder of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from connectory.cli.main import app

OURS = ("CONNECTORY_", "CONNECTOR_", "NANGO_", "APP_URL", "AUTH_METHOD")


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What a program reads: stdout must be JSON and nothing else."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass
class Terminal:
    """Nobody sits at its stdin, as in a script."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *words: str, **environment: str) -> Outcome:
        """Run one command; an exception that is no exit is a failure of the test."""
        foreign = {name: None for name in os.environ if name.startswith(OURS)}
        given = {"CONNECTORY_DATA_DIR": str(self.folder), "COLUMNS": "200", **self.environment, **environment}
        result = CliRunner().invoke(app, list(words), env={**foreign, **given}, input="")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)
