"""JMESPath as manifests use it: compiled once, with our converters as functions, its work bounded (design 4.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from connectory.actions.scalars import whole_characters
from connectory.catalog.trees import ANSWER_FUNCTIONS
from connectory.errors import ResponseTooLarge, UnexpectedResponse

if TYPE_CHECKING:
    import jmespath.parser
    from jmespath.functions import Functions

    from connectory.actions.bounded import BoundedInterpreter

Clean = Callable[[Any], Any]
"""Takes our credentials out of a value: `Redactor.clean`."""

ALLOWANCE = 1_500_000  # steps over one answer, some seven seconds: more than ten megabytes of usual items take
MOST_BYTES = 50_000_000  # what one function may read or write
_CONVERTING = "from_"  # how all our functions begin; expressions without one need none of the converters loaded


def evaluate(expression: str, value: Any, clean: Clean | None = None) -> Any:
    """Evaluate a manifest's expression; `@` costs nothing.

    `clean` goes over what converters make: they decode, so that a credential which nobody could see in the answer comes
    out in clear (attack 91). Give it wherever what is found is shown or kept.

    Raises `UnexpectedResponse` where the answer has other types than the expression's functions take,
    `ResponseTooLarge` where it takes too much work.
    """
    return evaluate_each(expression, [value], clean)[0]


def evaluate_each(expression: str, values: Sequence[Any], clean: Clean | None = None) -> list[Any]:
    """Evaluate an expression over each of an answer's values, within one allowance of work. As `evaluate` else."""
    if expression == "@":
        return list(values)
    try:
        return _search(expression, values, clean)
    except _failures():
        raise UnexpectedResponse(
            "The provider's answer has another shape than its connector expects.",
            hint="Use `request` to see it as it is; the connector's manifest needs mending.",
        ) from None


def evaluate_or_none(expression: str, value: Any, clean: Clean | None = None) -> Any:
    """Evaluate an expression that looks for something: of an answer with other types, there is nothing to find.

    Raises `ResponseTooLarge` where looking takes too much work.
    """
    try:
        return _search(expression, [value], clean)[0]
    except _failures():
        return None


def converts(expression: str) -> bool:
    """Whether an expression calls a converter, which takes twenty times as long as parsing what it reads."""
    return _CONVERTING in expression


def is_true(value: Any) -> bool:
    """Whether JMESPath counts a value as true: all but null, false and what is empty; 0 is true."""
    return bool(value) or (isinstance(value, int | float) and not isinstance(value, bool))


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> jmespath.parser.ParsedResult:
    import jmespath

    return jmespath.compile(expression)  # they were checked when the manifest was loaded


def _search(expression: str, values: Sequence[Any], clean: Clean | None) -> list[Any]:
    from connectory.actions.bounded import TooCostly

    interpreter, tree = _interpreter(expression, clean), _compiled(expression).parsed
    try:
        return [interpreter.visit(tree, value) for value in values]
    except TooCostly:
        raise ResponseTooLarge(
            "The provider's answer holds more values than can be read in one call.",
            hint="Ask for less: a narrower filter, or a smaller limit.",
        ) from None


def _interpreter(expression: str, clean: Clean | None) -> BoundedInterpreter:
    import jmespath

    from connectory.actions.bounded import BoundedInterpreter

    options = jmespath.Options(custom_functions=_converting()(clean)) if converts(expression) else None
    return BoundedInterpreter(ALLOWANCE, MOST_BYTES, options)


@cache
def _converting() -> Callable[[Clean | None], Functions]:
    """JMESPath's own functions, and our converters; called with what cleans these."""
    from jmespath.functions import Functions

    from connectory.actions.converters import FROM

    class Converting(Functions):
        def __init__(self, clean: Clean | None) -> None:
            self.clean = clean

    # Set afterwards: the library's metaclass fills the table from methods, when the class is made.
    Converting.FUNCTION_TABLE = Functions.FUNCTION_TABLE | {
        name: {"function": _as_method(FROM[name]), "signature": ({"types": []},) * count}
        for name, count in ANSWER_FUNCTIONS.items()
    }
    return Converting


def _as_method(convert: Callable[..., Any]) -> Callable[..., Any]:
    """A converter as a method; JSON within JSON and a mail's UTF-7 can hold half a character, which it gives out."""

    def call(converting: Any, *arguments: Any) -> Any:
        made = whole_characters(convert(*arguments))
        return made if converting.clean is None else converting.clean(made)

    return call


@cache
def _failures() -> tuple[type[Exception], ...]:
    """What jmespath raises on values of other types: its own errors, and those of Python that it lets through."""
    from jmespath.exceptions import JMESPathError

    return (JMESPathError, RecursionError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
