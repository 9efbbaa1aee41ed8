"""Where this process runs: what stands between a link to localhost and the person's browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectory.cli.surroundings import reach_hint
from connectory.testing.application import make_settings

FAR = {"SSH_CONNECTION": "203.0.113.7 50000 198.51.100.2 22"}
WSL_KERNEL = "5.15.153.1-microsoft-standard-WSL2\n"


def hint(root: Path, environment: dict[str, str] | None = None, /, **settings: str) -> str:
    return reach_hint(make_settings(**settings), "notes", root=root, environment=environment or {})


def container(root: Path) -> Path:
    (root / ".dockerenv").touch()
    return root


def kernel(root: Path, release: str) -> Path:
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(release)
    return root


def test_on_the_persons_own_machine_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert hint(kernel(tmp_path, "6.8.0-generic\n")) == ""


@pytest.mark.parametrize(
    ("settings", "published", "inside"),
    [
        ({}, "8765:8765", 8765),
        ({"CONNECTORY_PORT": "9000"}, "9000:9000", 9000),
        ({"APP_URL": "http://localhost:80"}, "80:8765", 8765),
        ({"APP_URL": "http://localhost"}, "80:8765", 8765),
        ({"APP_URL": "https://localhost"}, "443:8765", 8765),
    ],
)
def test_in_a_container_it_names_every_way_out(
    tmp_path: Path, settings: dict[str, str], published: str, inside: int
) -> None:
    said = hint(container(tmp_path), **settings)
    assert f"`-p 127.0.0.1:{published}`" in said
    assert "CONNECTORY_HOST=0.0.0.0" in said
    assert f"http://host.docker.internal:{inside}/mcp" in said
    assert "connectory connect notes" in said


def test_over_ssh_it_names_the_tunnel(tmp_path: Path) -> None:
    assert "`ssh -L 8765:localhost:8765 HOST`" in hint(tmp_path, FAR)
    assert "`ssh -L 9000:localhost:8765 HOST`" in hint(tmp_path, FAR, APP_URL="http://localhost:9000")


@pytest.mark.parametrize("here", ["::1 50000 ::1 22", "127.0.0.1 50000 127.0.0.1 22", "10.0.0.5 5 10.0.0.5 22", ""])
def test_a_session_to_ones_own_machine_is_none(tmp_path: Path, here: str) -> None:
    assert hint(tmp_path, {"SSH_CONNECTION": here}) == ""


def test_in_wsl_it_says_that_a_browser_on_windows_will_do(tmp_path: Path) -> None:
    said = hint(kernel(tmp_path, WSL_KERNEL))
    assert "Windows" in said
    assert "-L" not in said


def test_a_container_on_a_machine_with_wsl_is_a_container(tmp_path: Path) -> None:
    assert "container" in hint(container(kernel(tmp_path, WSL_KERNEL)), FAR)


@pytest.mark.parametrize(
    "fleet",
    [
        {"APP_URL": "https://connect.example.com"},
        {"CONNECTORY_HOST": "0.0.0.0"},
        {"CONNECTORY_TRUSTED_PROXIES": "10.0.0.2"},
    ],
)
def test_where_the_address_was_chosen_nothing_is_said(tmp_path: Path, fleet: dict[str, str]) -> None:
    assert hint(container(tmp_path), FAR, **fleet) == ""


def test_the_process_s_own_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", FAR["SSH_CONNECTION"])
    assert "ssh -L" in reach_hint(make_settings(), "notes", root=tmp_path)
