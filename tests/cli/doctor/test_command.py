from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli.doctor.reports import examine
from tests.cli.terminal import Terminal
from tests.web.ports import free_port

GROUPS = ["settings", "data folder", "database", "key", "port", "manifests", "clock", "clients", "connections"]


def test_a_sound_installation_has_nothing_to_mend(demo: Terminal) -> None:
    report = examine(demo)

    assert report.code == 0, report.findings
    assert [one["group"] for one in report.findings] == GROUPS
    assert {one["status"] for one in report.findings} == {"ok"}


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    report = examine(Terminal(tmp_path / "data"))

    assert report.code == 0, report.findings
    assert "connectory connect NAME" in report.text("connections")
    assert not (tmp_path / "data").exists()


def test_looking_changes_nothing(demo: Terminal) -> None:
    (demo.folder / "key").chmod(0o644)
    (demo.folder / "connectory.db").chmod(0o644)
    before = {path.name: (path.stat().st_mode, path.read_bytes()) for path in demo.folder.iterdir() if path.is_file()}

    examine(demo)

    after = {path.name: (path.stat().st_mode, path.read_bytes()) for path in demo.folder.iterdir() if path.is_file()}
    assert {name: after[name] for name in before} == before


def test_a_person_reads_a_line_for_each_and_an_arrow_before_each_cure(demo: Terminal) -> None:
    (demo.folder / "key").unlink()

    told = demo.run("doctor", "--offline", CONNECTORY_PORT=str(free_port()), COLUMNS="80")

    assert told.code == 1
    lines = told.out.splitlines()
    assert [line for line in lines if line.startswith("WRONG key ")]
    assert [line for line in lines if line.strip().startswith("-> Put the file back")]
    assert f"`chmod 600 {demo.folder / 'key'}`" in told.out  # whatever the width
    assert lines[-1] == "1 thing to mend."
    assert max(len(line) for line in lines if str(demo.folder) not in line) <= 80  # what is copied is not broken
    assert not (demo.folder / "key").exists()


def test_a_setting_that_stops_everything_else_does_not_stop_the_doctor(demo: Terminal) -> None:
    report = examine(demo, CONNECTORY_MAX_TOOLS="many", CONNECTORY_PROT="1", CONNECTORY_DATA_DIR=str(demo.folder))

    assert report.wrong == {"settings"}
    assert "did you mean CONNECTORY_PORT?" in report.text("settings")
    assert "CONNECTORY_MAX_TOOLS must be a whole number" in report.text("settings")
    assert "demo/default works" in report.text("connections")


@pytest.mark.parametrize("damage", ["folder", "file", "key", "database", "empty key", "fifo"])
def test_whatever_is_broken_becomes_findings_and_no_traceback(demo: Terminal, damage: str) -> None:
    key, database = demo.folder / "key", demo.folder / "connectory.db"
    if damage == "folder":
        database.unlink()
        database.mkdir()
    elif damage == "file":
        moved = demo.folder.rename(demo.folder.with_name("moved"))
        demo.folder.write_text("")
        assert moved.is_dir()
    elif damage == "key":
        key.write_text("no key")
    elif damage == "database":
        database.write_bytes(b"x" * 100_000)
    elif damage == "empty key":
        key.write_text("")
    else:
        key.unlink()
        os.mkfifo(key, 0o600)

    report = examine(demo)

    assert report.code == 1
    assert report.wrong
