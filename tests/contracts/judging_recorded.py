"""Requests judged by what the provider's SDK was seen to send: path, names and kinds of the body's members."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from tests.contracts.description import Description, Operation
from tests.contracts.following import strays
from tests.contracts.judging import Verdict


@dataclass
class ByRecording:
    """The recordings of one action."""

    description: Description
    given: Mapping[str, Any] = field(default_factory=dict)

    async def judge(self, request: httpx2.Request) -> Verdict:
        """Compare a request with the recorded ones, and give the sample of the answer."""
        path = request.url.raw_path.decode().partition("?")[0]
        operation = self.description.operation(request.method, path)
        if operation is None:
            return Verdict([f"the SDK was not seen to send {request.method} {path}"], 404)
        problems = [*_in_query(request, operation), *_in_body(request, operation, self.description)]
        answer = operation.says["responses"].get("200", {}).get("content", {}).get("application/json")
        return (
            Verdict(problems, 204) if answer is None else Verdict(problems, 200, _with(answer["example"], self.given))
        )


def _in_query(request: httpx2.Request, operation: Operation) -> Iterator[str]:
    sent = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
    for name in sent:
        if operation.parameter("query", name) is None:
            yield f"there is no query parameter '{name}'"
    for parameter in operation.parameters:
        if parameter["in"] == "query" and parameter["required"] and parameter["name"] not in sent:
            yield f"query parameter {parameter['name']} is required and not sent"


def _in_body(request: httpx2.Request, operation: Operation, description: Description) -> Iterator[str]:
    kind = request.headers.get("content-type", "").partition(";")[0]
    is_required, kinds = description.body(operation)
    if not request.content:
        if is_required:
            yield "a body is required and not sent"
        return
    if kind not in kinds:
        yield f"no body is sent as {kind}"
        return
    names = set(kinds[kind].get("properties", {}))
    sent: set[str] = set()
    if kind == "application/json":
        body = json.loads(request.content)
        yield from strays(body, [kinds[kind]], description, "body")
        sent = set(body) if isinstance(body, dict) else set()
    elif kind == "application/x-www-form-urlencoded":
        sent = {name.partition("[")[0] for name in dict(parse_qsl(request.content.decode()))}
        yield from (f"body has no member '{name}'" for name in sorted(sent - names))
    else:
        return
    yield from (f"body.{name} is required and not sent" for name in kinds[kind].get("required", []) if name not in sent)


def _with(value: Any, given: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_with(member, given) for member in value]
    if not isinstance(value, dict):
        return value
    return {name: given[name] if name in given else _with(member, given) for name, member in value.items()}
