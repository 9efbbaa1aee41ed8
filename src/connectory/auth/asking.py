"""What may be asked of `connect`: by whom, with which scopes, and what is said where it is there already."""

from __future__ import annotations

from collections.abc import Sequence

from connectory.auth.connections import Found, describe_account
from connectory.catalog.connector import Connector
from connectory.errors import AlreadyExists, InvalidArguments, PolicyDenied, Refused, RoleDenied
from connectory.identity.principal import Principal
from connectory.spelling import did_you_mean
from connectory.vault.entities import Role


def require_connecting(
    principal: Principal, *, shared: bool, hint: str = "Leave `shared` out, or ask an owner of the workspace."
) -> None:
    """Raise unless the principal may make, renew and delete such connections (design 1).

    `hint`: what to do where only an owner may.
    """
    if principal.read_only:
        raise PolicyDenied(
            "A read-only token cannot connect or disconnect accounts.", hint="Use a token that may write."
        )
    if principal.role is Role.VIEWER:
        raise RoleDenied(
            "Viewers cannot connect or disconnect accounts.", hint="Ask an owner of the workspace for the role member."
        )
    if shared and principal.role is not Role.OWNER:
        raise RoleDenied("Only owners manage the workspace's shared connections.", hint=hint)


def may_connect(principal: Principal, *, shared: bool) -> bool:
    """Whether the principal may make, renew and delete such connections: what is refused need not be offered."""
    try:
        require_connecting(principal, shared=shared)
    except Refused:
        return False
    return True


def already_connected(connector: Connector, found: Sequence[Found]) -> AlreadyExists:
    accounts = ", ".join(dict.fromkeys(describe_account(grant) for _, grant in found))
    names = ", ".join(row.name for row, _ in found)
    return AlreadyExists(
        f"{connector.name} is already connected as {accounts} ({names}).",
        hint=f"To connect another account pass alias; to renew this one pass alias='{found[0][0].alias}'.",
    )


def check_scopes(connector: Connector, asked: Sequence[str]) -> None:
    """Raise `InvalidArguments` on a scope that no way to sign in knows: it would be asked for in vain."""
    known = sorted({scope for method in connector.auth.values() for scope in getattr(method, "scopes", ())})
    unknown = [scope for scope in asked if scope not in known]
    if unknown and known:
        raise InvalidArguments(
            f"{connector.title} has no scope {unknown[0]!r}.",
            hint=did_you_mean(unknown[0], known, few=10) or f"It has: {', '.join(known[:10])}.",
        )
