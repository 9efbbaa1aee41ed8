"""GraphQL: the document parses, has one operation, and its variables are those that are given.

No value of an input ever stands in the document's text: that would be injection (CWE-943). What the document asks for
is the provider's schema's matter, which is not at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from connectory.catalog.checks.names import Names
from connectory.catalog.checks.queries import check_queries
from connectory.catalog.checks.trees import check_root, check_tree, is_surely_given
from connectory.catalog.manifest import Request
from connectory.catalog.problems import Finding
from connectory.catalog.template import KEY
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean

if TYPE_CHECKING:
    from graphql import DocumentNode, Node, OperationDefinitionNode, VariableDefinitionNode

MAX_DOCUMENT = 20_000  # characters
MAX_TOKENS = 5_000
BY_VARIABLES = "Declare a variable, e.g. query($id: ID!), and fill it under `variables`."
_PLACEHOLDER = re.compile(r"\{\+?(connection|credential|[a-z][a-z0-9_]*)(\.[A-Za-z0-9_.]+)?\}")


def check_graphql(path: KeyPath, request: Request, names: Names, *, key: str | None) -> Iterator[Finding]:
    """Yield what is wrong with the GraphQL document of a request and its variables; without one, nothing.

    `key` is the variable of mutations that `idempotency` fills.
    """
    if request.graphql is None:
        return
    if request.method != "POST":
        yield Finding(path, f"GraphQL is sent by POST, not {request.method}.", "Use post.")
    for other in ("body", "encoding", "content_type"):
        if other in request.model_fields_set:
            yield Finding((*path, other), f"With `graphql` there is no `{other}`: it is JSON.", "Leave it out.")
    yield from _check_values((*path, "variables"), request.variables, names)
    here = (*path, "graphql")
    document = _parse(request.graphql)
    if isinstance(document, str):
        hint = BY_VARIABLES if _PLACEHOLDER.search(request.graphql) else ""
        yield Finding(here, f"This is no GraphQL document: {document}", hint)
        return
    yield from _check_texts(here, document, names)
    filled = key if not is_query(request.graphql) else None
    if filled in request.variables:
        yield Finding((*path, "variables", str(filled)), f"'{filled}' is set by `idempotency`.", "Leave it out.")
        filled = None
    yield from _check_document(path, document, request, names, filled)


def _check_values(path: KeyPath, variables: Mapping[str, object], names: Names) -> Iterator[Finding]:
    broken = list(check_root(path, variables, "all variables", "A form is the value of one variable."))
    if broken:
        yield from broken
        return
    for name, tree in variables.items():
        yield from check_tree((*path, name), tree, names)
    yield from check_queries(path, variables, names)


def is_query(text: str) -> bool:
    """Whether the document only reads; a broken one is told elsewhere."""
    document = _parse(text)
    return isinstance(document, str) or all(one.operation.value == "query" for one in _operations(document))


@lru_cache(maxsize=64)
def _parse(text: str) -> DocumentNode | str:
    """Return the document, or why it is none."""
    if len(text) > MAX_DOCUMENT:
        return f"it has more than {MAX_DOCUMENT:,} characters."
    from graphql import GraphQLError, parse

    try:
        return parse(text, no_location=True, max_tokens=MAX_TOKENS)
    except GraphQLError as error:
        at = f" (line {error.locations[0].line}, column {error.locations[0].column})" if error.locations else ""
        return f"{error.message.removeprefix('Syntax Error: ')[:200].rstrip('.')}{at}."


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    from graphql import OperationDefinitionNode

    return [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]


def _check_texts(path: KeyPath, document: DocumentNode, names: Names) -> Iterator[Finding]:
    from graphql import StringValueNode

    for node in _nodes(document):
        if not isinstance(node, StringValueNode):
            continue
        for found in _PLACEHOLDER.finditer(node.value):
            if found[1] in ("connection", "credential", "each", "limit", "cursor", KEY) or found[1] in names.inputs:
                yield Finding(path, f"{found[0]} stands in the document, where nothing is filled in.", BY_VARIABLES)


def _check_document(
    path: KeyPath, document: DocumentNode, request: Request, names: Names, filled: str | None
) -> Iterator[Finding]:
    from graphql import FragmentDefinitionNode, FragmentSpreadNode, VariableNode

    here = (*path, "graphql")
    operations = _operations(document)
    if len(operations) != 1:
        yield Finding(here, f"The document has {len(operations)} operations.", "Write exactly one query or mutation.")
        return
    operation = operations[0]
    if operation.operation.value == "subscription":
        yield Finding(here, "A subscription never ends, so it is no action.", "Write a query or a mutation.")
    fragments = {one.name.value for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    if len(fragments) + 1 != len(document.definitions):
        yield Finding(here, "The document holds more than an operation and fragments.", "Leave type definitions out.")
    nodes = list(_nodes(document))
    spread = {node.name.value for node in nodes if isinstance(node, FragmentSpreadNode)}
    for name in sorted(spread - fragments):
        yield Finding(here, f"There is no fragment '{name}'.", did_you_mean(name[:60], fragments))
    for name in sorted(fragments - spread):
        yield Finding(here, f"The fragment '{name}' is used nowhere.", "Remove it.")
    declared = {one.variable.name.value: one for one in operation.variable_definitions or ()}
    definitions = {id(one.variable) for one in declared.values()}
    used = {node.name.value for node in nodes if isinstance(node, VariableNode) and id(node) not in definitions}
    for name in sorted(used - declared.keys()):
        yield Finding(here, f"${name} is not declared.", did_you_mean(name[:60], declared) or BY_VARIABLES)
    for name in sorted(declared.keys() - used):
        yield Finding(here, f"${name} is declared and used nowhere.", "Use it, or remove it.")
    yield from _check_variables(path, {one: declared[one] for one in declared if one != filled}, request, names)


def _check_variables(
    path: KeyPath, declared: dict[str, VariableDefinitionNode], request: Request, names: Names
) -> Iterator[Finding]:
    from graphql import NonNullTypeNode

    for name, definition in declared.items():
        is_required = isinstance(definition.type, NonNullTypeNode) and definition.default_value is None
        here = (*path, "variables", name)
        if name not in request.variables:
            yield Finding((*path, "graphql"), f"${name} is never given.", f"Fill '{name}' under `variables`.")
        elif is_required and not is_surely_given(request.variables[name], names):
            hint = "Make its inputs required or name them under `needs`, give the variable a default, or drop the `!`."
            yield Finding(here, f"${name} must be given, and may be absent here.", hint)
    for name in request.variables:
        if name not in declared:
            hint = did_you_mean(name[:60], declared) or "Declare it in the operation, or remove it."
            yield Finding((*path, "variables", name), f"The document declares no ${name[:60]}.", hint)


def _nodes(document: DocumentNode) -> Iterator[Node]:
    """Yield every node, without recursion: a document may be as deep as the parser went."""
    from graphql import Node

    waiting: list[Node] = [document]
    while waiting:
        node = waiting.pop()
        yield node
        for key in node.keys:
            value = getattr(node, key, None)
            waiting += [
                one for one in (value if isinstance(value, list | tuple) else (value,)) if isinstance(one, Node)
            ]
