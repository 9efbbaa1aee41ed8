"""Who may set which rule: owners all, everybody else only what narrows themselves."""

from dataclasses import replace
from typing import Any

import pytest
from tests.identity.making import town

from connectory.errors import AlreadyExists, InvalidArguments, PolicyDenied, RoleDenied, UnknownObject
from connectory.vault.entities import PolicyEffect

NARROWING = [PolicyEffect.DENY, PolicyEffect.CONFIRM, PolicyEffect.READ_ONLY]


@pytest.mark.parametrize("effect", list(PolicyEffect))
async def test_owners_set_rules_for_the_workspace_a_user_and_a_token(effect: PolicyEffect) -> None:
    async with town() as t:
        token, _ = await t.tokens.create(t.member, "laptop")

        [everywhere] = await t.policies.add(t.owner, effect, ["notes_*"])
        [for_user] = await t.policies.add(t.owner, effect, user="Mia")
        [for_token] = await t.policies.add(t.owner, effect, token=token.prefix)

        assert (everywhere.user_id, everywhere.token_id, everywhere.pattern) == (None, None, "notes_*")
        assert (for_user.user_id, for_user.token_id, for_user.pattern) == (t.member.user_id, None, "*")
        assert (for_token.user_id, for_token.token_id) == (t.member.user_id, token.id)
        assert {rule.id for rule in await t.policies.list(t.owner)} == {everywhere.id, for_user.id, for_token.id}


@pytest.mark.parametrize("effect", NARROWING)
async def test_members_narrow_themselves_and_their_tokens_alone(effect: PolicyEffect) -> None:
    async with town() as t:
        mine, _ = await t.tokens.create(t.member, "mine")
        owners, _ = await t.tokens.create(t.owner, "owners")

        await t.policies.add(t.member, effect, user="Mia")
        await t.policies.add(t.member, effect, token=mine.id)
        with pytest.raises(RoleDenied):
            await t.policies.add(t.member, effect)
        with pytest.raises(RoleDenied):
            await t.policies.add(t.member, effect, user="local")
        with pytest.raises(UnknownObject):
            await t.policies.add(t.member, effect, token=owners.id)
        with pytest.raises(RoleDenied):
            await t.policies.add(t.viewer, effect, user="Vic")


async def test_a_member_adds_the_first_allow_of_a_level_but_no_further_one() -> None:
    async with town() as t:
        await t.policies.add(t.member, PolicyEffect.ALLOW, ["notes_*", "kinto_*"], user="Mia")

        with pytest.raises(RoleDenied):
            await t.policies.add(t.member, PolicyEffect.ALLOW, ["*"], user="Mia")
        await t.policies.add(t.owner, PolicyEffect.ALLOW, ["demo_*"], user="Mia")


async def test_a_rule_that_is_there_is_not_added_again() -> None:
    async with town() as t:
        [first] = await t.policies.add(t.member, PolicyEffect.ALLOW, ["notes_*"], user="Mia")

        with pytest.raises(AlreadyExists, match="This rule is there already"):
            await t.policies.add(t.member, PolicyEffect.ALLOW, ["notes_*", "notes_*"], user="Mia")
        [denied] = await t.policies.add(t.member, PolicyEffect.DENY, ["notes_*"], user="Mia")  # of another kind
        [everywhere] = await t.policies.add(t.owner, PolicyEffect.DENY, ["notes_*"])  # of another level
        [new] = await t.policies.add(t.owner, PolicyEffect.DENY, ["notes_*", "kinto_*"])
        assert new.pattern == "kinto_*"
        with pytest.raises(AlreadyExists, match="These rules are there already"):
            await t.policies.add(t.owner, PolicyEffect.DENY, ["notes_*", "kinto_*"])
        assert {rule.id for rule in await t.policies.list(t.owner)} == {first.id, denied.id, everywhere.id, new.id}


async def test_a_pattern_that_is_too_long_is_told_so() -> None:
    async with town() as t:
        with pytest.raises(InvalidArguments, match="This pattern is too long: 65 characters"):
            await t.policies.add(t.owner, PolicyEffect.DENY, ["x" * 65])


async def test_only_owners_remove_rules() -> None:
    async with town() as t:
        [rule] = await t.policies.add(t.member, PolicyEffect.DENY, user="Mia")
        with pytest.raises(RoleDenied):
            await t.policies.remove(t.member, rule.id)
        with pytest.raises(RoleDenied):
            await t.policies.clear(t.member, user="Mia")
        for unseen in (t.stranger, replace(t.owner, workspace_id=t.stranger.workspace_id)):
            with pytest.raises(UnknownObject):
                await t.policies.remove(unseen, rule.id)

        await t.policies.remove(t.owner, rule.id)
        assert not await t.policies.list(t.owner)


async def test_a_level_is_cleared_without_the_others() -> None:
    async with town() as t:
        token, _ = await t.tokens.create(t.member, "laptop")
        await t.policies.add(t.owner, PolicyEffect.DENY)
        await t.policies.add(t.owner, PolicyEffect.DENY, user="Mia")
        await t.policies.add(t.owner, PolicyEffect.DENY, token=token.id)

        await t.policies.clear(t.owner, user="Mia")

        assert {(rule.user_id, rule.token_id) for rule in await t.policies.list(t.owner)} == {
            (None, None), (t.member.user_id, token.id),
        }  # fmt: skip


