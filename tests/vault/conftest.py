"""Vaults for tests. What the stores promise holds for both: in memory, and in a file."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.vault.rows import Clock, Place, make_place

from connectory.settings import Settings
from connectory.vault.vault import Vault, open_memory_vault, open_vault

OpenVault = Callable[..., Awaitable[Vault]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty, migrated database, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("migrated") / "data"
    asyncio.run(_migrate(folder))
    return folder


async def _migrate(folder: Path) -> None:
    vault = await open_vault(Settings(data_dir=folder))
    await vault.aclose()


@pytest.fixture
def data_dir(migrated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(migrated, tmp_path / "data")


@pytest.fixture
async def open_file_vault(data_dir: Path, clock: Clock) -> AsyncIterator[OpenVault]:
    """Opens vaults on one file, each as another process would, and closes them."""
    opened: list[Vault] = []

    async def open_one(**settings: object) -> Vault:
        vault = await open_vault(Settings(data_dir=data_dir, **settings), now=clock)
        opened.append(vault)
        return vault

    yield open_one
    for vault in opened:
        await vault.aclose()


@pytest.fixture(params=["memory", "file"])
async def vault(request: pytest.FixtureRequest, data_dir: Path, clock: Clock) -> AsyncIterator[Vault]:
    if request.param == "memory":
        vault = await open_memory_vault(now=clock)
    else:
        vault = await open_vault(Settings(data_dir=data_dir), now=clock)
    yield vault
    await vault.aclose()


@pytest.fixture(params=["memory", "file"])
async def racing(
    request: pytest.FixtureRequest, open_file_vault: OpenVault, clock: Clock
) -> AsyncIterator[list[Vault]]:
    """Twenty hands on the same rows: in memory through one vault, in a file through two, as two processes would."""
    if request.param == "file":
        yield [await open_file_vault(), await open_file_vault()] * 10
        return
    vault = await open_memory_vault(now=clock)
    yield [vault] * 20
    await vault.aclose()


@pytest.fixture
async def place(vault: Vault) -> Place:
    """A workspace with an owner."""
    return await make_place(vault)
