"""Results and errors as the MCP client gets them: once, as text (design 6.3, 6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp_types as t

from connectory.errors import ConnectoryError
from connectory.gateway.offered_keys import without_keys
from connectory.gateway.results import Result


def result_reply(result: Result) -> t.CallToolResult:
    """A shaped result: its text in `content` and nothing beside it."""
    return text_reply(result.text)


def text_reply(text: str) -> t.CallToolResult:
    """Plain words."""
    return t.CallToolResult(content=[t.TextContent(type="text", text=text)])


def error_reply(error: ConnectoryError, arguments: Mapping[str, Any]) -> t.CallToolResult:
    """An error for a model to act on: code, what failed, what to do now; no key that stood among the arguments."""
    text = without_keys(f"{error.code}: {error.text}", arguments)
    return t.CallToolResult(is_error=True, content=[t.TextContent(type="text", text=text)])
