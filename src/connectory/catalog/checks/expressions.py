"""JMESPath: it compiles, and every function in it exists and gets as many arguments as it takes.

Without this, a misspelt function fails at the first call, and one in an error rule hides the provider's own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from connectory.catalog.constants import UNWRITABLE, are_writable
from connectory.catalog.habits import as_expression
from connectory.catalog.problems import Finding
from connectory.catalog.trees import ANSWER_FUNCTIONS
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean

MAX_EXPRESSION = 2_000  # characters; jmespath raises RecursionError at 1,000 open parentheses (1.1, measured)


def check_expression(path: KeyPath, text: str | None, *, converters: bool = True) -> Iterator[Finding]:
    """Yield what is wrong with a JMESPath expression (https://jmespath.org/specification.html).

    `converters`: whether our own functions are at hand.
    """
    if text is None:
        return
    if len(text) > MAX_EXPRESSION:
        yield Finding(path, f"The expression has more than {MAX_EXPRESSION:,} characters.", "Project less.")
        return
    tree = _parsed(text)
    if isinstance(tree, str):
        yield Finding(path, f"This is no JMESPath expression: {tree}.", as_expression(text))
        return
    if not are_writable(tree):
        yield Finding(path, f"This cannot stand in an answer: {UNWRITABLE}.")
    if _has_member_of_truth(tree):
        yield Finding(
            path, "`!` goes before a dot or bracket: `!a.b` is a member of `!a`, so nothing.", "Write !(a.b)."
        )
    for name, count in _calls(tree):
        yield from _check_call(path, name, count, converters=converters)


def _parsed(text: str) -> Mapping[str, Any] | str:
    """Return the expression's tree, or why it is none."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        tree: Mapping[str, Any] = jmespath.compile(text).parsed
    except (JMESPathError, RecursionError, ValueError) as error:
        return str(error).partition("\n")[0][:200] or "it is nested too deep"
    return tree


def _check_call(path: KeyPath, name: str, count: int, *, converters: bool) -> Iterator[Finding]:
    known = {**_standard(), **({own: (n, n) for own, n in ANSWER_FUNCTIONS.items()} if converters else {})}
    if name not in known:
        hint = did_you_mean(name[:60], known)
        if not converters and name in ANSWER_FUNCTIONS:
            hint = "Our own converters are at hand in answers and errors only."
        yield Finding(path, f"There is no function {name[:60]}().", hint)
        return
    least, most = known[name]
    if count < least or (most is not None and count > most):
        takes = f"at least {least}" if most is None else str(least)
        yield Finding(path, f"{name}() takes {takes} argument{'' if least == 1 else 's'}, not {count}.")


def leaves_out(text: str | None) -> bool:
    """Whether an expression that gives a list may leave members of it out: by a filter or a slice."""
    if text is None or ("?" not in text and ":" not in text):
        return False
    tree = _parsed(text)
    return not isinstance(tree, str) and any(
        node.get("type") in ("filter_projection", "slice") for node in _nodes(tree)
    )


def members_of(text: str) -> frozenset[str] | None:
    """Return the members that an expression names for what it gives, or None where it gives something else."""
    tree = _parsed(text)
    while not isinstance(tree, str) and tree.get("type") in ("pipe", "or_expression", "and_expression"):
        tree = tree["children"][-1]
    if isinstance(tree, str) or tree.get("type") != "multi_select_dict":
        return None
    return frozenset(pair["value"] for pair in tree["children"])


def first_fields(text: str) -> frozenset[str]:
    """Return the members of the value itself that an expression looks at; of one that is broken, none."""
    tree = _parsed(text)
    return frozenset() if isinstance(tree, str) else frozenset(_first_fields(tree))


def _first_fields(node: Mapping[str, Any]) -> Iterator[str]:
    """What stands behind a dot, in a projection or behind `&` is about something further in."""
    kind = node.get("type")
    if kind == "field":
        yield str(node["value"])
    children = [child for child in node.get("children", ()) if isinstance(child, dict)]
    if kind in ("subexpression", "index_expression", "pipe") or str(kind).endswith("projection"):
        children = children[:1]
    for child in children if kind != "expref" else ():
        yield from _first_fields(child)


def _has_member_of_truth(tree: Mapping[str, Any]) -> bool:
    """Whether a member or element of a negation is asked for; jmespath's parser binds `!` that tight (1.1)."""
    outer = ("subexpression", "index_expression", "flatten", "projection", "filter_projection", "value_projection")
    nodes = (node for node in _nodes(tree) if node.get("type") in outer)
    return any(node["children"][0].get("type") == "not_expression" for node in nodes)


def _calls(tree: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield each call in a parsed expression: the function and how many arguments it gets."""
    for node in _nodes(tree):
        if node.get("type") == "function_expression":
            yield str(node["value"]), sum(isinstance(child, dict) for child in node.get("children", ()))


def _nodes(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for child in node.get("children", ()) if isinstance(child, dict)]


@lru_cache(maxsize=1)
def _standard() -> Mapping[str, tuple[int, int | None]]:
    """The functions of the specification, with the fewest and most arguments."""
    from jmespath.functions import Functions

    table: Mapping[str, Mapping[str, Any]] = Functions.FUNCTION_TABLE
    takes = {name: entry["signature"] for name, entry in table.items()}
    return {name: (len(spec), None if spec and spec[-1].get("variadic") else len(spec)) for name, spec in takes.items()}
