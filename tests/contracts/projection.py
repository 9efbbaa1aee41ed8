"""Walk a JMESPath expression over an answer's schema: which fields it names that no answer has.

Not evaluated but read (the grammar: https://jmespath.org/specification.html): each node is given the alternatives of
what comes in, and gives those of what goes out. What a schema leaves open allows everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from tests.contracts.description import Description, Schema, types_of

Alternatives = list[Schema]
Node = Mapping[str, Any]
ANY: Alternatives = [{}]
TEXT: Alternatives = [{"type": "string"}]
NUMBER: Alternatives = [{"type": "number"}]
TRUTH: Alternatives = [{"type": "boolean"}]
# What the functions of the specification give; `None`: the first argument's own alternatives.
FUNCTIONS: Mapping[str, Alternatives | None] = {
    "abs": NUMBER, "avg": NUMBER, "ceil": NUMBER, "contains": TRUTH, "ends_with": TRUTH, "floor": NUMBER,
    "join": TEXT, "keys": [{"type": "array", "items": {"type": "string"}}], "length": NUMBER, "reverse": None,
    "sort": None, "sort_by": None, "starts_with": TRUTH, "sum": NUMBER, "to_number": NUMBER, "to_string": TEXT,
    "type": TEXT,
}  # fmt: skip
LITERALS: tuple[tuple[type | tuple[type, ...], Alternatives], ...] = (
    (bool, TRUTH), (str, TEXT), ((int, float), NUMBER), (list, [{"type": "array"}]), (type(None), []),
)  # fmt: skip


def check_expression(
    expression: str, schemas: Alternatives, description: Description
) -> tuple[Alternatives, list[str]]:
    """Return the alternatives of what the expression gives, and a sentence for each field that is nowhere."""
    walk = _Walk(description, expression)
    came_in = [found for schema in schemas for found in description.alternatives(schema)]
    given = walk.visit(jmespath.compile(expression).parsed, came_in)
    return given, walk.problems


def elements(alternatives: Alternatives, description: Description) -> Alternatives | None:
    """The alternatives of a list's elements; None where none of these is a list."""
    lists = [one for one in alternatives if not types_of(one) or "array" in types_of(one)]
    if not lists:
        return None
    return [found for one in lists for found in description.alternatives(one.get("items", {}))]


