"""Fixtures of the clients' tests: only what must be closed again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.programs import Install


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """A fresh installation: an empty data folder and a free port."""
    return Install(tmp_path)
