"""A provider's GraphQL schema as the source of a contract.

The document of each request is valid by it (https://spec.graphql.org/ section 5) and uses nothing deprecated; the tree
of each variable fits the variable's type; what the answer's expressions name is what the document selects.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from graphql import (
    DocumentNode,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    NonNullTypeNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
    build_client_schema,
    build_schema,
    parse,
    specified_rules,
    type_from_ast,
    validate,
)
from tests.contracts.body import check_tree
from tests.contracts.check import check_projection, inputs_of
from tests.contracts.contract import Answers, Expressions, Kind
from tests.contracts.description import Description
from tests.contracts.graphql_types import answer_schema, input_description, input_schema
from tests.contracts.inputs import Inputs
from tests.contracts.openapi import missing_file
from tests.contracts.presence import is_always_there

from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Request

RULES = [*specified_rules, NoDeprecatedCustomRule]


@dataclass(frozen=True, eq=False)
class GraphQl:
    """The schema in a file: SDL, or what introspection gives, as JSON or packed by gzip."""

    file: Path

    @property
    def kind(self) -> Kind:
        """How a check by it is counted."""
        return "description"

    @property
    def missing(self) -> str | None:
        """Why it cannot be read here."""
        return missing_file([self.file])

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The schema."""
        data = self.file.read_bytes()
        text = (gzip.decompress(data) if self.file.suffix == ".gz" else data).decode()
        if self.file.suffix == ".graphql":
            return build_schema(text, assume_valid=True)
        document = json.loads(text)
        return build_client_schema(document.get("data", document), assume_valid=True)

    @cached_property
    def description(self) -> Description:
        """Its input types as JSON Schema."""
        return input_description(self.schema)

    def check(self, connector: Connector, action: Action) -> list[str] | None:
        """Return every difference of an action; None: it is no GraphQL."""
        spec = action.manifest
        pair = (spec.answer.items, spec.answer.item)
        found = self._check(connector, spec.request, inputs_of(action), [pair])
        if found is not None and (expand := spec.answer.expand) is not None:
            further = self._check(connector, expand.request, Inputs({}), [(expand.items, expand.item)])
            found += further if further is not None else ["the further request is no GraphQL"]
        return found

    def answers(self, connector: Connector, action: Action) -> Answers:
        """What the document selects."""
        assert action.manifest.request.graphql is not None
        return [answer_schema(self.schema, parse(action.manifest.request.graphql))], self.description

    def check_lookup(self, connector: Connector, request: Request, expressions: Expressions) -> list[str] | None:
        """The same of a request without inputs."""
        return self._check(connector, request, Inputs({}), expressions)

    def _check(
        self, connector: Connector, request: Request, inputs: Inputs, expressions: Expressions
    ) -> list[str] | None:
        if request.graphql is None:
            return None
        document = parse(request.graphql)
        problems = [f"the document: {error.message}" for error in validate(self.schema, document, RULES)]
        if problems:
            return problems  # what is asked for is not known to be there
        problems += self._check_variables(connector, request, inputs, document)
        answer = answer_schema(self.schema, document)
        for pair in expressions:
            problems += check_projection(pair, [answer], self.description)
        return problems

    def _check_variables(
        self, connector: Connector, request: Request, inputs: Inputs, document: DocumentNode
    ) -> Iterator[str]:
        declared = {one.variable.name.value: one for one in operation(document).variable_definitions or ()}
        filled = getattr(connector.manifest.idempotency, "variable", None)
        for name, tree in request.variables.items():
            if name not in declared:
                yield f"the document has no variable ${name}"
                continue
            kind = type_from_ast(self.schema, declared[name].type)
            assert kind is not None, "the document is valid"
            yield from check_tree(tree, f"${name}", input_schema(kind), inputs, self.description)
        for name, one in declared.items():
            if _is_required(one) and name != filled:
                if name not in request.variables:
                    yield f"${name} is required and not sent"
                elif not is_always_there(request.variables[name], inputs):
                    yield f"${name} is required, and may be left out"


def operation(document: DocumentNode) -> OperationDefinitionNode:
    """The one operation of a document."""
    [only] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    return only


def _is_required(variable: VariableDefinitionNode) -> bool:
    return isinstance(variable.type, NonNullTypeNode) and variable.default_value is None
