"""Roles by what an OpenID Connect issuer says of a person: the operator's rules, and what they change here. Pure.

Whom a rule names by a group has exactly what the rules give, whatever was set by hand. `*` gives a role to whoever has
none; it takes nothing from anybody. What a sign-in gave goes with the rule or the group that gave it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from connectory.setting_forms import ROLE_RULE
from connectory.vault.entities import Role, WorkspaceId

EVERYBODY = "*"
RANKS = {Role.VIEWER: 0, Role.MEMBER: 1, Role.OWNER: 2}


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Who is in `group` has `role` in the workspace of that short name."""

    group: str
    slug: str
    role: Role


@dataclass(frozen=True, slots=True)
class MappedRole:
    """What the rules give somebody in one workspace, and whether one of them names a group of theirs."""

    role: Role
    is_named: bool


@dataclass(frozen=True, slots=True)
class RoleChanges:
    """What a sign-in changes: roles to set, memberships to end, and what is from then on by the rules."""

    put: Mapping[WorkspaceId, Role]
    end: tuple[WorkspaceId, ...]
    given: Mapping[WorkspaceId, Role]


def parse_rules(texts: Sequence[str]) -> tuple[RoleRule, ...]:
    """Read `CONNECTORY_OIDC_ROLES`; the settings have looked at its form already."""
    matches = [ROLE_RULE.fullmatch(text) for text in texts]
    return tuple(RoleRule(match[1], match[2], Role(match[3])) for match in matches if match is not None)


def roles_of(rules: Sequence[RoleRule], groups: Collection[str]) -> Mapping[str, MappedRole]:
    """Return what the rules give whoever is in these groups, by workspace: of several roles the highest."""
    found: dict[str, MappedRole] = {}
    for rule in rules:
        if rule.group != EVERYBODY and rule.group not in groups:
            continue
        before = found.get(rule.slug)
        is_named = rule.group != EVERYBODY or (before is not None and before.is_named)
        roles = [rule.role, *([before.role] if before else [])]
        found[rule.slug] = MappedRole(max(roles, key=RANKS.__getitem__), is_named)
    return found


def changes_of(
    mapped: Mapping[WorkspaceId, MappedRole],
    given: Mapping[WorkspaceId, Role],
    current: Mapping[WorkspaceId, Role],
) -> RoleChanges:
    """Return what brings `current`, the roles that somebody has, up to date; `given` are those of the last sign-in."""
    put: dict[WorkspaceId, Role] = {}
    kept: dict[WorkspaceId, Role] = {}
    for workspace_id, found in mapped.items():
        now = current.get(workspace_id)
        is_by_hand = now is not None and given.get(workspace_id) is not now
        if is_by_hand and not found.is_named:
            continue
        kept[workspace_id] = found.role
        if now is not found.role:
            put[workspace_id] = found.role
    end = tuple(one for one in given if one not in mapped and current.get(one) is given[one])
    return RoleChanges(put, end, kept)
