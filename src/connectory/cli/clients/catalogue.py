"""The clients as data: where each keeps its file, which words it uses in it, how many tools fit, what to do after.

Paths and words are those of the clients' own documentation and code, as of autumn 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from connectory.cli.clients.machine import Machine
from connectory.errors import UnknownObject
from connectory.spelling import nearest

ENTRY = "connectory"  # what the server is called in every client's file


class Syntax(StrEnum):
    """How a client's file is written."""

    JSON = "JSON"
    JSONC = "JSON with comments"
    YAML = "YAML"


@dataclass(frozen=True, slots=True)
class Place:
    """One file that a client may read, and the file or folder that shows that the client is there.

    `{home}`, `{config}`, `{user}`, `{roaming}` and `{local}` stand for the machine's folders (the last three are
    Windows'); `*` for any name.
    """

    file: str
    marker: str


@dataclass(frozen=True, slots=True)
class Words:
    """How a client's file says how the server is reached: `target` is the command's or the address's key.

    `once` is written only where a person has not said otherwise.
    """

    target: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    once: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Client:
    """One MCP client. `local` is None where it cannot start programs here, `remote` where its file takes no address."""

    name: str
    title: str
    places: Mapping[str, Sequence[Place]]  # by system: linux, macos, windows
    container: str
    syntax: Syntax
    local: Words | None
    remote: Words | None
    then: str
    env: str = "env"
    tools: int | None = None
    tools_why: str = ""
    in_container: bool = False  # this machine is `host.docker.internal` to it
    in_terminal: bool = False  # under WSL it runs in Linux, not on Windows


def _same(file: str, marker: str) -> dict[str, list[Place]]:
    """The same path below the home folder on every system."""
    here = [Place(f"{{home}}/{file}", f"{{home}}/{marker}")]
    return {"linux": here, "macos": here, "windows": [Place(f"{{user}}/{file}", f"{{user}}/{marker}")]}


def _application(name: str, file: str) -> dict[str, list[Place]]:
    """A desktop program's folder, where each system has them."""
    folders = {"linux": "{config}", "macos": "{home}/Library/Application Support", "windows": "{roaming}"}
    return {system: [Place(f"{top}/{name}/{file}", f"{top}/{name}")] for system, top in folders.items()}


def _code(file: str) -> dict[str, list[Place]]:
    stable, insiders = _application("Code", file), _application("Code - Insiders", file)
    return {system: [*stable[system], *insiders[system]] for system in stable}


# Installed from the store or by the newer installer, Claude Desktop sees a folder of its own in place of %APPDATA%.
_CLAUDE_PACKAGE = "{local}/Packages/Claude_*/LocalCache/Roaming/Claude"
_CLAUDE = _application("Claude", "claude_desktop_config.json")
_CLAUDE["windows"].insert(0, Place(f"{_CLAUDE_PACKAGE}/claude_desktop_config.json", _CLAUDE_PACKAGE))

_ZED = {
    "linux": [
        Place("{config}/zed/settings.json", "{config}/zed"),
        Place("{home}/.var/app/dev.zed.Zed/config/zed/settings.json", "{home}/.var/app/dev.zed.Zed"),
    ],
    "macos": [Place("{config}/zed/settings.json", "{config}/zed")],
    "windows": [Place("{roaming}/Zed/settings.json", "{roaming}/Zed")],
}
_LM_STUDIO = _same(".lmstudio/mcp.json", ".lmstudio")
_LM_STUDIO["linux"].append(Place("{home}/.cache/lm-studio/mcp.json", "{home}/.cache/lm-studio"))  # older installations
_GOOSE = {
    "linux": [Place("{config}/goose/config.yaml", "{config}/goose")],
    "macos": [Place("{config}/goose/config.yaml", "{config}/goose")],
    "windows": [Place("{roaming}/Block/goose/config/config.yaml", "{roaming}/Block/goose")],
}
_ANYTHINGLLM_FILE = "plugins/anythingllm_mcp_servers.json"
_DOCKER = Place(f"{{home}}/anythingllm/{_ANYTHINGLLM_FILE}", "{home}/anythingllm/anythingllm.db")
_GOOSE_ONCE = {"name": ENTRY, "description": "Every service you have connected.", "timeout": 300}

_COMMAND = Words("command")
_FEW = "At most 15 tools reach the model."

