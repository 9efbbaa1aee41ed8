"""The suite's contents, resources and prompts: fixed words, a picture of one dot, a sound of one sample."""

from __future__ import annotations

import json
import re

import mcp_types as t

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
IMAGE = t.ImageContent(type="image", data=PNG, mime_type="image/png")
AUDIO = t.AudioContent(type="audio", data=WAV, mime_type="audio/wav")
TEXT, BINARY, WATCHED = "test://static-text", "test://static-binary", "test://watched-resource"
RESOURCES = [
    t.Resource(uri=TEXT, name="static-text", mime_type="text/plain"),
    t.Resource(uri=BINARY, name="static-binary", mime_type="image/png"),
    t.Resource(uri=WATCHED, name="watched-resource", mime_type="text/plain"),
]
TEMPLATE = t.ResourceTemplate(uri_template="test://template/{id}/data", name="template", mime_type="application/json")
_OF_TEMPLATE = re.compile(r"test://template/([^/]+)/data")
_TEXTS = {TEXT: "This is the content of the static text resource.", WATCHED: "Watched resource content"}

ASKING_PROMPT = "test_input_required_result_prompt"
PROMPTS = [
    t.Prompt(name="test_simple_prompt", description="A prompt without arguments."),
    t.Prompt(
        name="test_prompt_with_arguments",
        description="A prompt that says its arguments.",
        arguments=[t.PromptArgument(name=name, description="Any text.", required=True) for name in ("arg1", "arg2")],
    ),
    t.Prompt(
        name="test_prompt_with_embedded_resource",
        description="A prompt with a resource in it.",
        arguments=[t.PromptArgument(name="resourceUri", description="Its address.", required=True)],
    ),
    t.Prompt(name="test_prompt_with_image", description="A prompt with an image in it."),
    t.Prompt(name=ASKING_PROMPT, description="A prompt that asks for its context first."),
]


def embedded(uri: str, text: str, mime_type: str = "text/plain") -> t.EmbeddedResource:
    """A resource inside a result."""
    resource = t.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return t.EmbeddedResource(type="resource", resource=resource)


def ask_form(message: str, **properties: object) -> t.ElicitRequest:
    """A question with a form, all of whose fields must be filled in."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return t.ElicitRequest(params=t.ElicitRequestFormParams(message=message, requested_schema=schema))


def read_resource(uri: str) -> t.ReadResourceResult | None:
    """Return a resource of the suite, None for any other."""
    if uri in _TEXTS:
        return t.ReadResourceResult(
            contents=[t.TextResourceContents(uri=uri, mime_type="text/plain", text=_TEXTS[uri])]
        )
    if uri == BINARY:
        return t.ReadResourceResult(contents=[t.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)])
    if found := _OF_TEMPLATE.fullmatch(uri):
        data = {"id": found[1], "templateTest": True, "data": f"Data for ID: {found[1]}"}
        return t.ReadResourceResult(
            contents=[t.TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(data))]
        )
    return None


def get_prompt(params: t.GetPromptRequestParams) -> t.GetPromptResult | t.InputRequiredResult | None:
    """Return a prompt of the suite, None for any other."""
    given = params.arguments or {}
    match params.name:
        case "test_simple_prompt":
            return _messages("This is a simple prompt for testing.")
        case "test_prompt_with_arguments":
            return _messages(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")
        case "test_prompt_with_embedded_resource":
            content = embedded(given["resourceUri"], "Embedded resource content for testing.")
            return _messages(content, "Please process the embedded resource above.")
        case "test_prompt_with_image":
            return _messages(IMAGE, "Please analyze the image above.")
        case name if name == ASKING_PROMPT:
            answer = (params.input_responses or {}).get("user_context")
            if isinstance(answer, t.ElicitResult) and answer.content:
                return _messages(f"Use the following context: {answer.content['context']}")
            question = ask_form("What context should the prompt use?", context={"type": "string"})
            return t.InputRequiredResult(input_requests={"user_context": question})
    return None


def _messages(*contents: t.ContentBlock | str) -> t.GetPromptResult:
    blocks = [t.TextContent(type="text", text=one) if isinstance(one, str) else one for one in contents]
    return t.GetPromptResult(messages=[t.PromptMessage(role="user", content=block) for block in blocks])
