"""The names that rules are matched against, and what was meant by a pattern that fits none of them.

A misspelt `deny` denies nothing, in silence; one about a connector that is yet to come does so rightly. So whoever sets
such a rule is told, and it is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import tool_name
from connectory.gateway.policy import RULES_ABOUT
from connectory.spelling import did_you_mean
from connectory.vault.entities import PolicyEffect

RAW_REQUEST = "request"  # the end of the name that a raw request to a connector has


def names_for(effect: PolicyEffect, catalog: Catalog) -> Collection[str]:
    """Return the names that a rule of this effect can be about: actions, raw requests, connecting, disconnecting."""
    fixed = {name for name, effects in RULES_ABOUT.items() if effect in effects}
    return fixed.union(catalog.actions, (tool_name(one, RAW_REQUEST) for one in catalog.connectors))


def is_idle(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern fits none of these names."""
    return not any(fnmatchcase(name, pattern) for name in names)


def instead_of(pattern: str, names: Iterable[str]) -> str:
    """Return "Did you mean ...?" with patterns of the same shape that fit something; empty where none is near."""
    known = names if set(pattern).isdisjoint("*?") else {glob for name in names for glob in _globs(name, pattern)}
    return did_you_mean(pattern, known)


def _globs(name: str, pattern: str) -> Iterator[str]:
    """Patterns that fit a name, with stars where `pattern` begins and ends with one."""
    parts = name.split("_")
    match pattern.startswith("*"), pattern.endswith("*"):
        case False, True:
            yield from ("_".join([*parts[:at], "*"]) for at in range(1, len(parts)))
        case True, False:
            yield from ("_".join(["*", *parts[at:]]) for at in range(1, len(parts)))
        case True, True:
            yield from (f"*_{part}_*" for part in parts[1:-1])
        case _:
            yield name
