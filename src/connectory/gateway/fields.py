"""The argument `fields`: which members of each projected item an agent wants to read (design 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from connectory.catalog.connector import Action
from connectory.errors import InvalidArguments
from connectory.spelling import nearest


def check_fields(action: Action, fields: Sequence[str]) -> None:
    """Raise `InvalidArguments` for a name that no item of the action's answer has."""
    known = field_names(action)
    if not known:
        raise InvalidArguments(
            f"{action.tool} gives its answer as it comes, so it has no `fields` to choose from.",
            hint="Leave `fields` out; read_result selects parts of a long answer by `path`.",
        )
    unknown = [name for name in fields if name not in known]
    if unknown:
        near = nearest(unknown[0], known)
        meant = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise InvalidArguments(
            f"{action.tool} gives no field '{unknown[0][:60]}'{meant}.", hint=f"Its fields are: {', '.join(known)}."
        )


def field_names(action: Action) -> tuple[str, ...]:
    """Return the members of the action's items that can be chosen; empty where they come as they are."""
    answer = action.manifest.answer
    own = projected_names(answer.shown)
    into = answer.expand.into if answer.expand is not None else None
    return tuple(dict.fromkeys([*own, into])) if own and into is not None else own


def pick(value: Any, fields: Sequence[str]) -> Any:
    """Return `value`, or each item of it where it is a list, with only these members."""
    if isinstance(value, list):
        return [pick(item, fields) for item in value]
    return {name: value[name] for name in fields if name in value} if isinstance(value, dict) else value


@lru_cache(maxsize=1024)
def projected_names(expression: str) -> tuple[str, ...]:
    """Return the members that a projection names, in its order; empty where it is no `{name: ..., ...}`."""
    if "{" not in expression:
        return ()
    import jmespath

    tree: Any = jmespath.compile(expression).parsed
    while tree["type"] in ("subexpression", "pipe", "projection", "filter_projection", "flatten"):
        tree = tree["children"][-1] if tree["type"] != "filter_projection" else tree["children"][1]
    if tree["type"] != "multi_select_dict":
        return ()
    return tuple(child["value"] for child in tree["children"])
