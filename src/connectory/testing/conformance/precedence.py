"""Puts fixtures before the handlers of a built server: theirs are answered here, all others by the handler behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mcp_types as t
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from connectory.errors import ConnectoryError
from connectory.mcp.replies import error_reply
from connectory.testing.conformance.material import PROMPTS, RESOURCES, TEMPLATE, get_prompt, read_resource

Context = ServerRequestContext[Any]
CallAnswer = t.CallToolResult | t.InputRequiredResult
Handler = Callable[[Context, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ToolFixture:
    """A tool that the suite calls."""

    tool: t.Tool
    answer: Callable[[Context, t.CallToolRequestParams], Awaitable[CallAnswer]]


def make_tool(name: str, description: str, *texts: str) -> t.Tool:
    """A tool with these arguments, each a text that must be there."""
    properties = {text: {"type": "string"} for text in texts}
    schema = {"type": "object", "properties": properties, **({"required": list(texts)} if texts else {})}
    return t.Tool(name=name, description=description, input_schema=schema)


def say(text: str) -> t.CallToolResult:
    """A result of one text."""
    return t.CallToolResult(content=[t.TextContent(type="text", text=text)])


def add_tools(server: Server[Any], fixtures: Sequence[ToolFixture]) -> None:
    """Put tools before those of the server."""
    known = {fixture.tool.name: fixture for fixture in fixtures}
    list_ours, call_ours = _handler(server, "tools/list"), _handler(server, "tools/call")

    async def list_tools(ctx: Context, params: t.PaginatedRequestParams) -> t.ListToolsResult:
        ours: t.ListToolsResult = await list_ours(ctx, params)
        return ours.model_copy(update={"tools": [*(one.tool for one in fixtures), *ours.tools]})

    async def call(ctx: Context, params: t.CallToolRequestParams) -> CallAnswer:
        if params.name in known:
            try:
                return await known[params.name].answer(ctx, params)
            except ConnectoryError as error:  # as our own tools have it (mcp/server.py)
                return error_reply(error, params.arguments or {})
        result: CallAnswer = await call_ours(ctx, params)
        return result

    server.add_request_handler("tools/list", t.PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", t.CallToolRequestParams, call)


def add_resources(server: Server[Any]) -> None:
    """Put resources and a template before those of the server; what the suite may subscribe to never changes."""
    list_ours, read_ours = _handler(server, "resources/list"), _handler(server, "resources/read")
    templates_of_ours = _handler(server, "resources/templates/list")

    async def list_resources(ctx: Context, params: t.PaginatedRequestParams) -> t.ListResourcesResult:
        ours: t.ListResourcesResult = await list_ours(ctx, params)
        return ours.model_copy(update={"resources": [*RESOURCES, *ours.resources]})

    async def templates(ctx: Context, params: t.PaginatedRequestParams) -> t.ListResourceTemplatesResult:
        ours: t.ListResourceTemplatesResult = await templates_of_ours(ctx, params)
        return ours.model_copy(update={"resource_templates": [TEMPLATE, *ours.resource_templates]})

    async def read(ctx: Context, params: t.ReadResourceRequestParams) -> t.ReadResourceResult:
        found = read_resource(params.uri)
        result: t.ReadResourceResult = found if found is not None else await read_ours(ctx, params)
        return result

    server.add_request_handler("resources/list", t.PaginatedRequestParams, list_resources)
    server.add_request_handler("resources/templates/list", t.PaginatedRequestParams, templates)
    server.add_request_handler("resources/read", t.ReadResourceRequestParams, read)
    server.add_request_handler("resources/subscribe", t.SubscribeRequestParams, _nothing)
    server.add_request_handler("resources/unsubscribe", t.UnsubscribeRequestParams, _nothing)


def add_prompts(server: Server[Any]) -> None:
    """Put prompts before those of the server."""
    list_ours, get_ours = _handler(server, "prompts/list"), _handler(server, "prompts/get")

    async def list_prompts(ctx: Context, params: t.PaginatedRequestParams) -> t.ListPromptsResult:
        ours: t.ListPromptsResult = await list_ours(ctx, params)
        return ours.model_copy(update={"prompts": [*PROMPTS, *ours.prompts]})

    async def get(ctx: Context, params: t.GetPromptRequestParams) -> t.GetPromptResult | t.InputRequiredResult:
        found = get_prompt(params)
        result: t.GetPromptResult | t.InputRequiredResult = found if found is not None else await get_ours(ctx, params)
        return result

    server.add_request_handler("prompts/list", t.PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", t.GetPromptRequestParams, get)


def add_utilities(server: Server[Any]) -> None:
    """Complete the arguments of the fixtures, and take a level of logging: of the latter we have none ourselves."""
    complete_ours = _handler(server, "completion/complete")
    names = {prompt.name for prompt in PROMPTS}

    async def complete(ctx: Context, params: t.CompleteRequestParams) -> t.CompleteResult:
        ref = params.ref
        if (isinstance(ref, t.PromptReference) and ref.name in names) or (
            isinstance(ref, t.ResourceTemplateReference) and ref.uri == TEMPLATE.uri_template
        ):
            return t.CompleteResult(completion=t.Completion(values=[], total=0, has_more=False))
        result: t.CompleteResult = await complete_ours(ctx, params)
        return result

    server.add_request_handler("completion/complete", t.CompleteRequestParams, complete)
    server.add_request_handler("logging/setLevel", t.SetLevelRequestParams, _nothing)


def _handler(server: Server[Any], method: str) -> Handler:
    entry = server.get_request_handler(method)
    assert entry is not None, f"our own face has no {method}, and the suite judges it"
    return entry.handler


async def _nothing(_: Context, __: Any) -> t.EmptyResult:
    return t.EmptyResult()
