"""Which paths of an answer the expressions over it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jmespath

from connectory.catalog.manifest import ActionManifest, Proof

Path = tuple[str, ...]  # names from the outside in, lists passed over; `*`: any name; an empty one: all that is there
Paths = frozenset[Path]
ITSELF: Paths = frozenset({()})


def read_by(spec: ActionManifest) -> Paths:
    """What an action reads of its answers: its items, how the list goes on, a file in it, the details of each item."""
    answer, pages, expand = spec.answer, spec.pages, spec.answer.expand
    found = _joined(_of(answer.items or "@"), _of_all([answer.item, answer.when]))
    found |= _of_all(getattr(pages, name, None) for name in ("body", "more", "total"))
    if answer.content is not None:
        found |= _of_all([answer.content.data, answer.content.name, answer.content.media_type])
    if expand is not None:
        found |= _joined(_of(expand.items or "@"), _of_all([expand.item, expand.when])) | _of_all([expand.more])
    return found


def read_by_proof(spec: Proof) -> Paths:
    """What a verify call reads."""
    scopes = None if spec.scopes is None else spec.scopes.body
    return _of_all([spec.account.id, spec.account.name, scopes, *spec.facts.values()])


def below(paths: Paths, name: str) -> Paths:
    """What is read of the member of this name."""
    return frozenset(path[1:] for path in paths if path and path[0] in (name, "*"))


def _of(expression: str) -> Paths:
    return _visit(jmespath.compile(expression).parsed)


def _of_all(expressions: Iterable[str | None]) -> Paths:
    return frozenset(path for one in expressions if one is not None for path in _of(one))


def _joined(first: Paths, then: Paths) -> Paths:
    return frozenset(one + other for one in first for other in then)


def _visit(node: Mapping[str, Any]) -> Paths:
    kind, children = node["type"], node.get("children", [])
    match kind:
        case "field":
            return frozenset({(node["value"],)})
        case "literal":
            return frozenset()
        case "identity" | "current" | "index" | "slice":
            return ITSELF
        case "subexpression" | "index_expression" | "pipe" | "projection":
            found = ITSELF
            for child in children:
                found = _joined(found, _visit(child))
            return found
        case "value_projection":
            return _joined(_joined(_visit(children[0]), frozenset({("*",)})), _visit(children[1]))
        case "filter_projection":
            return _joined(_visit(children[0]), _visit(children[1]) | _visit(children[2]))
        case "function_expression":
            plain = _union(one for one in children if one["type"] != "expref")
            mapped = _union(one["children"][0] for one in children if one["type"] == "expref")
            return plain | _joined(plain, mapped)
        case _:  # members of a list or an object, either, both, a comparison
            return _union(children)


def _union(nodes: Iterable[Mapping[str, Any]]) -> Paths:
    return frozenset(path for node in nodes for path in _visit(node))