async def test_a_token_widens_neither_itself_nor_anything_once_it_has_rules() -> None:
    async with town() as t:
        acting = await t.by_token(t.owner)
        [rule] = await t.policies.add(acting, PolicyEffect.ALLOW, ["notes_*"], token=acting.token_id)

        for attempt in (
            t.policies.remove(acting, rule.id),
            t.policies.clear(acting, token=acting.token_id),
            t.policies.add(acting, PolicyEffect.ALLOW, ["*"], token=acting.token_id),
        ):
            with pytest.raises(PolicyDenied):
                await attempt
        with pytest.raises(PolicyDenied):
            await t.policies.add(replace(t.owner, read_only=True), PolicyEffect.DENY)
        await t.policies.remove(t.owner, rule.id)


@pytest.mark.parametrize("level", ["workspace", "user", "token"])
async def test_a_token_takes_away_no_rule_that_holds_it_though_it_is_an_owners(level: str) -> None:
    async with town() as t:
        acting = await t.by_token(t.owner)
        levels: dict[str, dict[str, Any]] = {
            "workspace": {},
            "user": {"user": "local"},
            "token": {"token": acting.token_id},
        }
        whom = levels[level]
        [rule] = await t.policies.add(t.owner, PolicyEffect.ALLOW, ["notes_*"], **whom)

        for attempt in (
            t.policies.remove(acting, rule.id),
            t.policies.clear(acting, **whom),
            t.policies.add(acting, PolicyEffect.ALLOW, ["*"], **whom),
        ):
            with pytest.raises(PolicyDenied) as refusal:
                await attempt
            assert level == "token" or "connectory open" in refusal.value.hint
        assert rule in await t.policies.list(t.owner)
        await t.policies.add(t.owner, PolicyEffect.ALLOW, ["demo_*"], **whom)
        await t.policies.remove(t.owner, rule.id)  # by the pages or the command line: no token


async def test_an_owners_token_takes_away_rules_that_do_not_concern_it() -> None:
    async with town() as t:
        acting, other = await t.by_token(t.owner), await t.by_token(t.owner)
        [for_mia] = await t.policies.add(acting, PolicyEffect.ALLOW, ["notes_*"], user="Mia")
        [for_other] = await t.policies.add(acting, PolicyEffect.DENY, token=other.token_id)
        await t.policies.add(acting, PolicyEffect.ALLOW, ["demo_*"], user="Mia")

        assert await t.policies.remove(acting, for_mia.id) == for_mia
        await t.policies.clear(acting, token=for_other.token_id)
        assert [rule.pattern for rule in await t.policies.list(t.owner)] == ["demo_*"]


async def test_a_token_with_rules_of_its_own_sets_some_for_its_user_and_itself_alone() -> None:
    async with town() as t:
        acting, other = await t.by_token(t.owner), await t.by_token(t.owner)
        await t.policies.add(t.owner, PolicyEffect.DENY, ["notes_*"], token=acting.token_id)

        for attempt in (
            t.policies.add(acting, PolicyEffect.DENY),
            t.policies.add(acting, PolicyEffect.DENY, user="Mia"),
            t.policies.add(acting, PolicyEffect.DENY, token=other.token_id),
        ):
            with pytest.raises(PolicyDenied):
                await attempt
        await t.policies.add(acting, PolicyEffect.DENY, ["a"], user="local")
        await t.policies.add(acting, PolicyEffect.DENY, ["b"], token=acting.token_id)
        assert {rule.pattern for rule in await t.policies.list(t.owner)} == {"notes_*", "a", "b"}


async def test_others_see_the_rules_that_concern_them() -> None:
    async with town() as t:
        [everywhere] = await t.policies.add(t.owner, PolicyEffect.DENY)
        [for_mia] = await t.policies.add(t.owner, PolicyEffect.DENY, user="Mia")

        assert {rule.id for rule in await t.policies.list(t.member)} == {everywhere.id, for_mia.id}
        assert {rule.id for rule in await t.policies.list(t.viewer)} == {everywhere.id}
        assert not await t.policies.list(t.stranger)


@pytest.mark.parametrize("pattern", ["", "Notes_*", "notes list", "notes/*", "[a]*", "x" * 65, "*\n"])
async def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    async with town() as t:
        with pytest.raises(InvalidArguments):
            await t.policies.add(t.owner, PolicyEffect.DENY, ["notes_*", pattern])
        assert not await t.policies.list(t.owner)


async def test_a_rule_is_for_a_user_or_a_token() -> None:
    async with town() as t:
        with pytest.raises(InvalidArguments):
            await t.policies.add(t.owner, PolicyEffect.DENY, user="Mia", token="cny_aaaaaaaa")
        with pytest.raises(UnknownObject) as refusal:
            await t.policies.add(t.owner, PolicyEffect.DENY, token="cny_" + "s" * 43)
        assert "s" * 20 not in refusal.value.text
