"""What is written for a client: its own words for a command or an address, and the changes that bring them in."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from connectory.cli.clients.catalogue import CLIENTS, ENTRY, Client
from connectory.cli.clients.errors import ClientFileUnusable
from connectory.cli.clients.machine import Windows
from connectory.cli.registering import command_path
from connectory.setting_forms import LOOPBACK_NAMES

WSL = r"C:\Windows\System32\wsl.exe"
DOCKER_HOST = "host.docker.internal"
BEARER = "Bearer "
_ADDRESS = re.compile(r"https?://[^?#]*/mcp/?(?:[?#]|$)")
_TOOLS = re.compile(r"[?&]max_tools=(\d{1,4})(?:&|$)")
# The keys that say how a server is reached, in any client's words: those of the way not taken are taken out.
_REACHING = {
    *(words.target for client in CLIENTS for words in (client.local, client.remote) if words),
    *("args", "type", "env", "envs", "cwd", "headers"),
}


@dataclass(frozen=True, slots=True)
class Put:
    """One member to be set, by its path inside the entry."""

    path: Sequence[str]
    value: object = field(repr=False)  # may be a token


@dataclass(frozen=True, slots=True)
class Drop:
    """One member to be taken out."""

    path: Sequence[str]


def absolute_command() -> str:
    """Return this program's full path. Raises `ClientFileUnusable` where it cannot be told."""
    for path in (Path(command_path()), Path(sys.executable).with_name("connectory")):
        if path.is_absolute() and path.is_file():
            return str(path)
    raise ClientFileUnusable(
        "Where the command `connectory` stands cannot be told, and clients need its full path.",
        hint="Start it by its full path: /path/to/connectory install CLIENT.",
    )


def local_entry(
    client: Client, command: str, tools: int | None, environment: Mapping[str, str], windows: Windows | None
) -> dict[str, Any]:
    """Return the entry by which the client starts the server itself. `windows`: it runs there, the server in WSL."""
    assert client.local is not None
    arguments = ["stdio", *(["--max-tools", str(tools)] if tools else [])]
    if windows is not None:  # variables do not cross the border by themselves
        own = [f"{name}={value}" for name, value in environment.items()]
        arguments = ["-d", windows.distro, "-e", *(["/usr/bin/env", *own] if own else []), command, *arguments]
        command, environment = WSL, {}
    entry = {**client.local.once, **client.local.fixed, client.local.target: command, "args": arguments}
    return {**entry, client.env: dict(environment)} if environment else entry


def remote_entry(client: Client, origin: str, tools: int | None, token: str) -> dict[str, Any]:
    """Return the entry by which the client reaches a running server."""
    assert client.remote is not None
    address = f"{_seen_by(client, origin)}/mcp" + (f"?max_tools={tools}" if tools else "")
    words = client.remote
    return {**words.once, **words.fixed, words.target: address, "headers": {"Authorization": BEARER + token}}


def changes(client: Client, old: object, new: Mapping[str, Any]) -> list[Put | Drop]:
    """Return what turns the entry into the new one; what a person added beside our words stays."""
    if not isinstance(old, dict):
        return [Put((), new)]
    once = {key for words in (client.local, client.remote) if words for key in words.once}
    new = {key: value for key, value in new.items() if key not in once & old.keys()}
    env_stays = {"env", "envs", "cwd"} if "args" in new else set()
    wrong = [Drop((key,)) for key in old if key in _REACHING - new.keys() - env_stays]
    return [*wrong, *_puts(old, new, ())]


def is_ours(entry: object) -> bool:
    """Whether an entry starts this program or leads to its address; it may be another's of the same name."""
    if not isinstance(entry, dict):
        return False
    said = [entry.get(key) for key in _REACHING]
    texts = [one for value in said for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    names = [PurePath(text.replace("\\", "/")).name.removesuffix(".exe").partition(":")[0] for text in texts]
    return ENTRY in names or any(_ADDRESS.match(text) for text in texts)


def transport_of(entry: object) -> str:
    """Return "stdio" or "http"."""
    return "stdio" if isinstance(entry, dict) and "args" in entry else "http"


def address_of(entry: object) -> str | None:
    """Return the address that an entry leads to, in whichever of the clients' words it stands."""
    said = [entry.get(key) for key in _REACHING] if isinstance(entry, dict) else []
    return next((text for text in said if isinstance(text, str) and _ADDRESS.match(text)), None)


def tools_of(entry: object) -> int | None:
    """Return the number of tools that an entry asks for: a person may have chosen it."""
    if not isinstance(entry, dict):
        return None
    arguments = entry.get("args")
    if isinstance(arguments, list) and "--max-tools" in arguments[:-1]:
        given = str(arguments[arguments.index("--max-tools") + 1])
        return int(given) if given.isdecimal() else None
    found = next((hit for value in entry.values() if isinstance(value, str) and (hit := _TOOLS.search(value))), None)
    return int(found[1]) if found else None


def token_of(entry: object) -> str | None:
    """Return the token that an entry carries."""
    headers = entry.get("headers") if isinstance(entry, dict) else None
    said = headers.get("Authorization") if isinstance(headers, dict) else None
    return said.removeprefix(BEARER) if isinstance(said, str) and said.startswith(BEARER) else None


def _puts(old: Mapping[str, Any], new: Mapping[str, Any], path: Sequence[str]) -> Iterator[Put]:
    for key, value in new.items():
        before = old.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            yield from _puts(before, value, (*path, key))
        elif key not in old or before != value:
            yield Put((*path, key), value)


def _seen_by(client: Client, origin: str) -> str:
    """The server's address as the client meets it: inside a container, loopback is the container itself."""
    parts = urlsplit(origin)
    if not client.in_container or (parts.hostname or "") not in LOOPBACK_NAMES:
        return origin
    return urlunsplit(parts._replace(netloc=f"{DOCKER_HOST}:{parts.port or 80}"))