@dataclass
class _Walk:
    description: Description
    expression: str
    problems: list[str] = field(default_factory=list)

    def visit(self, node: Node, scope: Alternatives) -> Alternatives:
        """What the node makes of a value that follows `scope`."""
        kind = node["type"]
        known: Mapping[str, Callable[[Node, Alternatives], Alternatives]] = {
            "field": self._field, "literal": self._literal, "projection": self._projection, "slice": self._same,
            "filter_projection": self._filter, "value_projection": self._values, "flatten": self._flatten,
            "index": self._index, "subexpression": self._chain, "index_expression": self._chain, "pipe": self._chain,
            "multi_select_dict": self._object, "multi_select_list": self._list, "or_expression": self._either,
            "and_expression": self._either, "not_expression": self._truth, "comparator": self._truth,
            "function_expression": self._function, "identity": self._same, "current": self._same,
            "expref": self._expref,
        }  # fmt: skip
        return known[kind](node, scope)

    def _field(self, node: Node, scope: Alternatives) -> Alternatives:
        name = node["value"]
        found = [member for one in scope for member in self._member(one, name)]
        if not found and scope:
            there = sorted({key for one in scope for key in one.get("properties", {})})
            said = f"there are {', '.join(there[:60])}" if there else "what stands there has no fields"
            self.problems.append(f"{self.expression[:60]!r}: no answer has the field '{name}'; {said}")
            return ANY
        return found

    def _member(self, schema: Schema, name: str) -> Alternatives:
        types = types_of(schema)
        if types and "object" not in types:
            return []
        properties = schema.get("properties", {})
        if name in properties:
            return self.description.alternatives(properties[name])
        further = schema.get("additionalProperties", not properties)
        if isinstance(further, Mapping) and further:
            return self.description.alternatives(further)
        return ANY if further is not False else []

    def _literal(self, node: Node, scope: Alternatives) -> Alternatives:
        value = node["value"]
        return next((given for kind, given in LITERALS if isinstance(value, kind)), ANY)

    def _same(self, node: Node, scope: Alternatives) -> Alternatives:
        return scope

    def _chain(self, node: Node, scope: Alternatives) -> Alternatives:
        for child in node["children"]:
            scope = self.visit(child, scope)
        return scope

    def _projection(self, node: Node, scope: Alternatives) -> Alternatives:
        left, right = node["children"]
        return _array(self.visit(right, self._elements(self.visit(left, scope))))

    def _filter(self, node: Node, scope: Alternatives) -> Alternatives:
        left, right, condition = node["children"]
        inner = self._elements(self.visit(left, scope))
        self.visit(condition, inner)
        return _array(self.visit(right, inner))

    def _values(self, node: Node, scope: Alternatives) -> Alternatives:
        left, right = node["children"]
        inner = [
            found
            for one in self.visit(left, scope)
            for member in (one.get("properties") or {"": one.get("additionalProperties") or {}}).values()
            for found in self.description.alternatives(member if isinstance(member, Mapping) else {})
        ]
        return _array(self.visit(right, inner))

    def _flatten(self, node: Node, scope: Alternatives) -> Alternatives:
        inner = self._elements(self.visit(node["children"][0], scope))
        lists = [one for one in inner if types_of(one) == {"array"}]
        rest = [one for one in inner if types_of(one) != {"array"}]
        return _array([*rest, *(elements(lists, self.description) or [])])

    def _index(self, node: Node, scope: Alternatives) -> Alternatives:
        return self._elements(scope)

    def _elements(self, scope: Alternatives) -> Alternatives:
        found = elements(scope, self.description)
        if found is None and scope:
            kinds = sorted({kind for one in scope for kind in types_of(one)})
            self.problems.append(f"{self.expression[:60]!r}: takes a list where {' or '.join(kinds)} stands")
            return ANY
        return found or []

    def _object(self, node: Node, scope: Alternatives) -> Alternatives:
        # What was walked already stands beside what was not: a schema that holds the members' own alternatives.
        members = {pair["value"]: {"anyOf": self.visit(pair["children"][0], scope)} for pair in node["children"]}
        return [{"type": "object", "properties": {name: one if one["anyOf"] else {} for name, one in members.items()}}]

    def _list(self, node: Node, scope: Alternatives) -> Alternatives:
        return _array([found for child in node["children"] for found in self.visit(child, scope)])

    def _either(self, node: Node, scope: Alternatives) -> Alternatives:
        return [found for child in node["children"] for found in self.visit(child, scope)]

    def _truth(self, node: Node, scope: Alternatives) -> Alternatives:
        for child in node["children"]:
            self.visit(child, scope)
        return TRUTH

    def _expref(self, node: Node, scope: Alternatives) -> Alternatives:
        """`&expression`: of the elements of the list beside it, where there is one."""
        inner = elements(scope, self.description)
        return self.visit(node["children"][0], inner if inner is not None else scope)

    def _function(self, node: Node, scope: Alternatives) -> Alternatives:
        name, arguments = node["value"], node["children"]
        plain = [self.visit(child, scope) for child in arguments if child["type"] != "expref"]
        lists = [one for given in plain for one in given]
        mapped = [self._expref(child, lists) for child in arguments if child["type"] == "expref"]
        if name == "map":
            return _array([found for given in mapped for found in given])
        if name in ("max_by", "min_by", "max", "min"):
            return elements(lists, self.description) or ANY
        if name in ("not_null", "merge"):
            return lists or ANY
        given = FUNCTIONS.get(name, ANY)
        return lists if given is None else given


def _array(inner: Alternatives) -> Alternatives:
    return [{"type": "array", "items": {"anyOf": inner} if inner else {}}]
