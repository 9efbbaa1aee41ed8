"""A backup is whole, consistent while others write, private, and holds the key only if it was asked to."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.vault.folders import MANIFEST, fill, members

from connectory.errors import AlreadyExists, ConnectoryError, DatabaseUnusable, KeyInvalid, SetupError
from connectory.settings import Settings
from connectory.vault.backup import copy_database, make_backup


@pytest.fixture(scope="session")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in use, made once and copied."""
    folder = shutil.copytree(migrated, tmp_path_factory.mktemp("backup") / "data")
    asyncio.run(fill(Settings(data_dir=folder)))
    return folder


@pytest.fixture
def settings(filled: Path, tmp_path: Path) -> Settings:
    return Settings(data_dir=shutil.copytree(filled, tmp_path / "data"))


def test_it_holds_database_boards_and_manifests_but_not_the_key(settings: Settings, tmp_path: Path) -> None:
    made = make_backup(settings, tmp_path / "b.tar", with_key=False)

    held = members(tmp_path / "b.tar")
    assert list(held) == ["connectory-backup.json", "connectory.db", "demo.db", "manifests/acme.yaml"]
    assert held["manifests/acme.yaml"].decode() == MANIFEST
    assert (settings.data_dir / "key").read_bytes().strip() not in (tmp_path / "b.tar").read_bytes()
    assert (made.info.connections, made.info.manifests, made.info.has_key) == (1, 1, False)
    assert (made.sealed.total, made.sealed.lost) == (3, 0)


def test_the_key_is_in_it_only_if_that_is_asked_for(settings: Settings, tmp_path: Path) -> None:
    make_backup(settings, tmp_path / "b.tar", with_key=True)

    assert members(tmp_path / "b.tar")["key"] == (settings.data_dir / "key").read_bytes()


async def test_a_key_from_the_environment_becomes_the_backup_s_key_file(tmp_path: Path) -> None:
    text = os.urandom(32).hex()
    settings = Settings(data_dir=tmp_path / "data", encryption_key=SecretStr(text))
    await fill(settings)

    make_backup(settings, tmp_path / "b.tar", with_key=True)

    assert members(tmp_path / "b.tar")["key"].decode() == f"{text}\n"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777], ids=oct)
def test_the_file_is_private_whatever_the_umask(settings: Settings, tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made = make_backup(settings, tmp_path / "b.tar", with_key=True)
    finally:
        os.umask(before)

    assert oct((tmp_path / "b.tar").stat().st_mode & 0o7777) == "0o600"
    assert made.is_private


def test_nothing_is_overwritten_unless_that_is_asked_for(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")

    with pytest.raises(AlreadyExists, match="is there already") as refusal:
        make_backup(settings, tmp_path / "b.tar", with_key=False)
    assert "--force" in refusal.value.hint
    assert (tmp_path / "b.tar").read_text() == "mine"

    make_backup(settings, tmp_path / "b.tar", with_key=False, force=True)
    assert "connectory.db" in members(tmp_path / "b.tar")


def test_nothing_is_left_beside_it(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    place.mkdir()

    make_backup(settings, place / "b.tar", with_key=True)
    with pytest.raises(AlreadyExists):
        make_backup(settings, place / "b.tar", with_key=True)

    assert [file.name for file in place.iterdir()] == ["b.tar"]


def test_a_folder_that_is_not_there_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="could not be written: No such file") as refusal:
        make_backup(settings, tmp_path / "nowhere" / "b.tar", with_key=False)

    assert "folder exists" in refusal.value.hint


def test_what_is_committed_but_not_yet_in_the_file_is_in_the_copy(tmp_path: Path) -> None:
    writer = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute("CREATE TABLE t (x)")
    writer.execute("INSERT INTO t VALUES ('in the wal')")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO t VALUES ('not committed')")

    copy_database(tmp_path / "a.db", tmp_path / "copy.db", wait_s=1)
    writer.close()

    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT x FROM t").fetchall() == [("in the wal",)]
    copy.close()
    assert not (tmp_path / "copy.db-wal").exists()


@pytest.mark.slow
def test_transactions_of_a_writer_at_work_are_in_it_whole_or_not_at_all(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "a.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE t (pair INTEGER, half TEXT, filling BLOB)")
    database.commit()
    ended = threading.Event()

    def write() -> None:
        mine = sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=30)
        number = 0
        while not ended.is_set():
            number += 1
            mine.execute("BEGIN IMMEDIATE")
            mine.execute("INSERT INTO t VALUES (?, 'a', randomblob(9000))", (number,))
            mine.execute("INSERT INTO t VALUES (?, 'b', randomblob(9000))", (number,))
            mine.execute("COMMIT")
        mine.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(20):
            copy_database(tmp_path / "a.db", tmp_path / f"copy{number}.db", wait_s=10)
    finally:
        ended.set()
        thread.join()
    database.close()

    for number in range(20):
        copy = sqlite3.connect(tmp_path / f"copy{number}.db")
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT pair FROM t GROUP BY pair HAVING count(*) <> 2").fetchall() == []
        copy.close()


def test_where_there_is_nothing_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="nothing to back up"):
        make_backup(Settings(data_dir=tmp_path / "data"), tmp_path / "b.tar", with_key=False)

    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_missing_is_not_made_for_the_backup(settings: Settings, tmp_path: Path) -> None:
    (settings.data_dir / "key").unlink()

    with pytest.raises(KeyInvalid, match="no key to put"):
        make_backup(settings, tmp_path / "b.tar", with_key=True)

    assert not (settings.data_dir / "key").exists()
    made = make_backup(settings, tmp_path / "b.tar", with_key=False)
    assert (made.sealed.lost, made.key_source) == (3, None)


def test_a_damaged_database_is_not_taken_for_a_backup(settings: Settings, tmp_path: Path) -> None:
    file = settings.data_dir / "connectory.db"
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
    file.write_bytes(content)

    with pytest.raises(ConnectoryError, match="damaged"):
        make_backup(settings, tmp_path / "b.tar", with_key=False)

    assert not (tmp_path / "b.tar").exists()


def test_files_that_no_start_reads_are_left_out_and_named(settings: Settings, tmp_path: Path) -> None:
    folder = settings.data_dir / "manifests"
    (folder / "README").write_text("x")
    (folder / ".hidden.yaml").write_text("x")
    (folder / "huge.yaml").write_bytes(b"x" * 1_000_001)
    (folder / "deep.yaml").mkdir()

    made = make_backup(settings, tmp_path / "b.tar", with_key=False)

    assert made.left_out == (".hidden.yaml", "README", "deep.yaml", "huge.yaml")
    assert [name for name in members(tmp_path / "b.tar") if "/" in name] == ["manifests/acme.yaml"]
