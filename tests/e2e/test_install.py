"""What `connectory install` writes, started: a client that does what its file says gets the tools."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.e2e.programs import Install, say

from connectory.cli.clients import json_text, yaml_text
from connectory.cli.clients.catalogue import CLIENTS, Syntax
from connectory.cli.clients.catalogue import Client as Known

LOCAL = [client for client in CLIENTS if client.local]
REMOTE = [client for client in CLIENTS if client.remote]
Entry = Mapping[str, Any]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """One data folder with the demo connected, for all the clients of this machine."""
    folder = tmp_path_factory.mktemp("install")
    made = Install(folder, extra={"HOME": str(folder), "CONNECTORY_LOG_LEVEL": "warning"})
    assert made.run("connect", "demo").returncode == 0
    return made


@pytest.fixture(scope="module")
def served(installed: Install) -> Iterator[Install]:
    with installed.serving():
        yield installed


@pytest.fixture
def local(request: pytest.FixtureRequest, installed: Install, tmp_path: Path) -> tuple[Known, Entry]:
    return request.param, written(installed, request.param, tmp_path / "file")


@pytest.fixture
def remote(request: pytest.FixtureRequest, served: Install, tmp_path: Path) -> tuple[Known, Entry]:
    return request.param, written(served, request.param, tmp_path / "file", "--http")


def written(install: Install, client: Known, file: Path, *words: str) -> Entry:
    """The entry that the command wrote into a file which held something already."""
    file.write_text(
        f"{client.container}: {{}}\n" if client.syntax is Syntax.YAML else f'{{"{client.container}": {{}}}}'
    )
    done = install.run("install", client.name, "--file", str(file), *words)
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    parsed = yaml_text.parse(text) if client.syntax is Syntax.YAML else json_text.parse(text, comments=False)
    entry: Entry = parsed[client.container]["connectory"]
    return entry


@pytest.mark.parametrize("local", LOCAL, ids=lambda client: client.name, indirect=True)
async def test_the_command_in_the_file_starts_a_server_with_its_tools(
    local: tuple[Known, Entry], installed: Install
) -> None:
    client, entry = local
    assert client.local is not None
    # What a client's process has: its own environment, nothing of this shell's settings.
    bare = {"HOME": str(installed.folder / "elsewhere"), "PATH": os.defpath}
    parameters = StdioServerParameters(
        command=entry[client.local.target], args=entry["args"], env={**bare, **entry[client.env]}, cwd="/"
    )

    async with Client(parameters, mode="legacy") as session:
        tools = (await session.list_tools()).tools

        assert "demo" in await say(session, "list_connections"), "it is this data folder that it serves"
        assert 8 <= len(tools) <= (client.tools or 40)


@pytest.mark.parametrize("remote", REMOTE, ids=lambda client: client.name, indirect=True)
async def test_the_address_in_the_file_leads_to_the_running_server(remote: tuple[Known, Entry]) -> None:
    client, entry = remote
    assert client.remote is not None
    address = entry[client.remote.target]
    # Nothing here resolves the container's name for this machine; the server hears it as the Host header.
    headers = {**entry["headers"], "Host": httpx2.URL(address).netloc.decode()}
    reached = address.replace("host.docker.internal", "127.0.0.1")

    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(reached, http_client=http), mode="legacy") as session,
    ):
        tools = (await session.list_tools()).tools

        assert "demo" in await say(session, "list_connections")
        assert 8 <= len(tools) <= (client.tools or 40)


def test_what_was_taken_out_no_longer_opens_the_server(served: Install, tmp_path: Path) -> None:
    cursor, file = next(client for client in CLIENTS if client.name == "cursor"), tmp_path / "file"
    headers = written(served, cursor, file, "--http")["headers"]

    assert served.run("uninstall", "cursor", "--file", str(file)).returncode == 0

    assert httpx2.post(f"{served.url}/mcp", headers=headers, json={}, trust_env=False, timeout=60).status_code == 401
