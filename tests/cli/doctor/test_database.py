from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.doctor.reports import examine
from tests.cli.terminal import Terminal

from connectory.cli.doctor.database import check_database, check_folder
from connectory.cli.doctor.finding import Status
from connectory.settings import Settings


def change(terminal: Terminal, statement: str) -> None:
    database = sqlite3.connect(terminal.folder / "connectory.db")
    database.execute(statement)
    database.commit()
    database.close()


def test_a_newer_database_is_left_alone_with_the_way_out(demo: Terminal) -> None:
    change(demo, "UPDATE alembic_version SET version_num = '9999'")

    report = examine(demo)

    assert report.wrong == {"database"}
    assert "newer version" in report.text("database")
    assert "Upgrade" in report.text("database")
    assert "not asked" in report.text("connections")


def test_an_earlier_one_is_a_note_and_is_not_migrated_by_looking(demo: Terminal) -> None:
    change(demo, "UPDATE alembic_version SET version_num = '0000'")

    report = examine(demo)

    assert report.code == 0
    assert "connectory backup FILE" in report.text("database", "note")
    database = sqlite3.connect(demo.folder / "connectory.db")
    assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("0000",)
    database.close()


def test_another_program_s_database_is_told_apart(demo: Terminal) -> None:
    (demo.folder / "connectory.db").unlink()
    change(demo, "CREATE TABLE songs (title TEXT)")

    assert "another program's" in examine(demo).text("database", "wrong")


def test_damage_inside_is_found_and_leads_to_the_backup(demo: Terminal) -> None:
    file = demo.folder / "connectory.db"
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
    file.write_bytes(content)

    report = examine(demo)

    assert "damaged" in report.text("database", "wrong")
    assert "connectory restore FILE --replace" in report.text("database", "wrong")


def test_a_database_of_another_kind_is_said_without_its_address(demo: Terminal) -> None:
    report = examine(demo, CONNECTORY_DATABASE_URL="postgresql://me:hunter2pass@db/x")

    assert report.wrong == {"database"}
    assert "hunter2" not in str(report.findings)


@pytest.mark.parametrize(("mode", "status"), [(0o777, Status.WRONG), (0o770, Status.WRONG), (0o755, Status.NOTE)])
def test_a_folder_open_to_others_is_told_with_its_command(tmp_path: Path, mode: int, status: Status) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)

    [finding] = check_folder(Settings(data_dir=folder))

    assert finding.status is status
    assert f"chmod 700 {folder}" in finding.cure


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Another user, who may pass through the folders above."""
    for above in folder.parents[:4]:
        above.chmod(above.stat().st_mode | 0o055)
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mode", [0o700, 0o755], ids=oct)
def test_a_folder_of_somebody_else_is_a_finding_with_a_cure(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=mode)
    folder.chmod(mode)
    with as_nobody(folder):
        settings = Settings(data_dir=folder)
        findings = [*check_folder(settings), *check_database(settings)[1]]
        below = check_folder(Settings(data_dir=folder / "deeper" / "still"))

    assert {finding.status for finding in findings} & {Status.WRONG}
    assert "chown" in findings[0].cure
    assert below[0].status is Status.WRONG
