"""The contract between a connector and its provider's OpenAPI 3 description.

`check_action` returns a sentence for each difference: another path or method, an input in the wrong place or of another
type, words or lengths the provider does not take, what it requires and the action may leave out, a projected field that
no answer has, a documentation link that leads elsewhere. An empty list is good. Nothing is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.contracts.body import check_tree
from tests.contracts.description import Description, Operation, Schema, types_of
from tests.contracts.inputs import LIMIT, LIMIT_NAME, Given, Inputs, check_given
from tests.contracts.paths import OurPath, path_of
from tests.contracts.presence import is_always_there
from tests.contracts.projection import check_expression, elements

from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Request, Step

KEY = "6f1c3c4e-21c4-4a36-9a53-0d9a42f5b7aa"  # as our idempotency keys are: a UUID
CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "form_brackets": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
    "multipart_related": "application/json",  # what a file is sent with
}


def check_action(connector: Connector, action: Action, description: Description) -> list[str]:
    """Return every difference between an action and the description, each as one sentence."""
    request = action.manifest.request
    called = operation_of(connector, request, description)
    if called is None:
        return [f"{request.method} {request.path} is no operation of the description"]
    return compare_action(connector, action, Call(*called, description))


def check_lookup(connector: Connector, request: Request, expressions: list[str], description: Description) -> list[str]:
    """Return every difference of a request without inputs, and of expressions over its answer: a verify call."""
    called = operation_of(connector, request, description)
    if called is None:
        return [f"{request.method} {request.path} is no operation of the description"]
    return compare_lookup(connector, request, [(None, one) for one in expressions], Call(*called, description))


@dataclass(frozen=True, slots=True)
class Call:
    """A path of ours, and the operation that it calls."""

    path: OurPath
    operation: Operation
    description: Description

    @property
    def described_path(self) -> str:
        """The operation's path from the host on."""
        return self.description.base_path + self.operation.path


def compare_action(connector: Connector, action: Action, call: Call) -> list[str]:
    """Return every difference between an action and the operation that it calls."""
    spec = action.manifest
    problems = [*_check_request(connector, spec.request, inputs_of(action), call)]
    problems += check_answer(connector, spec.request, (spec.answer.items, spec.answer.item), call)
    problems += _check_docs(spec.docs, call.operation)
    if call.operation.says.get("deprecated"):
        problems.append(f"{call.operation.method} {call.operation.path} is deprecated")
    return problems


def compare_step(connector: Connector, action: Action, step: Step, call: Call) -> list[str]:
    """Return every difference between a step of an action and the operation that it calls."""
    kept = [(None, path) for path in step.keep.values()]
    return compare_lookup(connector, step.request, kept, call, inputs_of(action))


def compare_lookup(
    connector: Connector,
    request: Request,
    expressions: Sequence[tuple[str | None, str]],
    call: Call,
    inputs: Inputs | None = None,
) -> list[str]:
    """Return every difference of a request, and of pairs of `items` and `item` over its answer; none: no inputs."""
    problems = [*_check_request(connector, request, Inputs({}) if inputs is None else inputs, call)]
    for pair in expressions:
        problems += check_answer(connector, request, pair, call)
    return problems


def inputs_of(action: Action) -> Inputs:
    """The inputs of an action, `limit` among them where it is a list."""
    spec = action.manifest
    pages = {} if spec.pages is None else {LIMIT_NAME: LIMIT.model_copy(update={"maximum": spec.pages.max_size})}
    return Inputs({**spec.inputs, **pages}, spec.needs)


def called_by(connector: Connector, description: Description) -> dict[str, set[str]]:
    """The methods by path of all the described operations that the connector calls, to verify a sign-in too."""
    called: dict[str, set[str]] = {}
    for request in requests_of(connector):
        if (found := operation_of(connector, request, description)) is not None:
            called.setdefault(found[1].path, set()).add(found[1].method.lower())
    return called


def requests_of(connector: Connector) -> list[Request]:
    """All that a connector sends: its actions, the details of items, and what proves a sign-in."""
    verify = connector.manifest.verify
    proofs = [one for one in (verify, verify and verify.otherwise) if one is not None]
    return [
        *(request for action in connector.actions.values() for request in action.manifest.requests),
        *(proof.request for proof in proofs),
    ]


def operation_of(connector: Connector, request: Request, description: Description) -> tuple[OurPath, Operation] | None:
    """The described operation that a request calls, by its path below the server's own."""
    path = path_of(connector, request)
    operation = description.operation(request.method, path.text)
    return None if operation is None else (path, operation)


def _with_key(connector: Connector, request: Request) -> Request:
    """The request with its idempotency key, where its action takes one."""
    key = connector.manifest.idempotency
    mine = (one.manifest for one in connector.actions.values() if one.manifest.request is request)
    if key is None or not any(one.takes(key) for one in mine):
        return request
    if key.body is not None:
        return request.model_copy(update={"body": {**(request.body or {}), key.body: KEY}})
    place, name = ("query", key.query) if key.query is not None else ("headers", key.header)
    return request if name is None else request.model_copy(update={place: {**getattr(request, place), name: KEY}})


def _check_request(connector: Connector, request: Request, inputs: Inputs, call: Call) -> Iterator[str]:
    request = _with_key(connector, request)
    yield from _check_path(inputs, call)
    yield from _check_query(request, inputs, call.operation, call.description)
    sent = {name.lower() for name in (*connector.manifest.headers, *request.headers)}
    for parameter in call.operation.parameters:
        if parameter["in"] == "header" and parameter.get("required") and parameter["name"].lower() not in sent:
            yield f"header {parameter['name']} is required and not sent"
    yield from _check_body(request, inputs, call.operation, call.description)


