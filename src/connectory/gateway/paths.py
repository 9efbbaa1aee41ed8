"""Evaluate an agent's JMESPath over a kept result, with a bound on what it costs (attack 108).

Beyond what `actions/bounded.py` counts, every value that the path makes is weighed before anything is done with it: an
agent writes it, and nobody has read it before. Import it where it is used: jmespath costs some milliseconds.
"""

from __future__ import annotations

from typing import Any

from jmespath.exceptions import JMESPathError
from jmespath.parser import Parser

from connectory.actions.bounded import BoundedInterpreter, TooCostly
from connectory.actions.weighing import weigh
from connectory.catalog.constants import UNWRITABLE, are_writable
from connectory.errors import InvalidArguments

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
        return _Weighed(ALLOWANCE, most).visit(_parsed(path), whole)
    except TooCostly as error:
        raise InvalidArguments(f"The path {error}.", hint="Select less at a time, e.g. with [0:100].") from None
    except (JMESPathError, RecursionError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InvalidArguments(
            f"The path is no JMESPath that works here: {reason}.",
            hint="Examples: [0], [*].title, [?state=='open'].number",
        ) from None


def _parsed(path: str) -> Any:
    """The path's tree. Raises `JMESPathError`, and `ValueError` for constants that nothing can write in an answer."""
    tree = Parser().parse(path).parsed
    if not are_writable(tree):
        raise ValueError(UNWRITABLE)
    return tree


class _Weighed(BoundedInterpreter):
    """What it makes is weighed too, step by step."""

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

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        return self._weighed(super().visit_function_expression(node, value))

    def _weighed(self, made: Any) -> Any:
        weight = weigh(made, self._most_bytes, self._left)
        self._pay(weight.values)
        self._check(weight.least_bytes)
        return made
