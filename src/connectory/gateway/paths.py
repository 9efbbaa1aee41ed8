"""Evaluate an agent's JMESPath over a kept result, with a bound on what it costs (attack 108).

JMESPath has no loops, but `[@,@]|[@,@]|…` doubles its value with each step, and one function over that keeps the
interpreter, and with it the whole process, for hours. So every value that an expression makes is weighed before
anything is done with it, and all the weighing and walking is paid from one allowance. Import it where it is used:
jmespath costs some milliseconds.
"""

from __future__ import annotations

from typing import Any

from jmespath.exceptions import JMESPathError
from jmespath.parser import Parser
from jmespath.visitor import TreeInterpreter

from connectory.errors import InvalidArguments
from connectory.gateway.text import weigh

MAX_CHARACTERS = 1000
MAX_DEPTH = 50
LEAST_BYTES = 1_000_000  # what an expression may always make
ALLOWANCE = 5_000_000  # values walked and weighed: about two seconds of one thread


def search(path: str, whole: Any) -> Any:
    """Return what `path` gives. Raises `InvalidArguments` where it is no JMESPath, or makes or takes too much.

    The value may hold one list in several places; it weighs at most twice as much as `whole`, or `LEAST_BYTES`.
    """
    if len(path) > MAX_CHARACTERS or sum(path.count(mark) for mark in "[({&|") > MAX_DEPTH:
        raise InvalidArguments("The path is too long or too deeply nested.", hint="Select one field or list at a time.")
    try:
        most = 2 * weigh(whole, 2**62).least_bytes + LEAST_BYTES
        return _Bounded(most).visit(Parser().parse(path).parsed, whole)
    except (JMESPathError, RecursionError, TypeError, ValueError, ArithmeticError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InvalidArguments(
            f"The path is no JMESPath that works here: {reason}.",
            hint="Examples: [0], [*].title, [?state=='open'].number",
        ) from None


class _Bounded(TreeInterpreter):
    """The library's interpreter; what it makes is weighed, and what it does is counted."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self._most_bytes, self._left = most_bytes, ALLOWANCE

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._pay(1)
        return super().visit(node, *args, **kwargs)

    def visit_multi_select_list(self, node: Any, value: Any) -> Any:
        return self._weighed(super().visit_multi_select_list(node, value))

    def visit_multi_select_dict(self, node: Any, value: Any) -> Any:
        return self._weighed(super().visit_multi_select_dict(node, value))

    def visit_projection(self, node: Any, value: Any) -> Any:
        return self._weighed(super().visit_projection(node, value))

    def visit_filter_projection(self, node: Any, value: Any) -> Any:
        return self._weighed(super().visit_filter_projection(node, value))

    def visit_value_projection(self, node: Any, value: Any) -> Any:
        return self._weighed(super().visit_value_projection(node, value))

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """Compare two values that are weighed: the comparison itself cannot be interrupted."""
        operands = [self._paid(self.visit(child, value)) for child in node["children"]]
        weighed: Any = {**node, "children": [_literal(operand) for operand in operands]}
        return super().visit_comparator(weighed, value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        """Call a function with arguments that are weighed. `join` is the one whose answer outgrows them."""
        children = [
            child if child["type"] == "expref" else _literal(self._paid(self.visit(child, value)))
            for child in node["children"]
        ]
        match [child.get("value") for child in children] if node["value"] == "join" else []:
            case [str(glue), list(parts)]:
                self._check(len(glue) * len(parts))
        weighed: Any = {**node, "children": children}
        return self._weighed(super().visit_function_expression(weighed, value))

    def _weighed(self, made: Any) -> Any:
        weight = weigh(made, self._most_bytes)
        self._pay(weight.values)
        self._check(weight.least_bytes)
        return made

    def _paid(self, used: Any) -> Any:
        """Pay for what is read in one go: a long text too."""
        weight = weigh(used, self._most_bytes)
        self._pay(weight.values + weight.least_bytes // 16)
        self._check(weight.least_bytes)
        return used

    def _pay(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise InvalidArguments("The path takes too much work.", hint="Select less at a time, e.g. with [0:100].")

    def _check(self, least_bytes: int) -> None:
        if least_bytes > self._most_bytes:
            raise InvalidArguments("The path gives more than the result holds.", hint="Select each value once.")


def _literal(value: Any) -> dict[str, Any]:
    """A value as the library's own node for a constant."""
    return {"type": "literal", "value": value, "children": []}
