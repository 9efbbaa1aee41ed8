"""The contract between a connector and its provider's OpenAPI 3 description.

`check_action` returns a sentence for each difference: another path or method, an input in the wrong place or of another
type, words or lengths the provider does not take, what it requires and the action may leave out, a projected field that
no answer has, a documentation link that leads elsewhere. An empty list is good. Nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.contracts.body import check_tree, is_always_there
from tests.contracts.description import Description, Operation
from tests.contracts.inputs import LIMIT, Given, check_given
from tests.contracts.projection import check_expression, elements

from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Input, Request
from connectory.catalog.template import parse_template

CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "form_brackets": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
    "multipart_related": "application/json",  # what a file is sent with
}
PARAMETER = re.compile(r"\{([^{}]*)\}")


def check_action(connector: Connector, action: Action, description: Description) -> list[str]:
    """Return every difference between an action and the description, each as one sentence."""
    spec = action.manifest
    operation = operation_of(connector, spec.request, description)
    if operation is None:
        return [f"{spec.request.method} {spec.request.path} is no operation of the description"]
    inputs = dict(spec.inputs)
    if spec.pages is not None:
        inputs["limit"] = LIMIT.model_copy(update={"maximum": spec.pages.max_size})
    problems = [*_check_request(connector, spec.request, inputs, operation, description)]
    problems += _check_answer(connector, spec.request, [spec.answer.items, spec.answer.item], operation, description)
    problems += _check_docs(spec.docs, operation)
    if operation.says.get("deprecated"):
        problems.append(f"{operation.method} {operation.path} is deprecated")
    return problems


def check_lookup(connector: Connector, request: Request, expressions: list[str], description: Description) -> list[str]:
    """Return every difference of a request without inputs, and of expressions over its answer: a verify call."""
    operation = operation_of(connector, request, description)
    if operation is None:
        return [f"{request.method} {request.path} is no operation of the description"]
    problems = [*_check_request(connector, request, {}, operation, description)]
    for expression in expressions:
        problems += _check_answer(connector, request, [None, expression], operation, description)
    return problems


def called_by(connector: Connector, description: Description) -> dict[str, set[str]]:
    """The methods by path of all the described operations that the connector calls, to verify a sign-in too."""
    verify = connector.manifest.verify
    requests = [action.manifest.request for action in connector.actions.values()]
    called: dict[str, set[str]] = {}
    proofs = [one for one in (verify, verify and verify.otherwise) if one is not None]
    for request in [*requests, *(proof.request for proof in proofs)]:
        if (operation := operation_of(connector, request, description)) is not None:
            called.setdefault(operation.path, set()).add(operation.method.lower())
    return called


def operation_of(connector: Connector, request: Request, description: Description) -> Operation | None:
    """The described operation that a request calls, by its path below the server's own."""
    servers = connector.manifest.servers
    server = parse_template(servers[request.server or next(iter(servers))])
    filled = "".join(part if isinstance(part, str) else "x" for part in server.parts)
    base = urlsplit(filled if "://" in filled else f"https://{filled}").path.rstrip(
        "/"
    )  # a fact may be the whole origin
    parts = parse_template(request.path).parts
    return description.operation(
        request.method, base + "".join(part if isinstance(part, str) else "{}" for part in parts)
    )


def _check_request(
    connector: Connector,
    request: Request,
    inputs: Mapping[str, Input],
    operation: Operation,
    description: Description,
) -> Iterator[str]:
    yield from _check_path(request, inputs, operation, description)
    yield from _check_query(request, inputs, operation, description)
    sent = {name.lower() for name in (*connector.manifest.headers, *request.headers)}
    for parameter in operation.parameters:
        if parameter["in"] == "header" and parameter.get("required") and parameter["name"].lower() not in sent:
            yield f"header {parameter['name']} is required and not sent"
    yield from _check_body(request, inputs, operation, description)


def _check_path(
    request: Request, inputs: Mapping[str, Input], operation: Operation, description: Description
) -> Iterator[str]:
    ours = [part for part in parse_template(request.path).parts if not isinstance(part, str)]
    for part, name in zip(reversed(ours), reversed(PARAMETER.findall(operation.path)), strict=False):
        parameter = operation.parameter("path", name)
        if part.scope == "input" and part.name in inputs and parameter is not None:
            given = Given(str(part), inputs[part.name], is_required=True)
            yield from check_given(given, f"path parameter {name}", parameter.get("schema", {}), description)


def _check_query(
    request: Request, inputs: Mapping[str, Input], operation: Operation, description: Description
) -> Iterator[str]:
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
        yield from check_tree(leaf, place, parameter.get("schema", {}), inputs, description)
    for parameter in operation.parameters:
        if parameter["in"] == "query" and parameter.get("required") and parameter["name"] not in request.query:
            yield f"query parameter {parameter['name']} is required and not sent"


def _check_body(
    request: Request, inputs: Mapping[str, Input], operation: Operation, description: Description
) -> Iterator[str]:
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


def _check_answer(
    connector: Connector,
    request: Request,
    expressions: list[str | None],
    operation: Operation,
    description: Description,
) -> Iterator[str]:
    items, item = expressions
    if items is None and item in (None, "@"):
        return
    headers = {name.lower(): value for name, value in {**connector.manifest.headers, **request.headers}.items()}
    answers = description.answers(operation, headers.get("accept", "application/json"))
    if not answers:
        yield "the answer is projected, and no good answer has a body"
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
