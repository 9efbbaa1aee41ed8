"""Types of a GraphQL schema as JSON Schema: those of variables, and of what a document selects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    is_required_input_field,
)
from tests.contracts.description import Description

SCALARS: dict[str, dict[str, Any]] = {
    "Int": {"type": "integer"},
    "Float": {"type": "number"},
    "String": {"type": "string"},
    "Boolean": {"type": "boolean"},
}
ID_GIVEN = {"type": ["string", "integer"]}  # a number is taken as well (section 3.5.5), and a text comes back
ERRORS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"message": {"type": "string"}, "path": {"type": "array"}, "extensions": {}},
    },
}


def input_description(schema: GraphQLSchema) -> Description:
    """All input objects of a schema, as the components of a description."""
    known = {name: one for name, one in schema.type_map.items() if isinstance(one, GraphQLInputObjectType)}
    return Description(
        {"paths": {}, "components": {"schemas": {name: _input_object(one) for name, one in known.items()}}}
    )


def input_schema(kind: Any) -> dict[str, Any]:
    """What may be given for a type of this kind."""
    if isinstance(kind, GraphQLNonNull):
        return {key: value for key, value in input_schema(kind.of_type).items() if key != "nullable"}
    if isinstance(kind, GraphQLList):
        return {"type": "array", "items": input_schema(kind.of_type), "nullable": True}
    if isinstance(kind, GraphQLInputObjectType):
        return {"allOf": [{"$ref": f"#/components/schemas/{kind.name}"}], "nullable": True}
    if isinstance(kind, GraphQLEnumType):
        return {"type": "string", "enum": list(kind.values), "nullable": True}
    return {**(ID_GIVEN if kind.name == "ID" else SCALARS.get(kind.name, {})), "nullable": True}


def answer_schema(schema: GraphQLSchema, document: DocumentNode) -> dict[str, Any]:
    """The answer to a valid document: what it selects, and no more."""
    return {
        "type": "object",
        "properties": {"data": _Selected(schema, document).data(), "errors": ERRORS, "extensions": {}},
        "additionalProperties": False,
    }


class _Selected:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        [self.operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]

    def data(self) -> dict[str, Any]:
        """What stands under `data`."""
        root = self.schema.get_root_type(self.operation.operation)
        return self._object(root, self.operation.selection_set)

    def _object(self, kind: Any, selections: SelectionSetNode) -> dict[str, Any]:
        members: dict[str, list[dict[str, Any]]] = {}
        for owner, node in self._fields(kind, selections):
            key = node.alias.value if node.alias else node.name.value
            found = self._value(self._type_of(owner, node.name.value), node.selection_set)
            if found not in members.setdefault(key, []):
                members[key].append(found)
        properties = {key: one[0] if len(one) == 1 else {"anyOf": one} for key, one in members.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def _fields(self, kind: Any, selections: SelectionSetNode) -> Iterator[tuple[Any, FieldNode]]:
        """Every field that may be selected, of whichever type it is asked, with that type."""
        for one in selections.selections:
            if isinstance(one, FieldNode):
                yield kind, one
                continue
            fragment = one if isinstance(one, InlineFragmentNode) else self.fragments[one.name.value]  # type: ignore[attr-defined]
            condition = fragment.type_condition
            inner = kind if condition is None else self.schema.type_map[condition.name.value]
            yield from self._fields(inner, fragment.selection_set)

    def _type_of(self, owner: Any, name: str) -> Any:
        return self.schema.type_map["String"] if name == "__typename" else owner.fields[name].type

    def _value(self, kind: Any, selections: SelectionSetNode | None) -> dict[str, Any]:
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, selections)
        if isinstance(kind, GraphQLList):
            return {"type": "array", "items": self._value(kind.of_type, selections)}
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            assert selections is not None, "the document is valid"
            return self._object(kind, selections)
        if isinstance(kind, GraphQLEnumType):
            return {"type": "string", "enum": list(kind.values)}
        return {"type": "string"} if kind.name == "ID" else dict(SCALARS.get(kind.name, {}))


def _input_object(kind: GraphQLInputObjectType) -> dict[str, Any]:
    required = [name for name, field in kind.fields.items() if is_required_input_field(field)]
    properties = {
        name: {**input_schema(field.type), **({"deprecated": True} if field.deprecation_reason else {})}
        for name, field in kind.fields.items()
    }
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
