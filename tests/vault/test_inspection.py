"""Looking at a database from outside says what is there and changes nothing."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary
from tests.vault.folders import fill
from tests.vault.rows import NOW, Clock, audit_line, bound_session, make_flow, make_place, new_client, new_session

from connectory.errors import DatabaseUnusable
from connectory.settings import Settings
from connectory.vault.inspection import (
    SEALED,
    count_sealed,
    foreign_parts,
    inspecting,
    integrity_problems,
    is_newer,
    newest_audit_line,
    schema_revision,
)
from connectory.vault.keys import KeyRing, load_key_ring
from connectory.vault.schema import HEAD
from connectory.vault.tables import metadata
from connectory.vault.vault import open_vault


@pytest.fixture
async def settings(data_dir: Path) -> Settings:
    settings = Settings(data_dir=data_dir)
    await fill(settings)
    return settings


def test_every_encrypted_value_is_tried(settings: Settings) -> None:
    right, wrong = load_key_ring(settings), KeyRing([os.urandom(32)])
    with inspecting(settings.data_dir / "connectory.db") as connection:
        assert count_sealed(connection, right).lost == 0
        for keys in (wrong, None):
            lost = count_sealed(connection, keys)
            assert (lost.total, lost.lost, lost.connections) == (3, 3, ("github/default",))


async def test_the_encrypted_values_of_sign_ins_and_clients_are_tried_in_their_places(data_dir: Path) -> None:
    vault = await open_vault(Settings(data_dir=data_dir), now=Clock())
    place = await make_place(vault)
    await make_flow(vault, await bound_session(vault, new_session(place)))
    await vault.oauth_clients.put(new_client(place))
    await vault.aclose()

    with inspecting(data_dir / "connectory.db") as connection:
        found = count_sealed(connection, vault.keys)

    assert (found.total, found.lost) == (3, 0)


def test_a_sound_database_has_nothing_to_tell(settings: Settings) -> None:
    with inspecting(settings.data_dir / "connectory.db") as connection:
        assert schema_revision(connection) == HEAD
        assert list(integrity_problems(connection)) == []
        assert list(foreign_parts(connection)) == []


@pytest.mark.parametrize(("revision", "newer"), [(HEAD, False), ("0000", False), ("9999", True), ("abc", True)])
def test_a_newer_version_is_known_by_its_number(revision: str, newer: bool) -> None:
    assert is_newer(revision) is newer


def test_an_empty_file_has_no_version_and_a_foreign_one_no_chance(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with inspecting(tmp_path / "empty.db") as connection:
        assert schema_revision(connection) is None
        assert count_sealed(connection, None).total == 0
    (tmp_path / "text.db").write_text("hello " * 1000)
    with pytest.raises(DatabaseUnusable, match="damaged"), inspecting(tmp_path / "text.db"):
        pass


async def test_the_newest_line_of_the_audit_is_in_utc(data_dir: Path) -> None:
    vault = await open_vault(Settings(data_dir=data_dir), now=Clock())
    await vault.audit.write([audit_line(await make_place(vault))])
    await vault.aclose()

    with inspecting(data_dir / "connectory.db") as connection:
        assert newest_audit_line(connection) == NOW


def test_nothing_can_be_written_through_it(settings: Settings) -> None:
    with pytest.raises(DatabaseUnusable), inspecting(settings.data_dir / "connectory.db") as connection:
        connection.execute("DELETE FROM grants")


def test_in_a_folder_that_cannot_be_written_it_can_still_be_read(settings: Settings) -> None:
    database = settings.data_dir / "connectory.db"
    is_root = os.geteuid() == 0
    settings.data_dir.chmod(0o555)
    database.chmod(0o444)
    own = [folder for folder in settings.data_dir.parents if folder.is_relative_to(tempfile.gettempdir())]
    for folder in own[:-1]:  # the system's own folder for such files is open already
        folder.chmod(folder.stat().st_mode | 0o055)
    if is_root:
        os.seteuid(65534)
    try:
        with pytest.raises(sqlite3.OperationalError):  # what the detour is for
            sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True).execute("SELECT 1 FROM sqlite_schema")
        with inspecting(database) as connection:
            assert schema_revision(connection) == HEAD
    finally:
        if is_root:
            os.seteuid(0)
        settings.data_dir.chmod(0o700)


def test_no_encrypted_column_is_forgotten() -> None:
    binary = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }

    assert binary == set(SEALED)
