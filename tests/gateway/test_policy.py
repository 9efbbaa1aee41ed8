"""One pure function decides; deny before confirm before allow, level by level."""

import pytest

from connectory.catalog.manifest import Effect
from connectory.gateway.policy import CONNECT, DISCONNECT, Judged, Verdict, decide, refusal
from connectory.identity.principal import Principal
from connectory.vault.entities import PolicyEffect, PolicyRule, Role, TokenId, UserId, WorkspaceId

WS, ME, TOKEN = WorkspaceId("ws_1"), UserId("us_1"), TokenId("tk_1")
READ, WRITE = Judged("github_list_issues", Effect.READ), Judged("github_create_issue", Effect.WRITE)
WAYS = ("`connectory workspace add-member", "another token", "`connectory policy`")
DESTROY = Judged("github_delete_repo", Effect.DESTRUCTIVE)


def me(role: Role = Role.MEMBER, **more: bool) -> Principal:
    return Principal(WS, ME, role, TOKEN, **more)


def rule(effect: str, pattern: str, user: UserId | None = None, token: TokenId | None = None) -> PolicyRule:
    return PolicyRule("po_1", WS, user, token, PolicyEffect(effect), pattern)


@pytest.mark.parametrize(
    ("rules", "judged", "verdict"),
    [
        ([], WRITE, Verdict.ALLOW),
        ([rule("deny", "github_*")], READ, Verdict.DENY),
        ([rule("deny", "stripe_*")], READ, Verdict.ALLOW),
        ([rule("allow", "github_list_*")], READ, Verdict.ALLOW),
        ([rule("allow", "github_list_*")], WRITE, Verdict.DENY),
        ([rule("allow", "*"), rule("deny", "*_delete_*")], DESTROY, Verdict.DENY),
        ([rule("allow", "*"), rule("confirm", "github_create_*")], WRITE, Verdict.CONFIRM),
        ([rule("confirm", "*"), rule("deny", "github_create_*")], WRITE, Verdict.DENY),
        ([rule("read_only", "*")], READ, Verdict.ALLOW),
        ([rule("read_only", "*")], WRITE, Verdict.DENY),
        ([rule("read_only", "stripe_*")], WRITE, Verdict.ALLOW),
    ],
)
def test_rules_of_one_level(rules: list[PolicyRule], judged: Judged, verdict: Verdict) -> None:
    assert decide(rules, me(), judged).verdict is verdict


def test_a_token_narrows_and_never_widens() -> None:
    workspace, token = rule("allow", "github_list_*"), rule("allow", "*", token=TOKEN)

    assert decide([workspace, token], me(), WRITE).verdict is Verdict.DENY
    assert (
        decide([rule("allow", "*"), rule("allow", "github_list_*", token=TOKEN)], me(), WRITE).verdict is Verdict.DENY
    )


def test_another_users_and_another_tokens_rules_do_not_apply() -> None:
    rules = [rule("deny", "*", user=UserId("us_2")), rule("deny", "*", token=TokenId("tk_2"))]

    assert decide(rules, me(), WRITE).verdict is Verdict.ALLOW


@pytest.mark.parametrize("judged", [WRITE, DESTROY])
def test_a_read_only_token_and_a_viewer_cause_no_write(judged: Judged) -> None:
    assert decide([rule("allow", "*")], me(read_only=True), judged).verdict is Verdict.DENY
    assert decide([rule("allow", "*")], me(Role.VIEWER), judged).verdict is Verdict.DENY


def test_a_denial_says_why() -> None:
    assert "allows only github_list_*" in decide([rule("allow", "github_list_*")], me(), WRITE).reason


@pytest.mark.parametrize(
    ("principal", "rules", "code", "mended"),
    [
        (me(Role.VIEWER), [], "role_denied", "`connectory workspace add-member"),
        (me(read_only=True), [], "policy_denied", "another token"),
        (me(Role.VIEWER, read_only=True), [], "policy_denied", "another token"),
        (me(), [rule("deny", "*")], "policy_denied", "`connectory policy`"),
        (me(), [rule("read_only", "*")], "policy_denied", "`connectory policy`"),
        (me(), [rule("allow", "nothing")], "policy_denied", "`connectory policy`"),
    ],
)
def test_a_refusal_names_what_would_mend_it(
    principal: Principal, rules: list[PolicyRule], code: str, mended: str
) -> None:
    error = refusal(decide(rules, principal, WRITE), WRITE)

    assert error.code == code
    assert [way for way in WAYS if way in error.hint] == [mended]


@pytest.mark.parametrize(
    ("rules", "connecting", "disconnecting"),
    [
        ([], Verdict.ALLOW, Verdict.ALLOW),
        ([rule("read_only", "*")], Verdict.ALLOW, Verdict.ALLOW),
        ([rule("deny", "disconnect")], Verdict.ALLOW, Verdict.DENY),
        ([rule("deny", "connect")], Verdict.DENY, Verdict.ALLOW),
        ([rule("deny", "*connect")], Verdict.DENY, Verdict.DENY),
        ([rule("deny", "*")], Verdict.DENY, Verdict.DENY),
        ([rule("deny", "github_*")], Verdict.ALLOW, Verdict.ALLOW),
        ([rule("confirm", "*connect")], Verdict.ALLOW, Verdict.CONFIRM),
        ([rule("confirm", "*"), rule("deny", "disconnect", token=TOKEN)], Verdict.ALLOW, Verdict.DENY),
        ([rule("allow", "github_*")], Verdict.ALLOW, Verdict.DENY),
        ([rule("allow", "github_*"), rule("allow", "disconnect")], Verdict.ALLOW, Verdict.ALLOW),
        ([rule("allow", "github_*", token=TOKEN)], Verdict.ALLOW, Verdict.DENY),
    ],
)
def test_connecting_and_disconnecting(rules: list[PolicyRule], connecting: Verdict, disconnecting: Verdict) -> None:
    assert decide(rules, me(), CONNECT).verdict is connecting
    assert decide(rules, me(), DISCONNECT).verdict is disconnecting


@pytest.mark.parametrize("principal", [me(read_only=True), me(Role.VIEWER)])
def test_who_may_not_write_neither_connects_nor_disconnects(principal: Principal) -> None:
    assert decide([], principal, CONNECT).verdict is Verdict.DENY
    assert decide([], principal, DISCONNECT).verdict is Verdict.DENY
