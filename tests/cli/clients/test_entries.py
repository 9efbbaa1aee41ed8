"""The entry in each client's own words, and what of an older one stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectory.cli.clients.catalogue import CLIENTS, find_client
from connectory.cli.clients.entries import (
    Drop,
    Put,
    absolute_command,
    changes,
    is_ours,
    local_entry,
    remote_entry,
    token_of,
    tools_of,
    transport_of,
)
from connectory.cli.clients.machine import Windows

HTTP = {
    "anythingllm": {"type": "streamable", "url": "http://localhost:8765/mcp?max_tools=15"},
    "anythingllm-docker": {"type": "streamable", "url": "http://host.docker.internal:8765/mcp?max_tools=15"},
    "claude-code": {"type": "http", "url": "http://localhost:8765/mcp"},
    "cursor": {"url": "http://localhost:8765/mcp?max_tools=40"},
    "vscode": {"type": "http", "url": "http://localhost:8765/mcp"},
    "windsurf": {"serverUrl": "http://localhost:8765/mcp"},
    "zed": {"url": "http://localhost:8765/mcp"},
    "gemini-cli": {"httpUrl": "http://localhost:8765/mcp"},
    "lm-studio": {"url": "http://localhost:8765/mcp?max_tools=15"},
}
WINDOWS = Windows(Path("/mnt/c/u"), Path("/mnt/c/r"), Path("/mnt/c/l"), "Debian")


@pytest.mark.parametrize("name", HTTP)
def test_an_address_is_written_in_the_clients_words(name: str) -> None:
    client = find_client(name)

    entry = remote_entry(client, "http://localhost:8765", client.tools, "cny_x")

    assert entry == {**HTTP[name], "headers": {"Authorization": "Bearer cny_x"}}
    assert is_ours(entry)
    assert transport_of(entry) == "http"
    assert token_of(entry) == "cny_x"
    assert tools_of(entry) == client.tools


def test_every_client_with_an_address_is_in_the_table_but_goose_whose_words_are_its_own() -> None:
    assert {client.name for client in CLIENTS if client.remote} - HTTP.keys() == {"goose"}
    goose = remote_entry(find_client("goose"), "https://c.example", 20, "cny_x")
    assert goose["type"] == "streamable_http"
    assert goose["uri"] == "https://c.example/mcp?max_tools=20"


def test_a_container_reaches_a_public_address_as_it_is() -> None:
    docker = find_client("anythingllm-docker")

    assert remote_entry(docker, "https://c.example", None, "t")["url"] == "https://c.example/mcp"
    assert remote_entry(docker, "http://127.0.0.1:9000", None, "t")["url"] == "http://host.docker.internal:9000/mcp"


@pytest.mark.parametrize("client", [client for client in CLIENTS if client.local], ids=lambda client: client.name)
def test_a_command_is_written_with_its_number_of_tools_and_settings(client: Any) -> None:
    entry = local_entry(client, "/bin/connectory", client.tools, {"CONNECTORY_PORT": "1"}, None)

    assert entry[client.local.target] == "/bin/connectory"
    assert entry["args"] == (["stdio", "--max-tools", str(client.tools)] if client.tools else ["stdio"])
    assert entry["envs" if client.name == "goose" else "env"] == {"CONNECTORY_PORT": "1"}
    assert is_ours(entry)
    assert transport_of(entry) == "stdio"
    assert tools_of(entry) == client.tools


def test_a_client_on_windows_starts_the_server_in_its_linux_with_its_settings() -> None:
    entry = local_entry(find_client("cursor"), "/bin/connectory", 40, {"CONNECTORY_DATA_DIR": "/d e"}, WINDOWS)

    assert entry["command"] == r"C:\Windows\System32\wsl.exe"
    assert entry["args"] == [
        *["-d", "Debian", "-e", "/usr/bin/env", "CONNECTORY_DATA_DIR=/d e", "/bin/connectory"],
        *["stdio", "--max-tools", "40"],
    ]
    assert "env" not in entry
    assert is_ours(entry)


def test_what_a_person_added_stays_and_the_other_way_goes() -> None:
    cursor = find_client("cursor")
    old = {"command": "/old/connectory", "args": ["stdio"], "env": {"A": "1"}, "disabled": False}

    over_stdio = changes(cursor, old, {"command": "/new/connectory", "args": ["stdio"], "env": {"B": "2"}})
    over_http = changes(cursor, old, {"url": "http://localhost/mcp", "headers": {"Authorization": "Bearer t"}})

    assert over_stdio == [Put(("command",), "/new/connectory"), Put(("env", "B"), "2")]
    assert sorted(one.path[0] for one in over_http if isinstance(one, Drop)) == ["args", "command", "env"]
    assert changes(cursor, old, {key: old[key] for key in ("command", "args")}) == []


def test_a_description_that_a_person_chose_is_not_written_over() -> None:
    goose = find_client("goose")
    entry = local_entry(goose, "/bin/connectory", 20, {}, None)

    assert changes(goose, {**entry, "timeout": 60, "description": "mine"}, entry) == []
    assert changes(goose, {**entry, "enabled": False}, entry) == [Put(("enabled",), True)]


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "npx", "args": ["-y", "some-server"]},
        {"url": "https://elsewhere.example/sse"},
        {"command": "/bin/connectory-other", "args": []},
        {"url": "http://["},
        "text",
        {},
    ],
)
def test_anothers_entry_is_not_taken_for_ours(entry: object) -> None:
    assert not is_ours(entry)


def test_a_put_does_not_show_its_value() -> None:
    assert "cny_x" not in repr(Put(("headers",), {"Authorization": "Bearer cny_x"}))


def test_the_command_is_a_file_with_its_full_path() -> None:
    assert Path(absolute_command()).is_absolute()
    assert Path(absolute_command()).is_file()
