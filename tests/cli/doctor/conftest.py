"""The demo is connected once and copied: most tests here break something that works."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal


@pytest.fixture(scope="session")
def _connected(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(first_start, tmp_path_factory.mktemp("doctor") / "data")
    assert Terminal(folder).run("connect", "demo").code == 0
    return folder


@pytest.fixture
def demo(_connected: Path, tmp_path: Path) -> Terminal:
    """A terminal with the demo connected."""
    return Terminal(shutil.copytree(_connected, tmp_path / "data"))
