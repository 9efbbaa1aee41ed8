"""Policy rules, on behalf of a principal: what agents may do in a workspace, as a user, with a token (design 2).

Owners set rules for all. Everybody else may only narrow what is theirs: add `deny`, `confirm` or `read_only`, and the
first `allow` of a level (it forbids all that it does not match; a further one would widen what an owner has set).
A token widens nothing that concerns itself, an owner's neither: the agent that has it would open its own door. One with
rules of its own adds some for its own user or itself alone.
The rules are applied in `gateway/policy.py`; here they are only kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectory.catalog.manifest import Effect
from connectory.errors import AlreadyExists, InvalidArguments, RoleDenied, UnknownObject
from connectory.identity.principal import Principal
from connectory.identity.record import Record, given, no_record
from connectory.identity.rights import (
    find_member,
    member_names,
    require_free_of,
    require_member,
    require_owner,
    require_unnarrowed,
)
from connectory.identity.tokens import without_secret
from connectory.vault.entities import PolicyEffect, PolicyRule, Role, TokenId, UserId
from connectory.vault.vault import Vault

PATTERN = re.compile(r"[a-z0-9_*?]+", re.ASCII)  # a glob over tool names
MAX_PATTERN = 64  # characters, as a tool's name has


@dataclass(frozen=True, slots=True)
class Level:
    """Whom a rule concerns: the whole workspace, one user, or one token (then `user_id` is its user's)."""

    user_id: UserId | None = None
    token_id: TokenId | None = None


class Policies:
    """Lists, adds and removes rules; `user` is a member's id, email or name, `token` an id or prefix."""

    def __init__(self, vault: Vault, record: Record = no_record) -> None:
        self._vault = vault
        self._record = record

    async def list(self, principal: Principal) -> Sequence[PolicyRule]:
        """Return the workspace's rules for an owner; for everybody else those that concern them or their tokens."""
        rules = await self._vault.policies.list(principal.workspace_id)
        if principal.role is Role.OWNER:
            return rules
        return [rule for rule in rules if rule.user_id in (None, principal.user_id)]

    async def add(
        self,
        principal: Principal,
        effect: PolicyEffect,
        patterns: Sequence[str] = ("*",),
        *,
        user: str | None = None,
        token: str | None = None,
    ) -> Sequence[PolicyRule]:
        """Add one rule per pattern for the workspace, or for one user or token, and return those that were not there.

        Raises `RoleDenied`, `PolicyDenied`, `UnknownObject`, `InvalidArguments`, `AlreadyExists` where all were.
        """
        asked = given(effect=effect, patterns=list(patterns), user=user, token=token and without_secret(token))
        async with self._record(principal, "policy_set", Effect.WRITE, asked) as line:
            level = await self._level_to_narrow(principal, patterns, user, token)
            new = await self._new(principal, level, effect, patterns)
            await line.start()
            return [
                await self._vault.policies.add(
                    workspace_id=principal.workspace_id,
                    user_id=level.user_id,
                    token_id=level.token_id,
                    effect=effect,
                    pattern=pattern,
                )
                for pattern in new
            ]

    async def remove(self, principal: Principal, rule_id: str) -> PolicyRule:
        """Remove one rule. Raises `RoleDenied`: only owners may widen; `PolicyDenied`, `UnknownObject`."""
        async with self._record(principal, "policy_remove", Effect.DESTRUCTIVE, given(rule=rule_id)) as line:
            found = next((rule for rule in await self.list(principal) if rule.id == rule_id), None)
            if found is None:
                raise UnknownObject("policy", rule_id)
            await self._require_widening(principal, [found])
            await line.start()
            await self._vault.policies.remove(principal.workspace_id, found.id)
            return found

    async def clear(self, principal: Principal, *, user: str | None = None, token: str | None = None) -> None:
        """Remove all rules of one level. Raises as `remove`."""
        asked = given(user=user, token=token and without_secret(token))
        async with self._record(principal, "policy_clear", Effect.DESTRUCTIVE, asked) as line:
            require_owner(principal, "remove policies")
            level = await self._level(principal, user, token)
            await self._require_widening(principal, await self._rules_of(principal, level))
            await line.start()
            await self._vault.policies.clear(principal.workspace_id, level.user_id, level.token_id)

    async def _level_to_narrow(
        self, principal: Principal, patterns: Sequence[str], user: str | None, token: str | None
    ) -> Level:
        """Return the level, if the principal may add rules to it."""
        require_member(principal, "set policies")
        _require_patterns(patterns)
        level = await self._level(principal, user, token)
        if level not in (Level(principal.user_id), Level(principal.user_id, principal.token_id)):
            await require_unnarrowed(self._vault, principal, "set policies for others")
        if principal.role is not Role.OWNER and level.user_id is None:
            require_owner(principal, "set its policies")
        return level

    async def _new(
        self, principal: Principal, level: Level, effect: PolicyEffect, patterns: Sequence[str]
    ) -> Sequence[str]:
        """Return the patterns of which the level has no such rule yet, if the principal may add them."""
        there = {rule.pattern for rule in await self._rules_of(principal, level) if rule.effect is effect}
        new = [pattern for pattern in dict.fromkeys(patterns) if pattern not in there]
        if not new:
            words = "This rule is" if len(set(patterns)) == 1 else "These rules are"
            raise AlreadyExists(f"{words} there already.", hint="Nothing was changed.")
        if effect is PolicyEffect.ALLOW:
            await self._require_narrowing(principal, level)
        return new

    async def _require_widening(self, principal: Principal, removed: Sequence[PolicyRule]) -> None:
        require_owner(principal, "remove policies")
        await require_unnarrowed(self._vault, principal, "remove policies")
        require_free_of(removed, principal, "remove policies that concern itself")

    async def _require_narrowing(self, principal: Principal, level: Level) -> None:
        """An allow beside another one widens: that is for owners, and not for a token that is narrowed itself."""
        rules = await self._rules_of(principal, level)
        beside = [rule for rule in rules if rule.effect is PolicyEffect.ALLOW]
        if not beside:
            return
        if principal.role is not Role.OWNER:
            raise RoleDenied("A further allow rule would widen what is allowed.", hint="Ask an owner of the workspace.")
        await require_unnarrowed(self._vault, principal, "add a further allow rule")
        require_free_of(beside, principal, "add a further allow rule where one concerns itself")

    async def _rules_of(self, principal: Principal, level: Level) -> Sequence[PolicyRule]:
        rules = await self._vault.policies.list(principal.workspace_id)
        return [rule for rule in rules if Level(rule.user_id, rule.token_id) == level]

    async def _level(self, principal: Principal, user: str | None, token: str | None) -> Level:
        if user is not None and token is not None:
            raise InvalidArguments("A policy is for a user or for a token, not for both.", hint="Leave one out.")
        if token is not None:
            mine = None if principal.role is Role.OWNER else principal.user_id
            tokens = await self._vault.tokens.list(principal.workspace_id, user_id=mine)
            shown = without_secret(token)
            found = next((one for one in tokens if shown in (one.id, one.prefix)), None)
            if found is None:
                raise UnknownObject("token", shown)
            return Level(found.user_id, found.id)
        if user is None:
            return Level()
        member = await find_member(self._vault, principal, user)
        if member is None:
            raise UnknownObject("member", user, await member_names(self._vault, principal))
        if principal.role is not Role.OWNER and member[0].id != principal.user_id:
            raise RoleDenied("Only owners of the workspace set policies for others.", hint="Ask an owner.")
        return Level(member[0].id)


def _require_patterns(patterns: Sequence[str]) -> None:
    """Raise `InvalidArguments` unless these are patterns over tool names, and at least one."""
    if not patterns or not all(PATTERN.fullmatch(pattern) for pattern in patterns):
        raise InvalidArguments(
            "This is no pattern over tool names.", hint="Use small letters, digits, _ * and ?, e.g. github_*."
        )
    longest = max(map(len, patterns))
    if longest > MAX_PATTERN:
        raise InvalidArguments(
            f"This pattern is too long: {longest} characters.",
            hint=f"Use {MAX_PATTERN} at most; * stands for any number of them, as in github_*.",
        )
