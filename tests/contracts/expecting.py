"""What an agent must get of the answers of a double: projected as the manifest says, of the kinds the source has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.contracts.contract import Answers
from tests.contracts.description import types_of
from tests.contracts.following import strays
from tests.contracts.judging import TEXT, lines_of
from tests.contracts.projection import check_expression, elements

from connectory.actions.expressions import evaluate, is_true
from connectory.catalog.connector import Action
from connectory.gateway.text import as_compact_text


def missed(action: Action, answers: Sequence[Any], text: str, known: Answers) -> Iterator[str]:
    """Yield what is wrong with the text that an agent got for an action, by the answers that were given."""
    answer = action.manifest.answer
    if answer.kind in ("text", "file") and answer.content is None:
        if not all(line in text for line in TEXT.decode().splitlines()):
            yield f"the text is not in {text[:200]!r}"
        return
    if answer.content is not None or not answers or answers[0] is None:
        return
    if answer.items is None:
        value = evaluate(answer.item, answers[0])
        shown, given = as_compact_text(value), [value]
    else:
        whole = lines_of(answers[0]) if answer.kind == "json_lines" else answers[0]
        found = evaluate(answer.items, whole) or []
        kept = [one for one in found if answer.when is None or is_true(evaluate(answer.when, one))]
        given = [evaluate(answer.item, one) for one in kept]
        shown = as_compact_text(given)
    if _has_something(answers[0]) and not _has_something(given):
        yield "nothing of the answer is left"
    yield from _strays(action, given, known)
    if "read_result" in text:  # it was cut
        shown = shown[:200]
    if answer.expand is None and shown not in text:
        yield f"{shown[:300]!r} is not in {text[:300]!r}"
    elif answer.expand is not None:
        yield from _expanded(action, answers[1:], text)


def _expanded(action: Action, details: Sequence[Any], text: str) -> Iterator[str]:
    """The details of each item: their texts are there."""
    expand = action.manifest.answer.expand
    assert expand is not None
    if not details:
        yield "no details were asked for"
    for detail in details[:1]:
        scope = evaluate(expand.items, detail) if expand.items is not None else [detail]
        for leaf in _leaves([evaluate(expand.item, one) for one in scope or []]):
            if isinstance(leaf, str) and leaf.isascii() and leaf.replace(" ", "").isalnum() and leaf not in text:
                yield f"of the details {leaf!r} is not in {text[:300]!r}"


def _strays(action: Action, given: Sequence[Any], known: Answers) -> Iterator[str]:
    """Where what is projected is not of the kind that the described answer gives there."""
    schemas, description = known
    answer = action.manifest.answer
    scope = list(schemas)
    if answer.kind == "json_lines":
        scope = [one if types_of(one) == {"array"} else {"type": "array", "items": one} for one in scope]
    if answer.items is not None:
        found, _ = check_expression(answer.items, scope, description)
        scope = list(elements(found, description) or [])
    result, _ = check_expression(answer.item, scope, description)
    for one in given:
        yield from strays(one, result, description)


def _has_something(value: Any) -> bool:
    return any(leaf is not None for leaf in _leaves(value))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _leaves(member)
    else:
        yield value
