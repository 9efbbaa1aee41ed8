"""What each of the eight fixed tools does, in words for a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import mcp_types as t

from connectory.actions.raw import SECRET_HEADER, RawRequest
from connectory.auth.ways import Ways
from connectory.catalog.connector import Connector
from connectory.errors import BadInput, ConnectoryError, InvalidArguments, SecretInChat, UnknownAction
from connectory.gateway.arguments import check_schema, compile_schema, require_unicode
from connectory.gateway.audit import AuditTrail
from connectory.gateway.mending import Presence
from connectory.gateway.policy import CONNECT, DISCONNECT
from connectory.gateway.results import Result
from connectory.gateway.shaping import fit_text
from connectory.identity.principal import Principal
from connectory.mcp.accounts import AccountTools, Reach, within_reach
from connectory.mcp.describing import describe_action
from connectory.mcp.elicitation import IN_WORDS, Asking, Unanswered
from connectory.mcp.fixed_tools import FIXED_TOOLS
from connectory.mcp.offers import Offers
from connectory.spelling import did_you_mean, nearest
from connectory.vault.entities import Connection, Grant, GrantStatus

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

Handler = Callable[..., Awaitable[str]]
TOOL_TIMEOUT_S = 55.0  # many clients give up at 60
FOOTER_TOKENS = 40  # what stands below a list
_EFFECTS = {judged.tool: judged.effect for judged in (CONNECT, DISCONNECT)}


class FixedTools:
    """Answers calls to the eight tools; all others are actions."""

    def __init__(
        self,
        offers: Offers,
        audit: AuditTrail,
        *,
        presence: Presence,
        connect_wait_s: float,
        result_tokens: int = 6000,
        timeout_s: float = TOOL_TIMEOUT_S,
        reach: Reach = within_reach,
        by_code: bool = False,
    ) -> None:
        self._offers, self._audit = offers, audit
        self._catalog, self._auth, self._gateway = offers.catalog, offers.auth, offers.gateway
        self._result_tokens, self._timeout_s = result_tokens - FOOTER_TOKENS, timeout_s
        self._tools = {tool.name: tool for tool in FIXED_TOOLS}
        self._accounts = accounts = AccountTools(
            offers,
            audit,
            presence=presence,
            connect_wait_s=connect_wait_s,
            result_tokens=self._result_tokens,
            reach=reach,
            by_code=by_code,
        )
        self._handlers: dict[str, Handler] = {
            "list_connectors": self._list_connectors,
            "list_connections": accounts.list_connections,
            "disconnect": accounts.disconnect,
            "search_actions": self._search_actions,
            "call_action": self._call_action,
            "request": self._request,
            "read_result": self._read_result,
        }

    async def call(
        self, principal: Principal, name: str, arguments: Mapping[str, Any], asking: Asking = IN_WORDS
    ) -> str | Unanswered | None:
        """Return the reply, or None where `name` is no fixed tool. Raises `ConnectoryError`."""
        if name not in self._tools:
            return None
        async with self._audit.enclose_refusal(principal, name, _EFFECTS.get(name, "unknown"), arguments):
            self._check(name, arguments)
        async with _within(self._timeout_s, name):
            if name == CONNECT.tool:
                return await self._accounts.connect(principal, asking, **arguments)
            return await self._handlers[name](principal, **arguments)

    def clearer(self, error: ConnectoryError, name: str) -> ConnectoryError:
        """Return `error`; for a tool that is not there, one that names those of the eight that resemble it."""
        near = nearest(name, self._tools) if isinstance(error, UnknownAction) and name not in self._tools else []
        return UnknownAction(name, near) if near else error

    @cached_property
    def _validators(self) -> dict[str, Draft202012Validator]:
        """Compiled at the first call: the library's import would delay the tool list."""
        return {tool.name: compile_schema(tool.input_schema) for tool in FIXED_TOOLS}

    def _check(self, name: str, arguments: Mapping[str, Any]) -> None:
        require_unicode(arguments)
        if problems := check_schema(self._validators[name], arguments):
            raise _wrong_call(self._tools[name], problems, arguments)

    async def _list_connectors(
        self, principal: Principal, query: str = "", category: str | None = None, connected: bool | None = None
    ) -> str:
        every = await self._offers.connectors()
        categories = {connector.manifest.category.value for connector in every}
        wanted = categories if category is None else categories & {category.lower()}
        if category is not None and not wanted:
            raise InvalidArguments(
                f"There is no category '{category}'.", hint=f"There are: {', '.join(sorted(categories))}."
            )
        mine: dict[str, list[str]] = {}
        for connection, grant in await self._auth.list_connections(principal):
            mine.setdefault(connection.connector, []).append(_state(connection, grant))
        fitting = [
            (connector, there)
            for connector, there in ((one, self._connections_of(one, mine)) for one in every)
            if _mentions(query, connector.name, connector.title, connector.manifest.description)
            and connector.manifest.category.value in wanted
            and connected in (None, bool(there))
        ]
        permitted = await self._offers.permitted_of(principal, [connector for connector, _ in fitting])
        ways = await self._auth.ways_of(principal, [connector for connector, _ in fitting])
        rows = [
            self._row(ways[connector.name], there, permitted)
            for connector, there in fitting
            if there or self._offers.is_usable(connector, permitted)
        ]
        if not rows:
            return self._none_fits(query, are_denied=bool(fitting))
        connecting = "connect(connector=NAME) connects one; " if await self._offers.may_connect(principal) else ""
        footer = f"{connecting}search_actions finds what they can do."
        return f"{fit_text(rows, self._result_tokens)}\n{footer}"

    def _none_fits(self, query: str, *, are_denied: bool) -> str:
        if are_denied:
            return "All actions of what fits are denied here by policy: tell the person."
        near = did_you_mean(query, self._catalog.connectors)
        return " ".join(filter(None, ["No connector fits.", near, "Call without arguments to see all."]))

    def _connections_of(self, connector: Connector, mine: Mapping[str, list[str]]) -> list[str]:
        """Its connections; a bundle is connected when all that it includes is."""
        each = [mine.get(name, []) for name in connector.manifest.includes or [connector.name]]
        return [name for names in each for name in names] if all(each) else []

    def _row(self, ways: Ways, connections: list[str], permitted: Mapping[str, int]) -> dict[str, Any]:
        connector = ways.connector
        cannot = f"It cannot be connected here: the server does not offer {ways.cannot}."
        return {
            "name": connector.name,
            "title": connector.title,
            "category": connector.manifest.category.value,
            "description": connector.manifest.description,
            **({"includes": connector.manifest.includes} if connector.manifest.is_bundle else {}),
            "actions": permitted.get(connector.name, 0),
            "connections": connections,
            **({"sign_in": ways.can or cannot} if ways.missing or ways.after_setup else {}),
        }

    async def _search_actions(
        self, principal: Principal, query: str, connector: str | None = None, limit: int = 10
    ) -> str:
        if connector is not None:
            connector = (await self._offers.usable_one(principal, connector)).name
        found = await self._offers.found(principal, query, connector, limit)
        if not found:
            return (
                "No action fits these words. Try other words, or list_connectors; request sends what no action covers."
            )
        connected = {connection.connector for connection, _ in await self._auth.list_connections(principal)}
        permitted = {action.tool for action in await self._gateway.callable_actions(principal)}
        others = [action for action in found if action.connector not in connected]
        permitted |= {action.tool for action in await self._offers.permitted(principal, others)}
        rows = [
            describe_action(action, is_connected=action.connector in connected, is_permitted=action.tool in permitted)
            for action in found
        ]
        return fit_text(rows, self._result_tokens)

    async def _call_action(
        self,
        principal: Principal,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        connection: str | None = None,
    ) -> str:
        return (await self._gateway.call_action(principal, action, arguments or {}, connection=connection)).text

    async def _request(self, principal: Principal, connection: str, **raw: Any) -> str:
        return (await self._gateway.request(principal, connection, RawRequest(**raw))).text

    async def _read_result(
        self, principal: Principal, result: str, path: str | None = None, offset: int = 0, limit: int | None = None
    ) -> str:
        read: Result = await self._gateway.read_result(principal, result, path, offset, limit)
        return read.text


