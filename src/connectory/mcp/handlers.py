"""What each of the eight fixed tools does, in words for a model."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import mcp_types as t

from connectory.actions.raw import SECRET_HEADER, RawRequest
from connectory.auth.backend import Revocation
from connectory.auth.manager import AuthManager
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Action
from connectory.catalog.manifest import Effect
from connectory.errors import BadInput, InvalidArguments, SecretInChat, UnknownAction, did_you_mean, nearest
from connectory.gateway.arguments import check_schema, compile_schema, require_unicode
from connectory.gateway.audit import AuditTrail
from connectory.gateway.gateway import Gateway
from connectory.gateway.mending import Presence
from connectory.gateway.results import Result
from connectory.gateway.text import as_compact_text
from connectory.identity.principal import Principal
from connectory.mcp.fixed_tools import FIXED_TOOLS
from connectory.vault.entities import Connection, ConnectSession, Grant, GrantStatus, SessionId, SessionStatus

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

Handler = Callable[..., Awaitable[str]]
MOST_REMEMBERED = 10_000
AUDITED_HERE = {"connect": Effect.WRITE, "disconnect": Effect.DESTRUCTIVE}  # the gateway audits the calls themselves


class FixedTools:
    """Answers calls to the eight tools; all others are actions."""

    def __init__(
        self,
        catalog: Catalog,
        auth: AuthManager,
        gateway: Gateway,
        audit: AuditTrail,
        *,
        presence: Presence,
        connect_wait_s: float,
    ) -> None:
        self._catalog, self._auth, self._gateway, self._audit = catalog, auth, gateway, audit
        self._presence, self._connect_wait_s = presence, connect_wait_s
        self._given: dict[SessionId, None] = {}
        self._tools = {tool.name: tool for tool in FIXED_TOOLS}

    async def call(self, principal: Principal, name: str, arguments: Mapping[str, Any]) -> str | None:
        """Return the reply's text, or None where `name` is no fixed tool. Raises `ConnectoryError`."""
        if name not in self._tools:
            return None
        tool = self._tools[name]
        require_unicode(arguments)
        if problems := check_schema(self._validators[name], arguments):
            async with self._audit.enclose(principal, name, AUDITED_HERE.get(name, "unknown"), arguments):
                raise _wrong_call(tool, problems, arguments)
        handler: Handler = getattr(self, f"_{name}")
        if name not in AUDITED_HERE:
            return await handler(principal, **arguments)
        async with self._audit.enclose(principal, name, AUDITED_HERE[name], arguments):
            return await handler(principal, **arguments)

    def if_misspelt(self, name: str) -> UnknownAction | None:
        """Return the error for a tool that is not there, where its name resembles one of the eight."""
        near = [] if name in self._tools else nearest(name, self._tools)
        return UnknownAction(name, near) if near else None

    @cached_property
    def _validators(self) -> dict[str, Draft202012Validator]:
        """Compiled at the first call: the library's import would delay the tool list."""
        return {tool.name: compile_schema(tool.input_schema) for tool in FIXED_TOOLS}

    async def _list_connectors(
        self, principal: Principal, query: str = "", category: str | None = None, connected: bool | None = None
    ) -> str:
        categories = {connector.manifest.category.value for connector in self._catalog.connectors.values()}
        if category is not None and category.lower() not in categories:
            raise InvalidArguments(
                f"There is no category '{category}'.", hint=f"There are: {', '.join(sorted(categories))}."
            )
        mine: dict[str, list[str]] = {}
        for connection, grant in await self._auth.list_connections(principal):
            mine.setdefault(connection.connector, []).append(_state(connection, grant))
        rows = [
            {
                "name": connector.name,
                "title": connector.title,
                "category": connector.manifest.category.value,
                "description": connector.manifest.description,
                "actions": len(connector.actions),
                "connections": mine.get(connector.name, []),
            }
            for connector in self._catalog.connectors.values()
            if _mentions(query, connector.name, connector.title, connector.manifest.description)
            and category in (None, connector.manifest.category.value, connector.manifest.category.value.lower())
            and connected in (None, connector.name in mine)
        ]
        if not rows:
            near = did_you_mean(query, self._catalog.connectors)
            return " ".join(filter(None, ["No connector fits.", near, "Call without arguments to see all."]))
        return as_compact_text(rows) + "\nconnect(connector=NAME) connects one; search_actions finds what they can do."

    async def _connect(
        self,
        principal: Principal,
        connector: str,
        alias: str | None = None,
        backend: str | None = None,
        scopes: list[str] | None = None,
        shared: bool = False,
    ) -> str:
        await self._presence()
        before = await self._auth.open_session(principal, connector, alias, shared=shared)
        session = before or await self._auth.connect(
            principal, connector, alias=alias, backend=backend, scopes=tuple(scopes or ()), shared=shared
        )
        if self._is_news(session):
            return self._invitation(session, "")
        session = await self._auth.wait(principal, session, self._connect_wait_s)
        if session.status is SessionStatus.CONNECTED and session.connection_id:
            return await self._connected(principal, session)
        if session.status is SessionStatus.EXPIRED:
            return f"The link for {session.connector} has expired. Call connect again for a new one."
        return self._invitation(session, "Still waiting for the person. ")

    def _is_news(self, session: ConnectSession) -> bool:
        """Whether `connect` has not given this link yet: then it must not wait, the person may not have seen it.

        An error may have made the session. Forgetting, or another replica, only gives the link once more.
        """
        if session.status is SessionStatus.CONNECTED or session.id in self._given:
            return False
        if len(self._given) >= MOST_REMEMBERED:
            self._given.pop(next(iter(self._given)))
        self._given[session.id] = None
        return True

    async def _connected(self, principal: Principal, session: ConnectSession) -> str:
        assert session.connection_id is not None  # the caller looked; tells the type checker
        connection = await self._auth.get_connection(principal, session.connection_id)
        connector = self._catalog.connector(connection.connector)
        names = ", ".join(action.tool for action in connector.actions.values())
        return (
            f"Connected: {connector.title} as {connection.name}.\nActions, callable now by call_action"
            f" and as tools once your list reloads: {names}."
        )

    def _invitation(self, session: ConnectSession, before: str) -> str:
        title = self._catalog.connector(session.connector).title
        return (
            f"{before}Ask the person to open this link and sign in to {title}: {self._auth.link_url(session)}\n"
            f"It works once and for ten minutes. Then call connect with the same arguments again: it waits for them."
        )

    async def _list_connections(self, principal: Principal, connector: str | None = None) -> str:
        if connector is not None:
            self._catalog.connector(connector)
        found = await self._auth.list_connections(principal, connector)
        if not found:
            return "Nothing is connected yet. list_connectors shows what can be, connect connects it."
        return as_compact_text(
            [
                {
                    "connection": connection.name,
                    "id": connection.id,
                    "account": grant.account_name,
                    "status": grant.status.value,
                    "shared": connection.is_shared,
                }
                for connection, grant in found
            ]
        )

    async def _disconnect(self, principal: Principal, connection: str) -> str:
        found, _ = await self._auth.resolve(principal, connection)
        revocation = await self._auth.disconnect(principal, found.id)
        title = (
            self._catalog.connectors[found.connector].title
            if found.connector in self._catalog.connectors
            else found.connector
        )
        then = _REVOCATIONS[revocation].format(title=title)
        return f"Disconnected {found.name}; its stored credentials are deleted. {then}"

    async def _search_actions(
        self, principal: Principal, query: str, connector: str | None = None, limit: int = 10
    ) -> str:
        if connector is not None:
            self._catalog.connector(connector)
        found = self._catalog.search(query, connector=connector, limit=limit)
        if not found:
            return (
                "No action fits these words. Try other words, or list_connectors; request sends what no action covers."
            )
        connected = {connection.connector for connection, _ in await self._auth.list_connections(principal)}
        return as_compact_text([_described(action, action.connector in connected) for action in found])

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


_REVOCATIONS = {
    Revocation.KEPT: "Another connection still uses the same sign-in.",
    Revocation.REVOKED: "{title} was told to forget the sign-in too.",
    Revocation.NOT_SUPPORTED: "If it was a key, the person may delete it at {title} too.",
    Revocation.FAILED: "{title} could not be told; the person should remove the access there.",
}


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


def _described(action: Action, is_connected: bool) -> dict[str, Any]:
    inputs = {
        name: f"{spec.type or 'any'}{', required' if spec.required else ''}{_choices(spec.enum)}"
        f"{': ' + spec.description if spec.description else ''}"
        for name, spec in action.manifest.inputs.items()
    }
    return {
        "action": action.tool,
        "does": action.description,
        "effect": action.effect.value,
        "connected": is_connected,
        "arguments": inputs,
    }


def _choices(enum: list[str | int | float | bool] | None) -> str:
    return f", one of {json.dumps(enum, ensure_ascii=False)}" if enum else ""
