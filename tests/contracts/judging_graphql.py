"""Requests judged by a GraphQL schema: executed by it, with a value for every field (spec.graphql.org, section 6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLScalarType,
    InlineFragmentNode,
    execute_sync,
    parse,
    validate,
)
from tests.contracts.graphql_schema import RULES, GraphQl
from tests.contracts.judging import Verdict
from tests.contracts.making import FORMATS

VALUES: Mapping[str, Any] = {
    "Int": 7, "Float": 7.5, "Boolean": True, "ID": "gid://id/7", "DateTime": FORMATS["date-time"],
    "Date": FORMATS["date"], "TimelessDate": FORMATS["date"], "URL": FORMATS["uri"], "Decimal": "12.50",
    "Money": "12.50", "UnsignedInt64": "1234", "JSON": {}, "JSONObject": {},
}  # fmt: skip


@dataclass
class BySchema:
    """Executes what it gets."""

    source: GraphQl
    given: Mapping[str, Any] = field(default_factory=dict)
    last: bool = False  # which type, where a field may have several

    async def judge(self, request: httpx2.Request) -> Verdict:
        """Validate and execute one request."""
        body = json.loads(request.content)
        document = parse(body["query"])
        if problems := [error.message for error in validate(self.source.schema, document, RULES)]:
            return Verdict(problems, 200, {"errors": [{"message": one} for one in problems]})
        done = execute_sync(
            self.source.schema,
            document,
            variable_values=body.get("variables"),
            field_resolver=self._value,
            type_resolver=self._type,
        )
        return Verdict([error.message for error in done.errors or ()], 200, {"data": done.data})

    def _value(self, source: Any, info: GraphQLResolveInfo[Any], **_: Any) -> Any:
        if isinstance(source, Mapping) and info.field_name in source:  # of an object that was given
            return source[info.field_name]
        return self.given[info.field_name] if info.field_name in self.given else self._of(info.return_type, info)

    def _of(self, kind: Any, info: GraphQLResolveInfo[Any]) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._of(kind.of_type, info)
        if isinstance(kind, GraphQLList):
            return [self._of(kind.of_type, info)]
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values.values())).value
        if isinstance(kind, GraphQLScalarType):
            return VALUES.get(kind.name, f"a {info.field_name}")
        return {}

    def _type(self, value: Any, info: GraphQLResolveInfo[Any], kind: Any) -> str:
        """Of several types one that the document asks of, so that what it selects is there."""
        possible = [one.name for one in info.schema.get_possible_types(kind)]
        asked = [name for node in info.field_nodes for name in _asked(node, info) if name in possible]
        chosen = asked or possible
        return chosen[-1 if self.last else 0]


def _asked(node: Any, info: GraphQLResolveInfo[Any]) -> Iterator[str]:
    """The types of which fragments below a field, and not below further fields, ask something."""
    for one in node.selection_set.selections if node.selection_set is not None else ():
        if isinstance(one, FieldNode):
            continue
        fragment = one if isinstance(one, InlineFragmentNode) else info.fragments[one.name.value]
        fragment = getattr(fragment, "definition", fragment)
        if fragment.type_condition is not None:
            yield fragment.type_condition.name.value
        yield from _asked(fragment, info)
