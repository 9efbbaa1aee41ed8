"""How an MCP client is told of this server: words for a person at the terminal."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from connectory.setting_forms import is_loopback
from connectory.settings import Settings


def command_path() -> str:
    """Where this program stands: clients start it without the shell's search path or a virtual environment."""
    own = Path(sys.argv[0])
    return (
        str(own.resolve()) if own.name == "connectory" and own.is_file() else shutil.which("connectory") or "connectory"
    )


def stdio_entry() -> str:
    """What goes into a client's configuration file."""
    entry = {"mcpServers": {"connectory": {"command": command_path(), "args": ["stdio"]}}}
    return json.dumps(entry, indent=2)


def explain_stdio() -> str:
    """What somebody reads who started `connectory stdio` by hand."""
    return "\n".join(
        (
            "This speaks MCP over stdin and stdout: an MCP client starts it; a terminal has nothing to see.",
            "",
            "To register it, put this into your client's configuration file (AnythingLLM: plugins/",
            "anythingllm_mcp_servers.json, Claude Desktop: claude_desktop_config.json, Cursor: ~/.cursor/mcp.json):",
            "",
            stdio_entry(),
            "",
            f"Claude Code: claude mcp add connectory -- {command_path()} stdio",
            "",
            "A client with room for few tools takes fewer with the further arguments --max-tools 15.",
            "To look around in the terminal: connectory connectors, connectory connect demo, connectory --help.",
        )
    )


def explain_serve(
    settings: Settings, *, no_auth: bool = False, is_following: bool = False, opening: str | None = None
) -> str:
    """What somebody reads once the server answers. `is_following`: for now another process of ours answers.

    `opening`: the link that opens the page, signed in.
    """
    if no_auth and is_following:
        mcp = [f"MCP over HTTP is at {settings.origin}/mcp; whether it wants a token is for who serves it now."]
    elif no_auth:
        mcp = [f"MCP over HTTP is at {settings.origin}/mcp, without a token for every program on this machine."]
    else:
        mcp = [
            f"MCP over HTTP is at {settings.origin}/mcp with the header Authorization: Bearer TOKEN;",
            "  `connectory token create NAME` makes a token.",
        ]
    lines = [
        f"The web page is at {settings.origin}",
        *([f"  Signed in, once, within ten minutes: {opening}"] if opening else []),
        *([f"  `{command_path()} open` opens it, signed in."] if settings.is_local else []),
        *mcp,
        f"Clients on this machine can start it themselves instead: {command_path()} stdio",
    ]
    if not settings.is_local:
        lines.append("It is set up for more than this machine: every page and every call needs a token.")
    is_beyond = settings.host is not None and not is_loopback(settings.host)
    if is_beyond and is_loopback(urlsplit(settings.origin).hostname or ""):
        lines.append("Links lead to this machine alone: set APP_URL to the address that people open.")
    lines.append("Ctrl-C ends it.")
    if is_following:
        then = ", and then no program on this machine needs a token" if no_auth else ""
        lines.append(
            f"Another Connectory process serves it, its own way; this one takes over when that one ends{then}."
        )
    return "\n".join(lines)
