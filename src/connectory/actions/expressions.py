"""JMESPath as manifests use it: compiled once, with our converters as functions (design 4.6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from connectory.catalog.trees import ANSWER_FUNCTIONS
from connectory.errors import UnexpectedResponse

if TYPE_CHECKING:
    import jmespath
    import jmespath.parser

_CONVERTING = "from_"  # how all our functions begin; expressions without one need none of the converters loaded


def evaluate(expression: str, value: Any) -> Any:
    """Evaluate a manifest's expression; `@` costs nothing.

    Raises `UnexpectedResponse` where the answer has other types than the expression's functions take.
    """
    if expression == "@":
        return value
    try:
        return _search(expression, value)
    except _failures():
        raise UnexpectedResponse(
            "The provider's answer has another shape than its connector expects.",
            hint="Use `request` to see it as it is; the connector's manifest needs mending.",
        ) from None


def evaluate_or_none(expression: str, value: Any) -> Any:
    """Evaluate an expression that looks for something: of an answer with other types, there is nothing to find."""
    try:
        return _search(expression, value)
    except _failures():
        return None


def is_true(value: Any) -> bool:
    """Whether JMESPath counts a value as true: all but null, false and what is empty; 0 is true."""
    return bool(value) or (isinstance(value, int | float) and not isinstance(value, bool))


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> jmespath.parser.ParsedResult:
    import jmespath

    return jmespath.compile(expression)  # they were checked when the manifest was loaded


def _search(expression: str, value: Any) -> Any:
    return _compiled(expression).search(value, options=_options() if _CONVERTING in expression else None)


@cache
def _options() -> jmespath.Options:
    """Options that know our converters beside JMESPath's own functions."""
    import jmespath
    from jmespath.functions import Functions

    from connectory.actions.converters import FROM

    class Converting(Functions):
        """JMESPath's own functions, and ours."""

    # Set afterwards: the library's metaclass fills the table from methods, when the class is made.
    Converting.FUNCTION_TABLE = Functions.FUNCTION_TABLE | {
        name: {"function": _ignoring_self(FROM[name]), "signature": ({"types": []},) * count}
        for name, count in ANSWER_FUNCTIONS.items()
    }
    return jmespath.Options(custom_functions=Converting())


def _ignoring_self(convert: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *arguments: convert(*arguments)


@cache
def _failures() -> tuple[type[Exception], ...]:
    """What jmespath raises on values of other types: its own errors, and those of Python that it lets through."""
    from jmespath.exceptions import JMESPathError

    return (JMESPathError, RecursionError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