def _check_path(inputs: Inputs, call: Call) -> Iterator[str]:
    for name, part in call.path.standing_for(call.described_path).items():
        parameter = call.operation.parameter("path", name)
        if parameter is None:
            continue
        schema, place = parameter.get("schema", {}), f"path parameter {name}"
        if isinstance(part, str):
            given = Given(part, None, value=part)
            yield from check_given(given, place, _as_text(schema, call.description), call.description)
        elif part.scope == "input" and part.name in inputs:
            given = Given(str(part), inputs[part.name])
            yield from check_given(given, place, schema, call.description)


def _as_text(schema: Schema, description: Description) -> Schema:
    """What stands in a path is a text, whatever it means: only the words that are listed count."""
    return {"anyOf": [{"enum": one["enum"]} if "enum" in one else {} for one in description.alternatives(schema)]}


def _check_query(request: Request, inputs: Inputs, operation: Operation, description: Description) -> Iterator[str]:
    for name, leaf in request.query.items():
        parameter = operation.parameter("query", name)
        if parameter is None:
            there = ", ".join(one["name"] for one in operation.parameters if one["in"] == "query")
            yield f"there is no query parameter '{name}'; there are {there or 'none'}"
            continue
        if parameter.get("deprecated"):
            yield f"query parameter {name} is deprecated"
        place = f"query parameter {name}"
        if parameter.get("required") and not is_always_there(leaf, inputs):
            yield f"{place} is required, and may be left out"
        schema = _in_query(parameter.get("schema", {}), description)
        yield from check_tree(_value_of(leaf), place, schema, inputs, description)
    for parameter in operation.parameters:
        if parameter["in"] == "query" and parameter.get("required") and parameter["name"] not in request.query:
            yield f"query parameter {parameter['name']} is required and not sent"


def _in_query(schema: Schema, description: Description) -> Schema:
    """What stands in a query is a text: where one is taken, so is a number; one element stands for a list of one."""
    lists = [one.get("items", {}) for one in description.alternatives(schema) if types_of(one) == {"array"}]
    alternatives = [found for one in (schema, *lists) for found in description.alternatives(one)]
    single = ["string", "integer", "number", "boolean"]
    texts = [types_of(one) == {"string"} and "enum" not in one for one in alternatives]
    found = zip(alternatives, texts, strict=True)
    return {"anyOf": [{**one, "type": single} if is_text else one for one, is_text in found]}


def _value_of(leaf: Any) -> Any:
    """What a constant text of a query means."""
    return json.loads(leaf) if isinstance(leaf, str) and re.fullmatch(r"true|false|\d{1,9}", leaf) else leaf


def _check_body(request: Request, inputs: Inputs, operation: Operation, description: Description) -> Iterator[str]:
    required, kinds = description.body(operation)
    if request.body is None:
        if required:
            yield "a body is required and not sent"
        return
    kind = CONTENT_TYPES.get(request.encoding)
    if kind is None:
        return  # one text or file: nothing in it has a name
    schema = next((schema for name, schema in kinds.items() if name.partition(";")[0] == kind), None)
    if schema is None:
        yield f"no body is taken as {kind}; {', '.join(kinds) or 'none is taken at all'}"
        return
    for tree in _json_parts(request):
        yield from check_tree(tree, "body", schema, inputs, description)


def _json_parts(request: Request) -> list[Any]:
    """What of a body is JSON: of related parts those that are objects, of all else the whole."""
    if request.encoding != "multipart_related":
        return [request.body]
    return [part["content"] for part in request.body if isinstance(part["content"], dict)]


def check_answer(
    connector: Connector, request: Request, expressions: tuple[str | None, str | None], call: Call
) -> Iterator[str]:
    """Yield the fields of an answer's two expressions, `items` and `item`, that no good answer has."""
    items, item = expressions
    if items is None and item in (None, "@"):
        return
    answers = good_answers(connector, request, call)
    if not answers:
        yield "the answer is projected, and no good answer has a body"
    yield from check_projection(expressions, answers, call.description)


def good_answers(connector: Connector, request: Request, call: Call) -> list[Schema]:
    """The schemas of the good answers to what the request accepts."""
    headers = {name.lower(): value for name, value in {**connector.manifest.headers, **request.headers}.items()}
    return call.description.answers(call.operation, headers.get("accept", "application/json"))


def check_projection(
    expressions: tuple[str | None, str | None], answers: Sequence[Schema], description: Description
) -> Iterator[str]:
    """Yield the fields of two expressions, `items` and `item`, that none of these answers has."""
    items, item = expressions
    for answer in answers:
        scope = [answer]
        if items is not None:
            found, problems = check_expression(items, scope, description)
            yield from (f"answer.items {problem}" for problem in problems)
            inner = elements(found, description)
            if inner is None:
                yield f"answer.items {items!r} gives no list"
                continue
            scope = inner
        _, problems = check_expression(item or "@", scope, description)
        yield from (f"answer.item {problem}" for problem in problems)


def _check_docs(docs: str, operation: Operation) -> Iterator[str]:
    """The page and the place on it are the same; a language in the path does not count."""
    theirs = operation.says.get("externalDocs", {}).get("url")
    if theirs is None:
        return
    ours, meant = urlsplit(docs), urlsplit(theirs)
    same = ours.path.replace("/en/", "/", 1).rstrip("/") == meant.path.replace("/en/", "/", 1).rstrip("/")
    if not same or ours.fragment != meant.fragment or ours.netloc != meant.netloc:
        yield f"docs is {docs}, and there {theirs}"
