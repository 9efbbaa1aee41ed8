from __future__ import annotations

from pathlib import Path

from tests.cli.doctor.reports import examine
from tests.cli.provider import Provider
from tests.cli.terminal import Terminal


def test_every_problem_has_its_file_and_line(terminal: Terminal) -> None:
    folder = terminal.folder / "manifests"
    folder.mkdir()
    (folder / "bad.yaml").write_text("format: 1\nname: bad\ntitel: Bad\n")

    report = examine(terminal)

    assert report.wrong == {"manifests"}
    assert f"{folder / 'bad.yaml'}:3: titel: " in report.text("manifests")
    assert f"connectory manifest check {folder / 'bad.yaml'}" in report.text("manifests")


def test_a_folder_that_is_not_there_is_told(terminal: Terminal, tmp_path: Path) -> None:
    report = examine(terminal, CONNECTORY_MANIFESTS=str(tmp_path / "nowhere"))

    assert report.wrong == {"manifests"}
    assert "CONNECTORY_MANIFESTS" in report.text("manifests")


def test_good_ones_of_one_s_own_are_counted(acme: Provider, terminal: Terminal) -> None:
    assert "1 of them your own" in examine(terminal).text("manifests", "ok")
