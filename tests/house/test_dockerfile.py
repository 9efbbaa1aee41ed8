"""The image: not root, with a health check, linted. What it runs is proven in tests/e2e/test_wheel.py."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAST_STAGE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").rpartition("\nFROM ")[2]


def instruction(name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.+)$", LAST_STAGE, re.MULTILINE)


def test_the_image_does_not_run_as_root() -> None:
    user = instruction("USER")[-1].split(":")[0]
    assert user.isdecimal(), "a number, so that a cluster can check it without looking into the image"
    assert int(user) > 0


def test_the_image_asks_healthz_whether_it_is_well_without_another_program() -> None:
    (check,) = instruction("HEALTHCHECK")
    assert "/healthz" in check
    assert "curl" not in check
    assert "wget" not in check


def test_the_image_keeps_its_data_in_the_volume() -> None:
    assert "CONNECTORY_DATA_DIR=/data" in LAST_STAGE
    assert instruction("VOLUME") == ['["/data"]']


def test_the_image_is_built_in_stages_from_pinned_hashes() -> None:
    whole = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert len(re.findall(r"^FROM ", whole, re.MULTILINE)) == 2
    installs = re.findall(r"pip install [^&\n]*-r ", whole)
    assert installs
    assert all("--require-hashes" in line for line in installs)


def test_only_what_is_needed_reaches_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = {
        "src",
        "manifests",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "requirements.txt",
        "requirements-build.txt",
    }
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    beside = Path(sys.executable).with_name("hadolint")
    linter = str(beside) if beside.exists() else shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed (requirements-dev.txt)")
    done = subprocess.run([linter, str(ROOT / "Dockerfile")], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout
