"""The commands that a person types exist and say what they do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TARGETS = ["install", "serve", "shell", "test", "test-unit", "check", "bench", "help"]


def make(*arguments: str) -> str:
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plain_make_is_help_and_names_every_target() -> None:
    shown = make()
    assert shown == make("help")
    for target in TARGETS:
        assert re.search(rf"^  make {target} +\S", shown, re.MULTILINE), target


@pytest.mark.parametrize("target", ["install", "serve", "test", "check", "shell"])
def test_each_target_sets_up_what_it_needs(target: str) -> None:
    planned = make("--dry-run", "--always-make", target)
    assert "-m venv .venv" in planned
    assert "--require-hashes -r requirements.txt" in planned


def test_the_browser_and_every_check_run_in_ci() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    assert script.index("apt-get update") < script.index("apt-get install")
    assert re.search(r"^make lint$", script, re.MULTILINE)
    assert re.search(r"^CONNECTORY_TEST_REQUIRE_ALL=1 make test\b", script, re.MULTILINE)
    planned = make("--dry-run", "lint")
    for check in ("ruff check", "ruff format --check", "mypy", "lint-imports", "hadolint"):
        assert check in planned


def test_the_hooks_run_what_is_installed_here_and_fetch_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    assert {hook["language"] for repo in config["repos"] for hook in repo["hooks"]} == {"system"}
