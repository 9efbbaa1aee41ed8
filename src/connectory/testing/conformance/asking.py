"""Tools of the suite that ask the client while their call waits, as the protocol before 2026 has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import mcp_types as t

from connectory.testing.conformance.precedence import Context, ToolFixture, make_tool, say

RESPONSE = {"type": "object", "properties": {"response": {"type": "string"}}, "required": ["response"]}
DEFAULTS = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
}
TITLED = [{"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"}]
ENUMS = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "oneOf": TITLED},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
    },
}


def asking_tools() -> list[ToolFixture]:
    """Return the tools."""
    return [
        ToolFixture(make_tool("test_sampling", "Asks the client's model.", "prompt"), _sample),
        ToolFixture(make_tool("test_elicitation", "Asks the person.", "message"), partial(_elicit, RESPONSE)),
        ToolFixture(make_tool("test_elicitation_sep1034_defaults", "Asks, with defaults."), partial(_elicit, DEFAULTS)),
        ToolFixture(make_tool("test_elicitation_sep1330_enums", "Asks, with choices."), partial(_elicit, ENUMS)),
    ]


async def _sample(ctx: Context, params: t.CallToolRequestParams) -> t.CallToolResult:
    words = t.TextContent(type="text", text=(params.arguments or {})["prompt"])
    answer = await ctx.session.create_message(
        [t.SamplingMessage(role="user", content=words)], max_tokens=100, related_request_id=ctx.request_id
    )
    return say(f"LLM response: {answer.content.text if answer.content.type == 'text' else answer.content.type}")


async def _elicit(schema: Mapping[str, Any], ctx: Context, params: t.CallToolRequestParams) -> t.CallToolResult:
    message = (params.arguments or {}).get("message", "Please choose.")
    answer = await ctx.session.elicit_form(message, dict(schema), related_request_id=ctx.request_id)
    return say(f"User response: action={answer.action}, content={json.dumps(answer.content or {})}")
