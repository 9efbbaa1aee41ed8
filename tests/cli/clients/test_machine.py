"""What WSL is told of the Windows around it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectory.cli.clients.machine import Machine, Run, Windows, windows_around
from connectory.cli.surroundings import is_wsl

FOLDERS = {
    r"C:\Users\Ann Lee": "/mnt/c/Users/Ann Lee",
    r"C:\Users\Ann Lee\AppData\Roaming": "/mnt/c/Users/Ann Lee/AppData/Roaming",
    r"C:\Users\Ann Lee\AppData\Local": "/mnt/c/Users/Ann Lee/AppData/Local",
}
USER = Path("/mnt/c/Users/Ann Lee")
WINDOWS = Windows(USER, USER / "AppData/Roaming", USER / "AppData/Local", "Debian")


def wsl(root: str) -> Run:
    def run(command: Sequence[str]) -> str:
        match list(command):
            case [program, "/d", "/c", _] if program.endswith("cmd.exe"):
                return "\r\n".join(FOLDERS) + "\r\n"
            case ["wslpath", "-u", path]:
                return FOLDERS[path] + "\n"
            case ["wslpath", "-w", "/"]:
                return root + "\n"
        raise AssertionError(command)

    return run


@pytest.mark.parametrize("root", ["\\\\wsl.localhost\\Debian\\", "\\\\wsl$\\Debian\\", "//wsl.localhost/Debian/"])
def test_the_folders_of_windows_are_found_from_wsl(root: str) -> None:
    assert windows_around(wsl(root)) == WINDOWS


@pytest.mark.parametrize("error", [OSError("no interoperation"), subprocess.TimeoutExpired("cmd.exe", 5)])
def test_a_windows_that_does_not_answer_is_left_out(error: Exception) -> None:
    def run(command: Sequence[str]) -> str:
        raise error

    assert windows_around(run) is None


@pytest.mark.parametrize(
    ("kernel", "wsl"),
    [("5.15.167.4-microsoft-standard-WSL2", True), ("4.4.0-19041-Microsoft", True), ("6.12.1", False)],
)
def test_wsl_is_known_by_its_kernel(kernel: str, wsl: bool, tmp_path: Path) -> None:
    file = tmp_path / "proc/sys/kernel/osrelease"
    file.parent.mkdir(parents=True)
    file.write_text(kernel)

    assert is_wsl(tmp_path) is wsl
    assert is_wsl(tmp_path / "none") is False


def test_a_file_on_windows_drive_belongs_to_a_client_on_windows() -> None:
    machine = Machine("linux", Path("/home/a"), Path("/home/a/.config"), WINDOWS)

    assert machine.is_windows_file(USER / ".cursor/mcp.json")
    assert not machine.is_windows_file(Path("/home/a/.cursor/mcp.json"))
    assert not Machine("linux", Path("/mnt/c"), Path("/mnt/c")).is_windows_file(Path("/mnt/c/x"))