CLIENTS: tuple[Client, ...] = (
    Client(
        "anythingllm",
        "AnythingLLM (desktop)",
        _application("anythingllm-desktop", f"storage/{_ANYTHINGLLM_FILE}"),
        container="mcpServers",
        syntax=Syntax.JSON,
        local=_COMMAND,
        remote=Words("url", {"type": "streamable"}),  # without a type it takes an address for SSE
        then="Use the reload button on AnythingLLM's page of agent skills, or restart AnythingLLM.",
        tools=15,
        tools_why=_FEW,
    ),
    Client(
        "anythingllm-docker",
        "AnythingLLM (Docker)",
        {"linux": [_DOCKER], "macos": [_DOCKER]},
        container="mcpServers",
        syntax=Syntax.JSON,
        local=None,
        remote=Words("url", {"type": "streamable"}),
        then="Use the reload button on AnythingLLM's page of agent skills, or restart its container.",
        tools=15,
        tools_why=_FEW,
        in_container=True,
    ),
    Client(
        "claude-desktop",
        "Claude Desktop",
        _CLAUDE,
        container="mcpServers",
        syntax=Syntax.JSON,
        local=_COMMAND,
        remote=None,
        then="Restart Claude Desktop: quit it, closing the window is not enough.",
    ),
    Client(
        "claude-code",
        "Claude Code",
        _same(".claude.json", ".claude.json"),
        container="mcpServers",
        syntax=Syntax.JSON,
        local=Words("command", {"type": "stdio"}),
        remote=Words("url", {"type": "http"}),
        then="Start a new session of Claude Code. One that is open may undo this: check with `claude mcp list`.",
        in_terminal=True,
    ),
    Client(
        "cursor",
        "Cursor",
        _same(".cursor/mcp.json", ".cursor"),
        container="mcpServers",
        syntax=Syntax.JSONC,
        local=_COMMAND,
        remote=Words("url"),
        then="Restart Cursor, or switch the server on in its settings under MCP.",
        tools=40,
        tools_why="About 40 tools of all servers reach the model.",
    ),
    Client(
        "vscode",
        "VS Code",
        _code("User/mcp.json"),
        container="servers",
        syntax=Syntax.JSONC,
        local=Words("command", {"type": "stdio"}),
        remote=Words("url", {"type": "http"}),
        then="Start it with the command MCP: List Servers, or restart VS Code.",
    ),
    Client(
        "windsurf",
        "Windsurf",
        _same(".codeium/windsurf/mcp_config.json", ".codeium/windsurf"),
        container="mcpServers",
        syntax=Syntax.JSONC,
        local=_COMMAND,
        remote=Words("serverUrl"),
        then="Use the refresh button of Cascade's MCP panel, or restart Windsurf.",
    ),
    Client(
        "zed",
        "Zed",
        _ZED,
        container="context_servers",
        syntax=Syntax.JSONC,
        local=_COMMAND,
        remote=Words("url"),
        then="Zed starts it by itself once the file is written.",
    ),
    Client(
        "gemini-cli",
        "Gemini CLI",
        _same(".gemini/settings.json", ".gemini"),
        container="mcpServers",
        syntax=Syntax.JSONC,
        local=_COMMAND,
        remote=Words("httpUrl"),  # `url` would be SSE
        then="Restart Gemini CLI.",
        in_terminal=True,
    ),
    Client(
        "lm-studio",
        "LM Studio",
        _LM_STUDIO,
        container="mcpServers",
        syntax=Syntax.JSONC,
        local=_COMMAND,
        remote=Words("url"),
        then="Switch it on in LM Studio's Program tab, or restart LM Studio.",
        tools=15,
        tools_why="Models on one's own machine have little room.",
    ),
    Client(
        "goose",
        "Goose",
        _GOOSE,
        container="extensions",
        syntax=Syntax.YAML,
        local=Words("cmd", {"type": "stdio", "enabled": True}, _GOOSE_ONCE),
        remote=Words("uri", {"type": "streamable_http", "enabled": True}, _GOOSE_ONCE),
        then="Start a new session of Goose.",
        env="envs",
        tools=20,
        tools_why="Its makers advise fewer than 25 tools of all extensions.",
        in_terminal=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A file of a client on this machine."""

    file: Path
    found: bool  # the client is there; the file itself may not be


def find_client(name: str) -> Client:
    """Return the client. Raises `UnknownObject` with the nearest names."""
    names = [client.name for client in CLIENTS]
    for client in CLIENTS:
        if name.lower() in (client.name, client.title.lower()):
            return client
    error = UnknownObject("client", name, names)
    if not nearest(name, names):
        error.hint = f"There are: {', '.join(names)}."
    raise error


def spots(client: Client, machine: Machine) -> list[Spot]:
    """Return the files that the client may read on this machine: those of clients that are there first."""
    systems = [machine.system] if machine.windows is None else ["windows", machine.system]
    if client.in_terminal:
        systems.reverse()
    listed = [spot for system in systems for place in client.places.get(system, ()) for spot in _at(place, machine)]
    return sorted(listed, key=lambda spot: not spot.found)


def _at(place: Place, machine: Machine) -> Iterator[Spot]:
    folders = {"home": machine.home, "config": machine.config}
    if machine.windows is not None:
        folders |= {"user": machine.windows.user, "roaming": machine.windows.roaming, "local": machine.windows.local}
    file, marker = place.file.format(**folders), place.marker.format(**folders)
    head, star, tail = marker.partition("*")
    if not star:
        yield Spot(Path(file), Path(marker).exists())
        return
    top = Path(head)  # `*` ends a name: Packages/Claude_* is Packages and names that begin with Claude_
    for one in sorted(top.parent.glob(f"{top.name}*{tail}")):
        yield Spot(one / Path(file).relative_to(Path(marker)), found=True)
