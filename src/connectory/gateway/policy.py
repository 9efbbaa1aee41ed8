"""Step 3 of a call: may this principal do it, and does it need the person's yes? One pure function (design 2).

The rules of workspace, user and token all apply: deny goes before confirm, confirm before allow. At each of the three
levels, where any allow stands, what no pattern of that level matches is denied: a token can narrow, never widen.
The tool list passes the same function as the call, so that nothing is shown that would be refused.

Connecting and disconnecting change our vault and nothing at a provider, so a rule `read_only` is not about them.
Connecting is not about what is allowed either, or `allow github_*` could never be used; and its yes is the person's own
sign-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase

from connectory.catalog.manifest import Effect
from connectory.errors import ConnectoryError, PolicyDenied, RoleDenied
from connectory.identity.principal import Principal
from connectory.identity.rights import concerns
from connectory.vault.entities import Connection, PolicyEffect, PolicyRule, Role

FOR_AGENTS = "Do not retry it; tell the person. "  # how the hint of a refusal begins
_BY_RULES = "An owner of the workspace can change this with `connectory policy`."
_BY_TOKEN = "It needs another token, one that was made without `--read-only`."
_BY_ROLE = "An owner can make this user a member: `connectory workspace add-member WORKSPACE USER --role member`."
_STRENGTH = {Effect.READ: 0, Effect.WRITE: 1, Effect.DESTRUCTIVE: 2}


class Verdict(IntEnum):
    """What the rules say, the stricter the greater."""

    ALLOW = 0
    CONFIRM = 1
    DENY = 2


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with the rule's own words for it, and what would change it."""

    verdict: Verdict
    reason: str = ""
    mended: str = _BY_RULES


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules look at: a tool name and what it does. A raw request is judged as what it amounts to."""

    tool: str
    effect: Effect


CONNECT = Judged("connect", Effect.WRITE)
DISCONNECT = Judged("disconnect", Effect.DESTRUCTIVE)
RULES_ABOUT = {  # what is no action, and which rules are about it
    CONNECT.tool: frozenset({PolicyEffect.DENY}),
    DISCONNECT.tool: frozenset({PolicyEffect.DENY, PolicyEffect.CONFIRM, PolicyEffect.ALLOW}),
}


def decide(
    rules: Iterable[PolicyRule], principal: Principal, judged: Judged, connection: Connection | None = None
) -> Decision:
    """Return what `principal` may do. `connection` narrows by role: viewers only read, and only over shared ones."""
    if judged.effect is not Effect.READ:
        if principal.read_only:
            return Decision(Verdict.DENY, "this API token is read-only", _BY_TOKEN)
        if principal.role is Role.VIEWER:
            return Decision(Verdict.DENY, "viewers may only read", _BY_ROLE)
    if principal.role is Role.VIEWER and connection is not None and not connection.is_shared:
        return Decision(Verdict.DENY, "viewers may only use shared connections", _BY_ROLE)
    about = RULES_ABOUT.get(judged.tool, frozenset(PolicyEffect))
    applying = [rule for rule in rules if rule.effect in about and concerns(rule, principal)]
    return max((_level(level, judged) for level in _levels(applying)), key=lambda decision: decision.verdict)


def strictest(
    rules: Sequence[PolicyRule], principal: Principal, judged: Sequence[Judged], connection: Connection | None
) -> tuple[Decision, Judged]:
    """Return the strictest decision over several readings of one call, and the reading that it is about."""
    decided = [(decide(rules, principal, one, connection), one) for one in judged]
    return max(decided, key=lambda pair: (pair[0].verdict, _STRENGTH[pair[1].effect]))


def require(
    rules: Sequence[PolicyRule], principal: Principal, judged: Sequence[Judged], connection: Connection | None = None
) -> tuple[Verdict, Judged]:
    """Return the strictest verdict over several readings of one call, and the reading that it is about.

    Raises `PolicyDenied`, `RoleDenied`.
    """
    decision, about = strictest(rules, principal, judged, connection)
    if decision.verdict is Verdict.DENY:
        raise refusal(decision, about)
    return decision.verdict, about


def strongest(judged: Sequence[Judged]) -> Effect:
    """The strongest effect among several readings: what a person who confirms must be warned of."""
    return max((one.effect for one in judged), key=_STRENGTH.__getitem__)


def refusal(decision: Decision, judged: Judged) -> ConnectoryError:
    """The error for a denied call: what may not be done, by which rule, and who can change that."""
    error = RoleDenied if decision.mended is _BY_ROLE else PolicyDenied
    return error(
        f"{judged.tool} ({judged.effect}) is not allowed here: {decision.reason}.",
        hint=f"{FOR_AGENTS}{decision.mended}",
    )


def _levels(rules: Sequence[PolicyRule]) -> tuple[list[PolicyRule], ...]:
    workspace = [rule for rule in rules if rule.user_id is None and rule.token_id is None]
    user = [rule for rule in rules if rule.user_id is not None and rule.token_id is None]
    token = [rule for rule in rules if rule.token_id is not None]
    return workspace, user, token


def _level(rules: Sequence[PolicyRule], judged: Judged) -> Decision:
    """Decide by the rules of one level alone."""
    matching = [rule for rule in rules if fnmatchcase(judged.tool, rule.pattern)]
    for rule in matching:
        if rule.effect is PolicyEffect.DENY:
            return Decision(Verdict.DENY, f"a policy denies '{rule.pattern}'")
        if rule.effect is PolicyEffect.READ_ONLY and judged.effect is not Effect.READ:
            return Decision(Verdict.DENY, f"a policy makes '{rule.pattern}' read-only")
    for rule in matching:
        if rule.effect is PolicyEffect.CONFIRM:
            return Decision(Verdict.CONFIRM, f"a policy wants a yes for '{rule.pattern}'")
    allows = [rule for rule in rules if rule.effect is PolicyEffect.ALLOW]
    if allows and not any(rule.effect is PolicyEffect.ALLOW for rule in matching):
        patterns = ", ".join(sorted({rule.pattern for rule in allows}))
        return Decision(Verdict.DENY, f"a policy allows only {patterns}")
    return Decision(Verdict.ALLOW)