@asynccontextmanager
async def _within(timeout_s: float, tool: str) -> AsyncIterator[None]:
    """Stop a tool in time for the client to hear of it."""
    try:
        async with asyncio.timeout(timeout_s) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise ConnectoryError(
            f"{tool} took longer than {timeout_s:g} s and was stopped.", hint="Call it again."
        ) from None


def _wrong_call(tool: t.Tool, problems: list[str], arguments: Mapping[str, Any]) -> BadInput:
    """Why a call does not fit the tool; where a credential was offered, the way that keeps it out of the chat."""
    takes = tool.input_schema["properties"]
    message = f"{tool.name} was not called: {'; '.join(problems)}."
    if any(SECRET_HEADER.search(name) for name in arguments if name not in takes):
        return SecretInChat(
            message,
            hint="Credentials never belong in a tool call: call connect with the service's name, and give the person"
            " the link that it answers with.",
        )
    return InvalidArguments(message, hint=f"It takes: {', '.join(takes)}.")


def _state(connection: Connection, grant: Grant) -> str:
    broken = " (needs reconnect)" if grant.status is GrantStatus.NEEDS_RECONNECT else ""
    return f"{connection.name}{broken}"


def _mentions(query: str, *texts: str) -> bool:
    haystack = " ".join(texts).lower()
    return all(word in haystack for word in query.lower().split())
