"""Requests judged by OpenAPI descriptions: Prism says what does not fit, and names that it passes over are told too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from tests.contracts.description import METHODS, Description, Operation
from tests.contracts.fetch import reduce_document
from tests.contracts.following import strays
from tests.contracts.forms import AS_JSON, kind_of, tree_of
from tests.contracts.judging import Verdict
from tests.contracts.making import Maker
from tests.contracts.openapi import OpenApi
from tests.contracts.paths import fits, moved
from tests.contracts.reading import Paths

from connectory.catalog.connector import Connector

VIOLATIONS = "sl-violations"  # Prism's header, where the answer is a declared one


@dataclass
class ByDescription:
    """Prism on what a connector calls of its descriptions. `prisms`: by version of OpenAPI, where it listens.

    `inner` is what it is reached by; who gives it closes it.
    """

    source: OpenApi
    prisms: Mapping[str, httpx2.URL]
    inner: httpx2.AsyncBaseTransport
    given: Mapping[str, Any] = field(default_factory=dict)
    last: bool = False  # which alternative of the answer
    read: Paths = frozenset()  # of the answer

    async def judge(self, request: httpx2.Request) -> Verdict:
        """Let Prism judge one request, look at its names, and make its answer."""
        path = moved(request.url.raw_path.decode().partition("?")[0], self.source.moved)
        known = [
            (fits(one.base_path + operation.path, path), index, operation)
            for index, one in enumerate(self.source.descriptions)
            if (operation := one.operation(request.method, path)) is not None
        ]
        if not known:
            return Verdict([f"{request.method} {path} is no operation"], 404)
        _, index, operation = max(known, key=lambda one: one[0])
        description = self.source.descriptions[index]
        below = path.removeprefix(description.base_path)
        sent = _sent(request, operation, description)
        problems = [
            *_strange_names(request, operation),
            *sent.problems,
            *await self._violations(request, sent, index, below),
        ]
        status, schemas = _answers(description, operation, request.headers.get("accept", "application/json"))
        maker = Maker(description, self.given, self.last, self.read)
        schema = schemas[-1 if self.last else 0] if schemas else None
        if not schema and (example := _example(operation, status, description)) is not None:
            return Verdict(problems, status, example)
        return Verdict(problems, status, None if schema is None else maker.make(schema))

    async def _violations(self, request: httpx2.Request, sent: _Sent, index: int, path: str) -> list[str]:
        prism = self.prisms[version_of(self.source.descriptions[index])]
        query = request.url.raw_path.partition(b"?")[2]
        target = f"/{index}{path}".encode() + (b"?" + query if query else b"")
        skipped = (b"host", b"content-length", b"content-type", b"accept", b"accept-encoding")
        headers = [(name, value) for name, value in request.headers.raw if name.lower() not in skipped]
        headers += [(b"content-type", sent.kind.encode())] if sent.kind else []
        url = prism.copy_with(raw_path=target)
        asked = httpx2.Request(request.method, url, headers=headers, content=sent.content)
        response = await self.inner.handle_async_request(asked)
        body = await response.aread()
        found = json.loads(response.headers.get(VIOLATIONS, "[]"))
        if not found and "problem+json" in response.headers.get("content-type", ""):
            found = json.loads(body).get("validation") or [json.loads(body)]
        return [_sentence(one) for one in found]


def documents(source: OpenApi, connector: Connector) -> dict[str, dict[str, Any]]:
    """What Prism is to serve, by version of OpenAPI: what is called of each description, told apart by its number."""
    made: dict[str, dict[str, Any]] = {}
    for index, description in enumerate(source.cut(connector)):
        document = _numbered(description.document, index)
        numbered = Description(document)
        version = version_of(description)
        whole = made.setdefault(
            version,
            {"openapi": version, "info": {"title": "called", "version": "1"}, "paths": {}, "components": {}},
        )
        for path, item in document["paths"].items():
            whole["paths"][f"/{index}{path}"] = {
                key: _requests_only(value, numbered) if key in METHODS else value for key, value in item.items()
            }
        for kind, parts in document["components"].items():
            whole["components"].setdefault(kind, {}).update(parts)
    # Of Stripe, the answers' schemas alone keep Prism busy for minutes.
    return {version: reduce_document(_nullable(document)) for version, document in made.items() if document["paths"]}


def version_of(description: Description) -> str:
    """The version of OpenAPI that Prism is told."""
    return "3.1.0" if str(description.document.get("openapi", "3.0.3")).startswith("3.1") else "3.0.3"


def _requests_only(operation: Mapping[str, Any], description: Description) -> dict[str, Any]:
    kept = {"parameters": operation.get("parameters", [])}
    if "requestBody" in operation:
        body = description.resolved(operation["requestBody"])
        content = {AS_JSON.get(kind.partition(";")[0], kind): one for kind, one in body.get("content", {}).items()}
        kept["requestBody"] = {**body, "content": {kind: _plain(one) for kind, one in content.items()}}
    answer = {"description": "", "content": {"application/json": {"schema": {}, "example": {}}}}
    return {**kept, "responses": {"200": answer}}


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """The schema alone, without how a form is written."""
    return {"schema": content.get("schema", {})}


def _numbered(value: Any, index: int) -> Any:
    """The document with its components, and what refers to them, named after its number."""
    document = {**value, "components": {}}
    for kind, parts in value.get("components", {}).items():
        document["components"][kind] = {f"d{index}.{name}": part for name, part in parts.items()}
    return _renamed(document, index)


def _renamed(value: Any, index: int) -> Any:
    if isinstance(value, list):
        return [_renamed(member, index) for member in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("$ref"), str):
        kind, _, name = value["$ref"].removeprefix("#/components/").partition("/")
        return {"$ref": f"#/components/{kind}/d{index}.{name}"}
    return {key: member if key in ("example", "examples") else _renamed(member, index) for key, member in value.items()}


def _nullable(value: Any) -> Any:
    """A `nullable` without `type` switches Prism's check of the whole body off (5.14.2): written as an alternative."""
    if isinstance(value, list):
        return [_nullable(member) for member in value]
    if not isinstance(value, dict):
        return value
    made = {key: _nullable(member) for key, member in value.items()}
    if made.get("nullable") is True and "type" not in made:
        made.pop("nullable")
        made = {"oneOf": [made, {"enum": [None]}]}
    return made


