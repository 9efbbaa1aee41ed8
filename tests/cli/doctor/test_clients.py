from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.doctor.reports import examine
from tests.cli.terminal import Terminal
from tests.web.ports import free_port

from connectory.cli.clients.machine import Machine
from connectory.cli.doctor.clients import check_clients
from connectory.cli.doctor.database import Sound
from connectory.cli.doctor.finding import Finding, Status
from connectory.settings import Settings

TOKEN = "cny_4Kq7wZrT0pLmXs9dVbNc"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def look(settings: Settings, tmp_path: Path, entry: dict[str, Any] | None, name: str = "connectory") -> list[Finding]:
    """What is said of a Cursor with this entry."""
    folder = tmp_path / ".cursor"
    folder.mkdir()
    if entry is not None:
        (folder / "mcp.json").write_text(json.dumps({"mcpServers": {name: entry}}))
    return check_clients(settings, Machine("linux", tmp_path, tmp_path / ".config"), Sound())


@pytest.fixture
def command(tmp_path: Path) -> str:
    program = tmp_path / "bin" / "connectory"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    return str(program)


def test_a_registration_that_would_start_is_well(settings: Settings, tmp_path: Path, command: str) -> None:
    env = {"CONNECTORY_DATA_DIR": str(settings.data_dir)}
    [finding] = look(settings, tmp_path, {"command": command, "args": ["stdio"], "env": env})

    assert (finding.status, finding.message) == (Status.OK, "Cursor has it, over stdio.")


@pytest.mark.parametrize("path", ["/nowhere/bin/connectory", "connectory"])
def test_a_command_that_is_not_there_is_told(settings: Settings, tmp_path: Path, path: str) -> None:
    env = {"CONNECTORY_DATA_DIR": str(settings.data_dir)}
    [finding] = look(settings, tmp_path, {"command": path, "args": ["stdio"], "env": env})

    assert finding.status is Status.WRONG
    assert path in finding.message
    assert "connectory install cursor" in finding.cure


def test_a_setting_that_stops_the_client_s_server_is_told(settings: Settings, tmp_path: Path, command: str) -> None:
    env = {
        "CONNECTORY_DATA_DIR": str(settings.data_dir),
        "CONNECTORY_PORT": "http",
        "CONNECTOR_ENCRYPTION_KEYS": TOKEN,
    }
    findings = look(settings, tmp_path, {"command": command, "args": ["stdio"], "env": env})

    assert [finding.status for finding in findings] == [Status.WRONG, Status.WRONG]
    assert "CONNECTORY_PORT must be a whole number" in findings[1].message
    assert TOKEN not in str(findings)


def test_another_data_folder_is_a_note(settings: Settings, tmp_path: Path, command: str) -> None:
    env = {"CONNECTORY_DATA_DIR": str(tmp_path / "other")}
    [finding] = look(settings, tmp_path, {"command": command, "args": ["stdio"], "env": env})

    assert finding.status is Status.NOTE
    assert str(tmp_path / "other") in finding.message


def test_a_registration_by_address_is_well_and_its_token_is_not_told(settings: Settings, tmp_path: Path) -> None:
    entry = {"url": "http://localhost:8765/mcp", "headers": {"Authorization": f"Bearer {TOKEN}"}}
    [finding] = look(settings, tmp_path, entry)

    assert finding.status is Status.OK
    assert TOKEN not in str(finding)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("http://localhost:8765/mcp?max_tools=15", Status.OK),
        ("http://127.0.0.1:8765/mcp", Status.OK),
        ("http://host.docker.internal:8765/mcp", Status.OK),
        ("http://localhost:9999/mcp", Status.NOTE),
        ("https://connect.example.com/mcp", Status.NOTE),
    ],
)
def test_an_address_that_is_not_ours_is_told(settings: Settings, tmp_path: Path, address: str, status: Status) -> None:
    [finding] = look(settings, tmp_path, {"url": address, "headers": {"Authorization": f"Bearer {TOKEN}"}})

    assert finding.status is status
    assert TOKEN not in str(finding)


def test_an_address_without_a_token_is_a_note(settings: Settings, tmp_path: Path) -> None:
    [finding] = look(settings, tmp_path, {"url": "http://localhost:8765/mcp"})

    assert finding.status is Status.NOTE
    assert "--no-auth" in finding.message


def test_a_token_that_was_revoked_is_told_with_the_command_that_makes_another(terminal: Terminal) -> None:
    home = terminal.folder.parent / "home"
    (home / ".cursor").mkdir(parents=True)
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "CONNECTORY_PORT": str(free_port())}
    assert terminal.run("install", "cursor", "--http", **own).code == 0
    assert examine(terminal, **own).text("clients", "ok")
    [token] = terminal.run("token", "list", "--json").json
    assert terminal.run("token", "revoke", token["prefix"]).code == 0

    report = examine(terminal, **own)

    assert report.wrong == {"clients"}
    assert "revoked" in report.text("clients", "wrong")
    assert "connectory install cursor --http" in report.text("clients", "wrong")


def test_a_client_without_it_is_offered_the_command(settings: Settings, tmp_path: Path) -> None:
    [finding] = look(settings, tmp_path, None)

    assert finding.status is Status.NOTE
    assert "connectory install cursor" in finding.cure


def test_a_broken_file_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ".cursor").mkdir()
    (tmp_path / ".cursor" / "mcp.json").write_text('{"mcpServers": ')

    [finding] = check_clients(settings, Machine("linux", tmp_path, tmp_path / ".config"), Sound())

    assert finding.status is Status.WRONG
    assert finding.cure


def test_an_entry_of_our_name_that_is_another_s_is_told(settings: Settings, tmp_path: Path) -> None:
    [finding] = look(settings, tmp_path, {"command": "/usr/bin/cat", "args": []})

    assert finding.status is Status.NOTE
    assert "starts something else" in finding.message


def test_without_any_client_nothing_is_wrong(settings: Settings, tmp_path: Path) -> None:
    [finding] = check_clients(settings, Machine("linux", tmp_path, tmp_path / ".config"), Sound())

    assert finding.status is Status.OK
