"""Tools of the suite that answer by themselves: contents of each kind, an error, progress, a log."""

from __future__ import annotations

import asyncio
from functools import partial

import mcp_types as t
from mcp import MCPError

from connectory.errors import ConnectoryError
from connectory.testing.conformance.material import AUDIO, IMAGE, embedded
from connectory.testing.conformance.precedence import Context, ToolFixture, make_tool, say

STEP_S = 0.05
CONTENTS: dict[str, list[t.ContentBlock]] = {
    "test_simple_text": [t.TextContent(type="text", text="This is a simple text response for testing.")],
    "test_image_content": [IMAGE],
    "test_audio_content": [AUDIO],
    "test_embedded_resource": [embedded("test://embedded-resource", "This is an embedded resource content.")],
    "test_multiple_content_types": [
        t.TextContent(type="text", text="Multiple content types test:"),
        IMAGE,
        embedded("test://mixed-content-resource", '{"test": "data", "value": 123}', "application/json"),
    ],
    "json_schema_2020_12_tool": [t.TextContent(type="text", text="Its schema is what is looked at.")],
}
KEYWORDS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def plain_tools() -> list[ToolFixture]:
    """Return the tools."""
    contents = [ToolFixture(_content_tool(name), partial(_content, blocks)) for name, blocks in CONTENTS.items()]
    return [
        *contents,
        ToolFixture(make_tool("test_error_handling", "Answers with an error."), _fail),
        ToolFixture(make_tool("test_tool_with_progress", "Reports its progress."), _progress),
        ToolFixture(make_tool("test_tool_with_logging", "Logs what it does."), _log),
        ToolFixture(make_tool("test_logging_tool", "Logs what it does."), _log),
        ToolFixture(make_tool("test_missing_capability", "Needs a client that can sample."), _need_sampling),
    ]


def _content_tool(name: str) -> t.Tool:
    tool = make_tool(name, "Answers with fixed contents.")
    return tool.model_copy(update={"input_schema": KEYWORDS}) if name == "json_schema_2020_12_tool" else tool


async def _content(blocks: list[t.ContentBlock], _: Context, __: t.CallToolRequestParams) -> t.CallToolResult:
    return t.CallToolResult(content=blocks)


async def _fail(_: Context, __: t.CallToolRequestParams) -> t.CallToolResult:
    raise ConnectoryError("This tool intentionally returns an error for testing.")


async def _progress(ctx: Context, _: t.CallToolRequestParams) -> t.CallToolResult:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100, f"Completed step {done} of 100")
        await asyncio.sleep(STEP_S)
    return say("All steps are done.")


async def _log(ctx: Context, _: t.CallToolRequestParams) -> t.CallToolResult:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", words, related_request_id=ctx.request_id)
    return say("The log is written.")


async def _need_sampling(ctx: Context, _: t.CallToolRequestParams) -> t.CallToolResult:
    declared = ctx.session.client_capabilities
    if declared is None or declared.sampling is None:
        needed: dict[str, dict[str, dict[str, str]]] = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(t.MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs a client that can sample.", needed)
    return say("The client can sample.")