@dataclass(frozen=True)
class _Sent:
    """A body as Prism gets it, and what it would not say of it."""

    kind: str = ""
    content: bytes = b""
    problems: tuple[str, ...] = ()


def _sent(request: httpx2.Request, operation: Operation, description: Description) -> _Sent:
    """A form as JSON: Prism reads brackets wrongly, and no parts. Members that are not described are told."""
    kind = kind_of(request)
    if not request.content:
        return _Sent()
    known = {name.partition(";")[0]: schema for name, schema in description.body(operation)[1].items()}
    if kind not in known or not (kind in AS_JSON or kind == "application/json"):
        return _Sent(kind, request.content)
    tree = tree_of(request, known[kind], description)
    strange = strays(tree, [known[kind]], description, "body")
    return _Sent(AS_JSON.get(kind, kind), json.dumps(tree).encode(), tuple(strange))


def _strange_names(request: httpx2.Request, operation: Operation) -> Iterator[str]:
    """Names in the query that the description does not have; Prism says nothing of them."""
    for name in dict(parse_qsl(request.url.query.decode(), keep_blank_values=True)):
        if operation.parameter("query", name) is None and operation.parameter("query", f"{name}[]") is None:
            yield f"there is no query parameter '{name}'"


def _answers(description: Description, operation: Operation, accept: str) -> tuple[int, list[Any]]:
    """The status of the first good answer, and the schemas that it may follow."""
    good = sorted(str(status) for status in operation.says.get("responses", {}) if str(status).startswith("2"))
    with_body = [status for status in good if description.resolved(operation.says["responses"][status]).get("content")]
    status = next(iter([*with_body, *good]), "200")
    return 200 if status == "2XX" else int(status), description.answers(operation, accept)


def _example(operation: Operation, status: int, description: Description) -> Any:
    """The example of an answer, where nothing else is said of it; Jira writes some as a text."""
    answers = operation.says.get("responses", {})
    answer = description.resolved(answers.get(str(status), answers.get("default", {})))
    found = next((one.get("example") for one in answer.get("content", {}).values()), None)
    return json.loads(found) if isinstance(found, str) and found[:1] in ("{", "[") else found


def _sentence(violation: Mapping[str, Any]) -> str:
    place = ".".join(str(one) for one in violation.get("location", ()))
    said = violation.get("message") or violation.get("detail") or violation.get("title")
    return f"{place}: {said}"
