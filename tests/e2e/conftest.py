"""Fixtures of the end-to-end tests: only what must be closed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.programs import KINTO, Install, Kinto, running_kinto


@pytest.fixture(scope="session")
def kinto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinto]:
    """One Kinto server for all tests; each uses accounts and buckets of its own."""
    if not KINTO.exists():
        pytest.skip("Kinto is not installed: `make test` installs it into .test-tools")
    with running_kinto(tmp_path_factory.mktemp("kinto")) as server:
        yield server


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """A fresh installation: an empty data folder and a free port."""
    return Install(tmp_path)
