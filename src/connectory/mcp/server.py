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

from connectory.errors import ConnectoryError
from connectory.gateway.gateway import Gateway
from connectory.gateway.policy import CONNECT, DISCONNECT
from connectory.identity.principal import Principal
from connectory.mcp.changes import ListChanges, view_of
from connectory.mcp.completion import Completions
from connectory.mcp.elicitation import asking_of
from connectory.mcp.handlers import FixedTools
from connectory.mcp.introduction import IntroducingServer
from connectory.mcp.offers import Offers
from connectory.mcp.prompts import Prompts
from connectory.mcp.replies import error_reply, result_reply, text_reply
from connectory.mcp.resources import Resources
from connectory.mcp.rounds import RoundSeals
from connectory.mcp.tool_list import tools_within

OWN_FAILURE = "Try once more; then tell the person to look at its log."
_log = structlog.get_logger(__name__)

PrincipalOf = Callable[[ServerRequestContext[Any]], Awaitable[Principal]]
Budget = Callable[[ServerRequestContext[Any]], tuple[int, int]]
"""Most tools and most tokens of the list for the client behind a request."""


class Tools:
    """Answers what clients ask about tools: which there are, and what a call gives."""

    def __init__(
        self,
        gateway: Gateway,
        fixed: FixedTools,
        principal_of: PrincipalOf,
        budget: Budget,
        changes: ListChanges,
        seals: RoundSeals,
    ) -> None:
        self._gateway, self._fixed, self._seals = gateway, fixed, seals
        self._principal_of, self._budget, self._changes = principal_of, budget, changes

    async def list(self, ctx: ServerRequestContext[Any], _: t.PaginatedRequestParams | None) -> t.ListToolsResult:
        """List what the principal may use, within the budget of the client."""
        principal = await self._principal_of(ctx)
        max_tools, max_tokens = self._budget(ctx)
        denied = await self._gateway.denied(principal, CONNECT, DISCONNECT)
        actions = await self._gateway.callable_actions(principal)
        self._changes.note_shown(ctx, principal, view_of([action.tool for action in actions], denied))
        return t.ListToolsResult(tools=tools_within(actions, denied, max_tools=max_tools, max_tokens=max_tokens))

    async def call(
        self, ctx: ServerRequestContext[Any], params: t.CallToolRequestParams
    ) -> t.CallToolResult | t.InputRequiredResult:
        """Call a tool. Whatever goes wrong comes back as a result that a model can act on.

        Raises `UrlElicitationRequiredError` for a client that is asked in this way alone.
        """
        arguments = params.arguments or {}
        try:
            principal = await self._principal_of(ctx)
            asking = asking_of(ctx, params, principal, self._seals)
            reply = await self._fixed.call(principal, params.name, arguments, asking)
            if isinstance(reply, MCPError):
                raise reply
            if isinstance(reply, t.InputRequiredResult):
                return reply
            if reply is not None:
                return text_reply(reply)
            return result_reply(await self._gateway.call_action(principal, params.name, arguments))
        except MCPError:
            raise
        except ConnectoryError as error:
            _log_ours(error, params.name)
            return error_reply(self._fixed.clearer(error, params.name), arguments)
        except Exception:  # noqa: BLE001  # the last line of defence: a trace belongs in our log, not in a model
            _log.exception("a tool call failed in a way nobody foresaw", tool=params.name[:100])
            return error_reply(ConnectoryError("Connectory itself failed.", hint=OWN_FAILURE), arguments)

    async def listen(
        self, ctx: ServerRequestContext[Any], params: t.SubscriptionsListenRequestParams
    ) -> t.SubscriptionsListenResult:
        """Tell a client of the modern era when its tool list changes, until it leaves; nothing else is promised."""
        heard = t.SubscriptionFilter(tools_list_changed=params.notifications.tools_list_changed)
        params = params.model_copy(update={"notifications": heard})
        return await self._changes.listen(ctx, params, await self._principal_of(ctx))


def build_server(
    offers: Offers,
    fixed: FixedTools,
    principal_of: PrincipalOf,
    budget: Budget,
    changes: ListChanges,
    seals: RoundSeals,
    *,
    is_stateless: bool = False,
) -> Server[Any]:
    """Return the server. `principal_of` says who calls; it raises `Unauthenticated`, which the client sees as text.

    A stateless one cannot announce changes to clients of the legacy era, and does not promise to.
    """
    tools = Tools(offers.gateway, fixed, principal_of, budget, changes, seals)
    resources, prompts = Resources(offers, principal_of), Prompts(offers, principal_of)
    server = IntroducingServer(
        is_stateless=is_stateless,
        on_list_tools=tools.list,
        on_call_tool=tools.call,
        on_list_resources=resources.list,
        on_list_resource_templates=resources.list_templates,
        on_read_resource=resources.read,
        on_list_prompts=prompts.list,
        on_get_prompt=prompts.get,
        on_completion=Completions(offers, principal_of).complete,
        on_subscriptions_listen=tools.listen,
        get_tool_input_schema=lambda _: None,
    )
    server.middleware.append(_guard)
    return server


async def list_view(gateway: Gateway, principal: Principal) -> int:
    """What the principal's list shows now, to be compared with what it showed before (`ListChanges`)."""
    denied = await gateway.denied(principal, CONNECT, DISCONNECT)
    return view_of([action.tool for action in await gateway.callable_actions(principal)], denied)


def _log_ours(error: ConnectoryError, what: str) -> None:
    """Whoever runs the server must hear of what only they can mend; code and hint, for a message may hold values."""
    if error.fault in ("operator", "server"):
        _log.error("a request met what is wrong with this server", what=what[:100], code=error.code, hint=error.hint)


async def _guard(ctx: ServerRequestContext[Any], call_next: Callable[[Any], Awaitable[Any]]) -> Any:
    """No exception reaches the SDK: it would send its text to clients of the legacy era."""
    try:
        return await call_next(ctx)
    except (MCPError, ValidationError):
        raise
    except ConnectoryError as error:
        _log_ours(error, ctx.method)
        raise MCPError(-32603, error.text) from None
    except Exception:  # noqa: BLE001  # as above
        _log.exception("a request failed in a way nobody foresaw", method=ctx.method)
        raise MCPError(-32603, "Internal error") from None
