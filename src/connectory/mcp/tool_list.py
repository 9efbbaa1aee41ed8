"""The tool list: the eight fixed tools and, within the budget, the actions of connected services (design 6.1, 6.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, zip_longest

import mcp_types as t

from connectory.catalog.connector import Action
from connectory.catalog.manifest import Effect
from connectory.gateway.shaping import BYTES_PER_TOKEN
from connectory.mcp.fixed_tools import FIXED_TOOLS


def tools_within(
    actions: Sequence[Action], denied: Collection[str] = (), *, max_tools: int, max_tokens: int
) -> list[t.Tool]:
    """Return the list to send, in one page. Connectors take turns, so that a large one does not push out the others.

    What is left out stays callable by its name and through `call_action`; but for the fixed tools that are `denied`.
    """
    tools = [tool for tool in FIXED_TOOLS if tool.name not in denied]
    spent = sum(_tokens(tool) for tool in tools)
    for action in _in_turns(actions):
        tool = as_tool(action)
        cost = _tokens(tool)
        if len(tools) >= max_tools:
            break
        if spent + cost <= max_tokens:
            tools.append(tool)
            spent += cost
    return tools


def tool_tokens(action: Action) -> int:
    """How many tokens an action takes of a tool list."""
    return _tokens(as_tool(action))


def as_tool(action: Action) -> t.Tool:
    """An action as an MCP tool: all annotations, no output schema (one bad one hides the server in some clients)."""
    spec = action.manifest
    return t.Tool(
        name=action.tool,
        title=spec.title,
        description=spec.description,
        input_schema=dict(action.listed_schema),
        annotations=t.ToolAnnotations(
            read_only_hint=spec.effect is Effect.READ,
            destructive_hint=spec.effect is Effect.DESTRUCTIVE,
            idempotent_hint=spec.is_idempotent,
            open_world_hint=True,
        ),
    )


def _in_turns(actions: Sequence[Action]) -> Iterable[Action]:
    by_connector: dict[str, list[Action]] = {}
    for action in actions:
        by_connector.setdefault(action.connector, []).append(action)
    rounds = chain.from_iterable(zip_longest(*by_connector.values()))
    return (action for action in rounds if action is not None)


def count_tokens(text: str) -> int:
    """How many tokens a text is taken for."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def _tokens(tool: t.Tool) -> int:
    return count_tokens(tool.model_dump_json(by_alias=True, exclude_none=True))
