from __future__ import annotations

import time
from pathlib import Path

from tests.cli.terminal import Terminal

from connectory.cli.doctor.clock import check_clock
from connectory.cli.doctor.database import Sound
from connectory.cli.doctor.finding import Status
from connectory.settings import Settings

DAY_S = 86_400.0


def test_a_clock_that_is_right_is_shown(tmp_path: Path) -> None:
    [finding] = check_clock(Settings(data_dir=tmp_path), Sound())

    assert finding.status is Status.OK
    assert "UTC" in finding.message


def test_a_clock_set_back_is_behind_what_was_written_here(demo: Terminal) -> None:
    database = Sound(demo.folder / "connectory.db", is_current=True)

    findings = check_clock(Settings(data_dir=demo.folder), database, now=lambda: time.time() - DAY_S)

    told = [finding for finding in findings if "audit" in finding.message]
    assert [finding.status for finding in told] == [Status.WRONG]
    assert "timedatectl" in told[0].cure


def test_a_clock_from_before_this_program_is_wrong(tmp_path: Path) -> None:
    findings = check_clock(Settings(data_dir=tmp_path / "none"), Sound(), now=lambda: 0.0)

    assert [finding.status for finding in findings] == [Status.WRONG]
    assert "installed" in findings[0].message


def test_a_drive_with_another_clock_is_a_note(tmp_path: Path) -> None:
    findings = check_clock(Settings(data_dir=tmp_path), Sound(), now=lambda: time.time() + 600)

    assert [finding.status for finding in findings] == [Status.NOTE]
    assert "600 s behind" in findings[0].message


def test_looking_leaves_no_file(tmp_path: Path) -> None:
    check_clock(Settings(data_dir=tmp_path), Sound())

    assert list(tmp_path.iterdir()) == []
