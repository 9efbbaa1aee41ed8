"""Completion of what prompts and resource templates ask for: only of what this principal may see.

An alias is completed for the connector that was filled in before it, which the client sends along as context.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any

import mcp_types as t
from mcp import MCPError
from mcp.server.context import ServerRequestContext

from connectory.identity.principal import Principal
from connectory.mcp.offers import Offers
from connectory.mcp.prompts import CONNECT_SERVICE, WHAT_CAN_YOU_DO, named_prompt
from connectory.mcp.resources import ACTION, CONNECTION, RESULT, TEMPLATES

MOST_VALUES = 100  # by the specification
Context = ServerRequestContext[Any]
Given = Mapping[str, str]
Complete = Callable[[Principal, str, Given], Awaitable[Iterable[str]]]


class Completions:
    """Answers `completion/complete`."""

    def __init__(self, offers: Offers, principal_of: Callable[[Context], Awaitable[Principal]]) -> None:
        self._offers, self._principal_of = offers, principal_of
        self._of: dict[tuple[str, str], Complete] = {
            (CONNECT_SERVICE.name, "connector"): self._connectable,
            (CONNECT_SERVICE.name, "alias"): self._aliases,
            (WHAT_CAN_YOU_DO.name, "connector"): self._usable,
            (CONNECTION.uri_template, "connector"): self._connected,
            (CONNECTION.uri_template, "alias"): self._aliases,
            (RESULT.uri_template, "id"): self._results,
            (ACTION.uri_template, "action"): self._actions,
        }

    async def complete(self, ctx: Context, params: t.CompleteRequestParams) -> t.CompleteResult:
        """Return the values that fit what was typed, best first. Raises `MCPError` for what nothing asks for."""
        principal = await self._principal_of(ctx)
        what, argument = _referred(params.ref), params.argument
        complete = self._of.get((what, argument.name))
        if complete is None:
            takes = ", ".join(name for owner, name in self._of if owner == what)
            raise MCPError(t.INVALID_PARAMS, f"{what} has no argument {argument.name[:100]!r}. It takes: {takes}.")
        context = params.context.arguments if params.context else None
        found = list(await complete(principal, argument.value.strip().lower(), context or {}))
        shown = found[:MOST_VALUES]
        return t.CompleteResult(
            completion=t.Completion(values=shown, total=len(found), has_more=len(found) > len(shown))
        )

    async def _connectable(self, principal: Principal, typed: str, _: Given) -> list[str]:
        if not await self._offers.may_connect(principal):
            return []
        return await self._usable_of(principal, typed, set(await self._offers.auth.supported_providers(principal)))

    async def _usable(self, principal: Principal, typed: str, _: Given) -> list[str]:
        """The connected ones first: they are what one asks about."""
        connected = {row.connector for row, _ in await self._offers.auth.list_connections(principal)}
        names = await self._usable_of(
            principal, typed, connected | set(await self._offers.auth.supported_providers(principal))
        )
        return sorted(names, key=lambda name: name not in connected)

    async def _usable_of(self, principal: Principal, typed: str, names: Collection[str]) -> list[str]:
        """The connectors among `names` whose name or title fits, and of which policies leave something."""
        named = {one.name: one for one in await self._offers.connectors() if one.name in names}
        fitting = _fitting(typed, {name: f"{name} {one.title.lower()}" for name, one in named.items()})
        return [one.name for one in await self._offers.usable(principal, [named[name] for name in fitting])]

    async def _connected(self, principal: Principal, typed: str, _: Given) -> list[str]:
        names = {row.connector for row, _ in await self._offers.auth.list_connections(principal)}
        return _fitting(typed, {name: name for name in names})

    async def _aliases(self, principal: Principal, typed: str, given: Given) -> list[str]:
        of = given.get("connector", "").strip().lower()
        found = await self._offers.auth.list_connections(principal)
        return _fitting(typed, {row.alias: row.alias for row, _ in found if of in ("", row.connector)})

    async def _results(self, principal: Principal, typed: str, _: Given) -> list[str]:
        kept = await self._offers.gateway.kept_results(principal)
        return [entry.id for entry in kept if typed in entry.id or typed in (entry.file_name or "").lower()]

    async def _actions(self, principal: Principal, typed: str, _: Given) -> list[str]:
        tools = _fitting(typed, {tool: tool for tool in self._offers.catalog.actions})
        actions = [self._offers.catalog.action(tool) for tool in tools]
        return [action.tool for action in await self._offers.permitted(principal, actions)]


def _referred(ref: t.PromptReference | t.ResourceTemplateReference) -> str:
    """The prompt's name or the template's address. Raises `MCPError` for one that is not there."""
    if isinstance(ref, t.PromptReference):
        return named_prompt(ref.name).name
    if ref.uri not in {template.uri_template for template in TEMPLATES}:
        known = ", ".join(template.uri_template for template in TEMPLATES)
        raise MCPError(t.INVALID_PARAMS, f"There is no template {ref.uri[:200]!r}. There are: {known}.")
    return ref.uri


def _fitting(typed: str, known: Mapping[str, str]) -> list[str]:
    """The keys whose words have what was typed in them, those that begin with it first, each group by name."""
    found = sorted(name for name, words in known.items() if typed in words)
    return sorted(found, key=lambda name: not name.startswith(typed))
