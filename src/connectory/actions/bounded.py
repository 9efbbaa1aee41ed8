"""A JMESPath interpreter whose work is counted, so that no expression over no answer runs on and on (attack 108).

JMESPath has no loops, but `[@,@]|[@,@]|…` doubles its value with each step, one function over that keeps the process
for hours, and a short expression over ten megabytes of `{}` for minutes: a thread cannot be stopped from outside.
Import it where it is used: jmespath costs some milliseconds.
"""

from __future__ import annotations

import math
from typing import Any

from jmespath.exceptions import JMESPathError
from jmespath.visitor import Options, TreeInterpreter

from connectory.actions.weighing import weigh

TAKE_EXPRESSIONS = frozenset({"map", "max_by", "min_by", "sort_by"})
MOST_BITS = 14_000  # of a whole number: Python writes none of more than 4,300 digits


class TooCostly(Exception):
    """An expression makes or does too much; the message says which, without the expression."""


class BoundedInterpreter(TreeInterpreter):
    """The library's interpreter; its steps, and what comparisons and functions read in one go, are paid for.

    `allowance`: steps and values, some 200,000 a second. `most_bytes`: what a function may read or write.
    """

    def __init__(self, allowance: int, most_bytes: int, options: Options | None = None) -> None:
        super().__init__(options)
        self._left, self._most_bytes = allowance, most_bytes

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._pay(1)
        return super().visit(node, *args, **kwargs)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        """Flattening copies without a step for each element."""
        flat = super().visit_flatten(node, value)
        self._pay(len(flat) if isinstance(flat, list) else 0)
        return flat

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """Compare two values that are weighed: the comparison itself cannot be interrupted."""
        operands = [self._paid(self.visit(child, value)) for child in node["children"]]
        weighed: Any = {**node, "children": [_literal(operand) for operand in operands]}
        return super().visit_comparator(weighed, value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        """Call a function with arguments that are weighed. `join` is the one whose answer outgrows them.

        `to_number('1e999')` and sums beyond all bounds are null, as any text that is no number: JSON cannot write them.
        """
        takes_expression = node["value"] in TAKE_EXPRESSIONS
        children = [_literal(self._argument(child, value, takes_expression)) for child in node["children"]]
        match [child.get("value") for child in children] if node["value"] == "join" else []:
            case [str(glue), list(parts)]:
                self._check(len(glue) * len(parts))
        weighed: Any = {**node, "children": children}
        made = super().visit_function_expression(weighed, value)
        return made if _is_writable(made) else None

    def visit_expref(self, node: Any, value: Any) -> Any:  # noqa: ARG002 the library's signature
        """Refuse `&x` where no function takes it: the library would give out an object of its own, and no JSON."""
        raise JMESPathError("&expression stands where a value belongs")

    def _argument(self, node: Any, value: Any, takes_expression: bool) -> Any:
        if takes_expression and node["type"] == "expref":
            return super().visit_expref(node, value)
        return self._paid(self.visit(node, value))

    def _paid(self, used: Any) -> Any:
        """Pay for what is read in one go: a long text too."""
        if used is None or isinstance(used, bool | int | float):
            return used
        weight = weigh(used, self._most_bytes, self._left)
        self._pay(weight.values + weight.least_bytes // 16)
        self._check(weight.least_bytes)
        return used

    def _pay(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooCostly("takes too much work")

    def _check(self, least_bytes: int) -> None:
        if least_bytes > self._most_bytes:
            raise TooCostly("gives more than the result holds")


def _is_writable(made: Any) -> bool:
    if isinstance(made, float):
        return math.isfinite(made)
    return not isinstance(made, int) or made.bit_length() <= MOST_BITS


def _literal(value: Any) -> dict[str, Any]:
    """A value as the library's own node for a constant."""
    return {"type": "literal", "value": value, "children": []}
