"""Rules for roles: who is meant by them, and what they change of what stands here."""

from __future__ import annotations

import pytest

from connectory.identity.role_mapping import MappedRole, changes_of, parse_rules, roles_of
from connectory.vault.entities import Role, WorkspaceId

ACME = WorkspaceId("ws_acme")
OWNER, MEMBER, VIEWER = Role.OWNER, Role.MEMBER, Role.VIEWER
RULES = parse_rules(("engineering:acme:member", "admins:acme:owner", "*:acme:viewer", "org:team:sales:member"))


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (set(), {"acme": MappedRole(VIEWER, is_named=False)}),
        ({"engineering"}, {"acme": MappedRole(MEMBER, is_named=True)}),
        ({"engineering", "admins"}, {"acme": MappedRole(OWNER, is_named=True)}),
        ({"Engineering", "admin"}, {"acme": MappedRole(VIEWER, is_named=False)}),
        (
            {"org:team"},
            {"acme": MappedRole(VIEWER, is_named=False), "sales": MappedRole(MEMBER, is_named=True)},
        ),
    ],
)
def test_of_several_roles_the_highest_counts_and_groups_are_compared_to_the_letter(
    groups: set[str], roles: dict[str, MappedRole]
) -> None:
    assert roles_of(RULES, groups) == roles


def test_a_group_called_star_is_everybody_and_names_nobody() -> None:
    assert roles_of(RULES, {"*"}) == roles_of(RULES, set())


@pytest.mark.parametrize(
    ("mapped", "given", "now", "afterwards", "is_given"),
    [
        # by group: whatever was there
        (MappedRole(MEMBER, is_named=True), None, None, MEMBER, True),
        (MappedRole(MEMBER, is_named=True), None, OWNER, MEMBER, True),
        (MappedRole(OWNER, is_named=True), None, VIEWER, OWNER, True),
        (MappedRole(MEMBER, is_named=True), OWNER, OWNER, MEMBER, True),
        (MappedRole(MEMBER, is_named=True), MEMBER, None, MEMBER, True),  # taken out by hand: the rules say in
        # by `*`: only who has no role by hand
        (MappedRole(VIEWER, is_named=False), None, None, VIEWER, True),
        (MappedRole(VIEWER, is_named=False), None, OWNER, OWNER, False),
        (MappedRole(MEMBER, is_named=False), None, VIEWER, VIEWER, False),
        (MappedRole(VIEWER, is_named=False), MEMBER, MEMBER, VIEWER, True),
        # by nothing: what a sign-in gave goes, what was set by hand stays
        (None, MEMBER, MEMBER, None, False),
        (None, MEMBER, OWNER, OWNER, False),
        (None, None, OWNER, OWNER, False),
        (None, MEMBER, None, None, False),
    ],
)
def test_what_a_sign_in_makes_of_a_role(
    mapped: MappedRole | None, given: Role | None, now: Role | None, afterwards: Role | None, is_given: bool
) -> None:
    current = {ACME: now} if now else {}

    changes = changes_of({ACME: mapped} if mapped else {}, {ACME: given} if given else {}, current)

    left = {one: role for one, role in {**current, **changes.put}.items() if one not in changes.end}
    assert left == ({ACME: afterwards} if afterwards else {})
    assert (ACME in changes.given) is is_given
