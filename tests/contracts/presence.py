"""When a branch of a body, a query or variables is sent: an input that was not given prunes what is made of it."""

from __future__ import annotations

from typing import Any

from tests.contracts.inputs import LIMIT_NAME, Inputs, way_to

from connectory.catalog.template import parse_template
from connectory.catalog.trees import form_of

Condition = frozenset[str]  # the inputs and members that must all be given; none: nothing is needed
ALWAYS: Condition = frozenset()


def conditions(tree: Any, inputs: Inputs) -> list[Condition]:
    """The conditions of which any one lets something of the branch be sent."""
    if (form := form_of(tree)) is not None:
        inner = conditions(form.of, inputs)
        if form.name in ("when", "each"):
            outer = conditions(form.argument, inputs)
            return [one | other for one in outer for other in (inner if form.name == "when" else [ALWAYS])]
        return [*inner, *(conditions(form.argument, inputs) if form.name == "merge" else ())]
    if isinstance(tree, dict | list):
        members = tree.values() if isinstance(tree, dict) else tree
        return [one for member in members for one in conditions(member, inputs)] or [ALWAYS]
    return [_of_leaf(tree, inputs)]


def is_always_there(tree: Any, inputs: Inputs) -> bool:
    """Whether something of the branch is sent in every call, for one of those that are needed is given too."""
    found = conditions(tree, inputs)
    either = [[frozenset({_atom(name)}) for name in names] for names in inputs.needs]
    return ALWAYS in found or any(all(any(one <= given for one in found) for given in group) for group in either)


def comes_with(member: Any, others: list[Any], inputs: Inputs) -> bool:
    """Whether a member of a mapping is there whenever any of the others is, so that the mapping is not sent without."""
    own = conditions(member, inputs)
    return all(any(one <= other for one in own) for sibling in others for other in conditions(sibling, inputs))


def _of_leaf(leaf: Any, inputs: Inputs) -> Condition:
    if not isinstance(leaf, str):
        return ALWAYS
    found: set[str] = set()
    for part in parse_template(leaf).placeholders:
        name = _atom(part.name) if part.scope == "input" else part.scope
        for step, spec in enumerate(way_to(part, inputs)):
            name = name if step == 0 else f"{name}.{part.path[step - 1]}"
            if not (spec.required or spec.default is not None or part.name == LIMIT_NAME):
                found.add(name)
    return frozenset(found)


def _atom(name: str) -> str:
    return f"input {name}"
