"""Which scopes a sign-in asks for: what the connectors need, what was ticked, and what the account has already."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth2Method, TokenRequest


def offered(method: TokenRequest, members: Sequence[Connector]) -> dict[str, str]:
    """Return the scopes that can be ticked, with what each allows: of a family those that its members use."""
    if all(member.family is None and not member.manifest.family for member in members):
        return dict(method.scopes)
    used = {scope for member in members for scope in _used(member)}
    return {scope: meaning for scope, meaning in method.scopes.items() if scope in used}


def needed(members: Sequence[Connector]) -> set[str]:
    """Return the scopes without which a connection is of no use; they cannot be left out."""
    return {scope for member in members for scope in member.manifest.scopes}


def to_ask(
    method: TokenRequest, members: Sequence[Connector], ticked: Collection[str] | None, granted: Collection[str]
) -> tuple[str, ...]:
    """Return the scopes to ask for, in the manifest's order.

    `ticked`: by the person, or in the agent's request; None: all. `granted`: what the account has given already, asked
    for again, so that more scopes later do not take the earlier ones away.
    """
    can = offered(method, members)
    wanted = set(can) if ticked is None else set(ticked) & set(can)
    wanted |= needed(members) | (set(granted) & set(method.scopes))
    always = method.always_scopes if isinstance(method, OAuth2Method) else []
    return tuple(dict.fromkeys([*(scope for scope in method.scopes if scope in wanted), *always]))


def _used(member: Connector) -> set[str]:
    listed = [scope for action in member.actions.values() for scope in action.manifest.scopes]
    flat = {one for scope in listed for one in ([scope] if isinstance(scope, str) else scope)}
    return flat | set(member.manifest.scopes)
