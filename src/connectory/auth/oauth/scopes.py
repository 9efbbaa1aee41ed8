"""Which scopes a sign-in asks for: what the connectors need, what was ticked, and what the account has already."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth2Method, TokenRequest


def offered(method: TokenRequest, members: Sequence[Connector]) -> dict[str, str]:
    """Return the scopes that can be ticked, with what each allows: of a family those that its members use."""
    if not _is_family(members):
        return dict(method.scopes)
    used = {scope for member in members for choice in _used(member) for scope in choice}
    return {scope: meaning for scope, meaning in method.scopes.items() if scope in used}


def usual(method: TokenRequest, members: Sequence[Connector]) -> set[str]:
    """Return those that are asked for unless somebody says otherwise: where one of several is enough, the first."""
    if not _is_family(members):
        return set(method.scopes)
    choices = [choice for member in members for choice in _used(member)]
    return {next(scope for scope in choice if scope in method.scopes) for choice in choices if _has(method, choice)}


def needed(members: Sequence[Connector]) -> set[str]:
    """Return the scopes without which a connection is of no use; they cannot be left out."""
    return {scope for member in members for scope in member.manifest.scopes}


def to_ask(
    method: TokenRequest, members: Sequence[Connector], ticked: Collection[str] | None, granted: Collection[str]
) -> tuple[str, ...]:
    """Return the scopes to ask for, in the manifest's order.

    `ticked`: by the person, or in the agent's request; None: the usual ones. `granted`: what the account has given
    already, asked for again, so that more scopes later do not take the earlier ones away.
    """
    can = offered(method, members)
    wanted = usual(method, members) if ticked is None else set(ticked) & set(can)
    wanted |= needed(members) | (set(granted) & set(method.scopes))
    always = method.always_scopes if isinstance(method, OAuth2Method) else []
    return tuple(dict.fromkeys([*(scope for scope in method.scopes if scope in wanted), *always]))


def _is_family(members: Sequence[Connector]) -> bool:
    return any(member.family is not None or member.manifest.family for member in members)


def after_refresh(had: Sequence[str], told: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the scopes that a refreshed token has, None where they stay: it may lose some, never gain (section 6)."""
    if told is None or not had:
        return None
    return tuple(one for one in told if one in had) or None


def _used(member: Connector) -> list[Sequence[str]]:
    """What the connector uses: lists of scopes, one of each is enough."""
    listed = [scope for action in member.actions.values() for scope in action.manifest.scopes]
    return [[scope] if isinstance(scope, str) else scope for scope in [*listed, *member.manifest.scopes]]


def _has(method: TokenRequest, choice: Sequence[str]) -> bool:
    return any(scope in method.scopes for scope in choice)
