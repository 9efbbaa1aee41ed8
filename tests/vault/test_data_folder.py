"""The data folder: private, and never somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectory.errors import DatabaseUnusable
from connectory.vault.data_folder import make_private_file, prepare_folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_missing_parents_are_made_private_too(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a" / "b")

    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o700, 0o700]


@pytest.mark.parametrize(
    "names", [[], ["connectory.db"], ["connectory.db", "letters"], ["key", "manifests"], ["web.lock", "demo.db-wal"]]
)
def test_a_loose_folder_of_ours_is_tightened(tmp_path: Path, names: list[str]) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    folder.chmod(0o777)

    prepare_folder(folder)

    assert mode(folder) == 0o700


@pytest.mark.parametrize("names", [["letters"], ["letters", "key"], ["letters", "manifests", "index"]])
def test_a_folder_with_other_things_in_it_keeps_its_mode(tmp_path: Path, names: list[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in names:
        (home / name).touch()
    home.chmod(0o755)

    prepare_folder(home)

    assert mode(home) == 0o755


@pytest.mark.parametrize("loose", [0o777, 0o1777, 0o775, 0o702])
def test_one_into_which_others_write_is_refused_with_the_command_that_mends_it(tmp_path: Path, loose: int) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "letters").touch()
    folder.chmod(loose)

    with pytest.raises(DatabaseUnusable, match="can write") as refusal:
        prepare_folder(folder)

    assert f"chmod 700 {folder}" in refusal.value.hint
    assert mode(folder) == loose


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    for folder in (tmp_path / "data", tmp_path / "data" / "deeper"):
        with pytest.raises(DatabaseUnusable) as refusal:
            prepare_folder(folder)
        assert "CONNECTORY_DATA_DIR" in refusal.value.hint


def test_a_loose_database_file_is_tightened_and_keeps_its_content(tmp_path: Path) -> None:
    path = tmp_path / "connectory.db"
    path.write_text("content")
    path.chmod(0o644)

    make_private_file(path)

    assert mode(path) == 0o600
    assert path.read_text() == "content"


def test_a_folder_in_place_of_the_database_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "connectory.db").mkdir()

    with pytest.raises(DatabaseUnusable, match=r"connectory\.db"):
        make_private_file(tmp_path / "connectory.db")
