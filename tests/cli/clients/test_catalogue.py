"""Where each client keeps its file, on every system."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectory.cli.clients.catalogue import CLIENTS, Syntax, find_client, spots
from connectory.cli.clients.machine import Machine, Windows
from connectory.errors import UnknownObject

ANYTHINGLLM = "anythingllm-desktop/storage/plugins/anythingllm_mcp_servers.json"


def make_machine(top: Path, system: str) -> Machine:
    home, user = top / "home", top / "user"
    windows = Windows(user, user / "AppData/Roaming", user / "AppData/Local", "Debian")
    if system == "macos":
        return Machine("macos", home, home / ".config")
    return Machine("linux", home, home / ".config", windows if system == "wsl" else None)


LINUX = {
    "anythingllm": f"home/.config/{ANYTHINGLLM}",
    "anythingllm-docker": "home/anythingllm/plugins/anythingllm_mcp_servers.json",
    "claude-desktop": "home/.config/Claude/claude_desktop_config.json",
    "claude-code": "home/.claude.json",
    "cursor": "home/.cursor/mcp.json",
    "vscode": "home/.config/Code/User/mcp.json",
    "windsurf": "home/.codeium/windsurf/mcp_config.json",
    "zed": "home/.config/zed/settings.json",
    "gemini-cli": "home/.gemini/settings.json",
    "lm-studio": "home/.lmstudio/mcp.json",
    "goose": "home/.config/goose/config.yaml",
}
SUPPORT = "home/Library/Application Support"
MACOS = {
    **LINUX,
    "anythingllm": f"{SUPPORT}/{ANYTHINGLLM}",
    "claude-desktop": f"{SUPPORT}/Claude/claude_desktop_config.json",
    "vscode": f"{SUPPORT}/Code/User/mcp.json",
}
ROAMING = "user/AppData/Roaming"
WSL = {
    **LINUX,
    "anythingllm": f"{ROAMING}/{ANYTHINGLLM}",
    "claude-desktop": f"{ROAMING}/Claude/claude_desktop_config.json",
    "cursor": "user/.cursor/mcp.json",
    "vscode": f"{ROAMING}/Code/User/mcp.json",
    "windsurf": "user/.codeium/windsurf/mcp_config.json",
    "zed": f"{ROAMING}/Zed/settings.json",
    "lm-studio": "user/.lmstudio/mcp.json",
}


@pytest.mark.parametrize(("system", "files"), [("linux", LINUX), ("macos", MACOS), ("wsl", WSL)])
def test_each_client_has_its_file_on_each_system(system: str, files: dict[str, str], tmp_path: Path) -> None:
    machine = make_machine(tmp_path, system)

    found = {client.name: spots(client, machine)[0] for client in CLIENTS}

    assert {name: str(spot.file.relative_to(tmp_path)) for name, spot in found.items()} == files
    assert not [name for name, spot in found.items() if spot.found]


def test_the_place_of_a_client_that_is_there_comes_first(tmp_path: Path) -> None:
    (tmp_path / "home/.config/Code - Insiders").mkdir(parents=True)

    spot = spots(find_client("vscode"), make_machine(tmp_path, "linux"))[0]

    assert spot.found
    assert spot.file == tmp_path / "home/.config/Code - Insiders/User/mcp.json"


def test_a_claude_desktop_from_the_store_reads_the_file_of_its_package(tmp_path: Path) -> None:
    package = tmp_path / "user/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
    package.mkdir(parents=True)
    (tmp_path / ROAMING / "Claude").mkdir(parents=True)

    found = spots(find_client("claude-desktop"), make_machine(tmp_path, "wsl"))

    assert [spot.file for spot in found if spot.found] == [
        package / "claude_desktop_config.json",
        tmp_path / ROAMING / "Claude/claude_desktop_config.json",
    ]


def test_an_unknown_client_is_told_the_nearest_or_all() -> None:
    assert find_client("Claude Code").name == "claude-code"
    with pytest.raises(UnknownObject, match="curser") as near:
        find_client("curser")
    assert near.value.hint == "Did you mean 'cursor'?"
    with pytest.raises(UnknownObject) as far:
        find_client("xyz")
    assert all(client.name in far.value.hint for client in CLIENTS)


def test_names_are_unique_and_every_client_is_reached_somehow() -> None:
    assert len({client.name for client in CLIENTS}) == len(CLIENTS)
    assert all(client.local or client.remote for client in CLIENTS)
    assert [client.name for client in CLIENTS if client.syntax is Syntax.YAML] == ["goose"]
