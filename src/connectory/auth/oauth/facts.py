"""What the sign-in itself tells of a connection: in the token answer, in the callback, or by what was chosen.

Some of it becomes part of an address, so nothing is believed that the manifest does not allow (attacks 14, 15).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jmespath

from connectory.auth.backend import Callback
from connectory.auth.hosts import parse_origin
from connectory.catalog.manifest import FieldKind, SignInFact, TokenRequest
from connectory.errors import InvalidPath, SignInFailed

LONGEST_FACT = 500  # characters


def from_callback(method: TokenRequest, callback: Callback) -> dict[str, str]:
    """Return the facts that the callback tells. Raises `SignInFailed` on one that is not allowed."""
    return _read(method, lambda fact: callback.one(fact.callback) if fact.callback is not None else None)


def from_token(method: TokenRequest, answer: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts that the token answer tells. Raises `SignInFailed` on one that is not allowed."""
    return _read(method, lambda fact: as_text(search(fact.token, answer)) if fact.token is not None else None)


def from_choice(method: TokenRequest, item: Mapping[str, str]) -> dict[str, str]:
    """Check the facts that were read from what the person chose. Raises `SignInFailed` on one that is not allowed."""
    return {name: _checked(name, method.facts[name], value) for name, value in item.items()}


def search(expression: str, answer: Any) -> Any:
    """Evaluate one of the manifest's expressions over an answer; what it cannot be evaluated over gives nothing."""
    try:
        return jmespath.search(expression, answer)
    except jmespath.exceptions.JMESPathError:
        return None


def as_text(found: Any) -> str | None:
    """Return a text or number as a text; anything else is none."""
    is_plain = isinstance(found, str | int) and not isinstance(found, bool)
    return str(found) if is_plain and found != "" else None


def _read(method: TokenRequest, find: Callable[[SignInFact], str | None]) -> dict[str, str]:
    found = {name: value for name, fact in method.facts.items() if (value := find(fact)) is not None}
    return {name: _checked(name, method.facts[name], value) for name, value in found.items()}


def _checked(name: str, fact: SignInFact, value: str) -> str:
    if fact.kind is FieldKind.ORIGIN:
        try:
            value = parse_origin(value).origin
        except InvalidPath:
            raise _refused(name) from None
    is_allowed = not fact.choices or value in fact.choices
    matches = fact.pattern is None or re.fullmatch(fact.pattern, value) is not None
    if len(value) > LONGEST_FACT or not value.isprintable() or not is_allowed or not matches:
        raise _refused(name)
    return value


def _refused(name: str) -> SignInFailed:
    return SignInFailed(
        f"The provider's answer names a '{name}' that is not one of its own, so the sign-in was stopped.",
        hint="Try again; if it happens again, tell whoever runs this server.",
    )
