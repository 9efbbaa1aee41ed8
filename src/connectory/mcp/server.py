"""The MCP face: one low-level Server for both protocol eras (mcp 2.3), over stdio and HTTP alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as t
import structlog
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from pydantic import ValidationError

from connectory import __version__
from connectory.errors import ConnectoryError, UnknownAction
from connectory.gateway.gateway import Gateway
from connectory.identity.principal import Principal
from connectory.mcp.handlers import FixedTools
from connectory.mcp.replies import error_reply, result_reply, text_reply
from connectory.mcp.tool_list import tools_within

INSTRUCTIONS = (
    "Connectory lets you use the services this person uses. list_connectors shows them, connect gives a sign-in link, "
    "search_actions finds what can be done, call_action does it. Never ask for passwords or keys in chat."
)
_log = structlog.get_logger(__name__)

PrincipalOf = Callable[[ServerRequestContext[Any]], Awaitable[Principal]]
Budget = Callable[[ServerRequestContext[Any]], tuple[int, int]]
"""Most tools and most tokens of the list for the client behind a request."""


def build_server(gateway: Gateway, fixed: FixedTools, principal_of: PrincipalOf, budget: Budget) -> Server[Any]:
    """Return the server. `principal_of` says who calls; it raises `Unauthenticated`, which the client sees as text."""

    async def list_tools(ctx: ServerRequestContext[Any], _: t.PaginatedRequestParams | None) -> t.ListToolsResult:
        principal = await principal_of(ctx)
        max_tools, max_tokens = budget(ctx)
        actions = await gateway.callable_actions(principal)
        return t.ListToolsResult(tools=tools_within(actions, max_tools=max_tools, max_tokens=max_tokens))

    async def call_tool(ctx: ServerRequestContext[Any], params: t.CallToolRequestParams) -> t.CallToolResult:
        try:
            principal = await principal_of(ctx)
            text = await fixed.call(principal, params.name, params.arguments or {})
            if text is not None:
                return text_reply(text)
            return result_reply(await gateway.call_action(principal, params.name, params.arguments or {}))
        except UnknownAction as error:
            return error_reply(fixed.if_misspelt(params.name) or error)
        except ConnectoryError as error:
            return error_reply(error)
        except Exception:  # noqa: BLE001  # the last line of defence: a trace belongs in our log, not in a model
            _log.exception("a tool call failed in a way nobody foresaw", tool=params.name[:100])
            return error_reply(
                ConnectoryError(
                    "Connectory itself failed.", hint="Try once more; then tell the person to look at its log."
                )
            )

    server: Server[Any] = Server(
        "connectory",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        get_tool_input_schema=lambda _: None,
    )
    server.middleware.append(_guard)
    return server


async def _guard(ctx: ServerRequestContext[Any], call_next: Callable[[Any], Awaitable[Any]]) -> Any:
    """No exception reaches the SDK: it would send its text to clients of the legacy era."""
    try:
        return await call_next(ctx)
    except (MCPError, ValidationError):
        raise
    except ConnectoryError as error:
        raise MCPError(-32603, error.text) from None
    except Exception:  # noqa: BLE001  # as above
        _log.exception("a request failed in a way nobody foresaw", method=ctx.method)
        raise MCPError(-32603, "Internal error") from None
