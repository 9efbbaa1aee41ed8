"""Attack 116: another user of the machine reads what lies about: a umask of 000, a loose key file, a foreign one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.vault.rows import Clock, make_connection, make_place

from connectory.errors import KeyInvalid
from connectory.settings import Settings
from connectory.vault.vault import open_vault


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes_in(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o7777) for path in folder.iterdir()}


async def test_attack_116_a_fresh_start_makes_private_files_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "home" / "data"
    vault = await open_vault(Settings(data_dir=folder))
    place = await make_place(vault)

    files = modes_in(folder)
    assert {"connectory.db", "connectory.db-wal", "connectory.db-shm", "key"} <= files.keys()
    assert set(files.values()) == {"0o600"}
    assert [oct(path.stat().st_mode & 0o7777) for path in (folder, folder.parent)] == ["0o700", "0o700"]

    await vault.workspaces.delete(place.workspace_id)
    await vault.aclose()
    assert set(modes_in(folder).values()) == {"0o600"}


async def test_attack_116_a_loose_database_is_tightened_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    vault = await open_vault(Settings(data_dir=folder))
    await vault.aclose()
    folder.chmod(0o755)
    (folder / "connectory.db").chmod(0o666)

    vault = await open_vault(Settings(data_dir=folder), now=Clock())
    await make_connection(vault, await make_place(vault))

    assert set(modes_in(folder).values()) == {"0o600"}
    assert oct(folder.stat().st_mode & 0o7777) == "0o700"
    await vault.aclose()


async def test_attack_116_a_loose_wal_left_by_a_crash_is_tightened(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    vault = await open_vault(Settings(data_dir=folder))
    await make_place(vault)
    for name in ("connectory.db", "connectory.db-wal", "connectory.db-shm"):
        (folder / name).chmod(0o644)

    again = await open_vault(Settings(data_dir=folder))

    assert set(modes_in(folder).values()) == {"0o600"}
    await again.aclose()
    await vault.aclose()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666, 0o620, 0o601])
async def test_attack_116_a_loose_key_file_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    vault = await open_vault(Settings(data_dir=tmp_path))
    await vault.aclose()
    path = tmp_path / "key"
    content = path.read_bytes()
    path.chmod(mode)

    with pytest.raises(KeyInvalid) as refusal:
        await open_vault(Settings(data_dir=tmp_path))

    assert f"chmod 600 {path}" in refusal.value.hint
    assert content.decode().strip() not in refusal.value.text
    assert (path.read_bytes(), path.stat().st_mode & 0o7777) == (content, mode)
    path.chmod(0o600)
    vault = await open_vault(Settings(data_dir=tmp_path))
    await vault.aclose()


async def test_attack_116_a_key_file_of_another_user_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    if os.geteuid() == 0:
        path.write_text(os.urandom(32).hex())
        path.chmod(0o600)
        os.chown(path, 65534, 65534)
    else:
        path.symlink_to("/etc/passwd")  # root's, and readable

    with pytest.raises(KeyInvalid, match="belongs to another user") as refusal:
        await open_vault(Settings(data_dir=tmp_path))

    assert f"sudo chown {os.geteuid()} {path}" in refusal.value.hint
    assert not (tmp_path / "connectory.db").exists()
