"""What is copied to register this server in a client: the same on the home page and in the settings.

Words are those of the clients' own documentation, as in `docs/clients.md`.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ENTRY = "connectory"
FEW_TOOLS = 15  # as many as AnythingLLM hands to the model
TOKEN = "YOUR_TOKEN"


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text to copy, and where it goes."""

    id: str
    title: str
    where: str
    text: str


def local_snippets(command: str) -> list[Snippet]:
    """Return those of clients on this machine, which start the program themselves."""
    quoted = shlex.quote(command)
    return [
        Snippet(
            "install",
            "By one command",
            "In a terminal. Without the name of a client it lists those that it knows.",
            f"{quoted} install cursor",
        ),
        Snippet(
            "desktop",
            "Claude Desktop or Cursor",
            "In the client’s configuration.",
            _text("mcpServers", _start(command)),
        ),
        Snippet("code", "Claude Code", "In a terminal.", f"claude mcp add {ENTRY} -- {quoted} stdio"),
        Snippet("vscode", "VS Code", "In mcp.json.", _text("servers", {"type": "stdio", **_start(command)})),
        Snippet(
            "anythingllm",
            "AnythingLLM",
            f"In plugins/anythingllm_mcp_servers.json. It hands {FEW_TOOLS} tools to the model.",
            _text("mcpServers", _start(command, "--max-tools", str(FEW_TOOLS))),
        ),
    ]


def http_snippets(address: str) -> list[Snippet]:
    """Return those of clients that reach this server by its address, with a token; the token itself is in none."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    asked = {"type": "http", "url": address, "headers": {"Authorization": f"Bearer ${{input:{ENTRY}}}"}}
    prompt = {"type": "promptString", "id": ENTRY, "description": "Connectory token", "password": True}
    few = {"type": "streamable", "url": f"{address}?max_tools={FEW_TOOLS}", "headers": headers}
    add = f'claude mcp add --transport http {ENTRY} {shlex.quote(address)} --header "Authorization: Bearer {TOKEN}"'
    return [
        Snippet("http-cursor", "Cursor", "In mcp.json.", _text("mcpServers", {"url": address, "headers": headers})),
        Snippet("http-code", "Claude Code", "In a terminal.", add),
        Snippet(
            "http-vscode", "VS Code", "In mcp.json; it asks for the token.", _text("servers", asked, inputs=[prompt])
        ),
        Snippet("http-anythingllm", "AnythingLLM", "In anythingllm_mcp_servers.json.", _text("mcpServers", few)),
    ]


def _start(command: str, *arguments: str) -> dict[str, Any]:
    return {"command": command, "args": ["stdio", *arguments]}


def _text(container: str, entry: Mapping[str, Any], **beside: Any) -> str:
    return json.dumps({**beside, container: {ENTRY: entry}}, indent=2, ensure_ascii=False)
