"""The verify call: whose the sign-in is, what it may do, and facts for later requests."""

from __future__ import annotations

from typing import Any

import pytest
from tests.actions.calling import Caller, gives, in_turn

from connectory.actions.executor import Verified
from connectory.errors import ConnectoryError, UnexpectedResponse

ANY = "request: {get: /things}"
BODY = {
    "user": {"id": 7, "name": "Ada"},
    "scopes": ["b", "a c"],
    "base": "eu",
    "team": None,
    "odd": [1],
    "long": "x" * 501,
}


def verified(verify: str, body: Any = None, headers: dict[str, str] | None = None, method: str = "") -> Caller:
    top = f"verify: {{request: {{get: /who}}, {verify}}}\n{method}"
    return Caller(ANY, in_turn(gives(body or BODY, headers=headers)), top)


ACCOUNT = "account: {id: user.id, name: user.name}"


async def test_the_account_is_told_as_texts() -> None:
    assert await verified(ACCOUNT).verify() == Verified("7", "Ada")
    assert await verified("account: {id: user.id, name: user.nick}").verify() == Verified("7", "7")


@pytest.mark.parametrize(("headers", "account"), [({"x-org": "org-7"}, "org-7"), ({}, None)])
async def test_an_account_that_only_a_header_tells_may_be_untold(headers: dict[str, str], account: str | None) -> None:
    told = await verified("account: {header: X-Org, name: \"'key'\"}", headers=headers).verify()

    assert told == Verified(account, "key")


@pytest.mark.parametrize(
    ("where", "headers", "scopes"),
    [
        ("header: X-Scopes", {"x-scopes": "repo, user:email  gist"}, ("gist", "repo", "user:email")),
        ("header: X-Scopes", {}, ()),
        ("body: scopes", {}, ("a", "b", "c")),
        ("body: base", {}, ("eu",)),
        ("body: odd", {}, ()),
    ],
)
async def test_the_scopes_are_told_as_a_header_a_text_or_a_list(
    where: str, headers: dict[str, str], scopes: tuple[str, ...]
) -> None:
    assert (await verified(f"{ACCOUNT}, scopes: {{{where}}}", headers=headers).verify()).scopes == scopes


async def test_facts_are_texts_and_what_is_none_is_left_out() -> None:
    caller = verified(f"{ACCOUNT}, facts: {{base: base, team: team, odd: odd, long: long, number: user.id}}")

    assert (await caller.verify()).facts == {"base": "eu", "number": "7"}


async def test_a_method_may_have_a_verify_call_of_its_own() -> None:
    method = (
        'auth: {token: {method: api_key, headers: {X-Key: "{credential.token}"},'
        " verify: {request: {get: /bot}, account: {id: base, name: base}}}}"
    )
    caller = verified(ACCOUNT, method=method)

    assert (await caller.verify()).account_id == "eu"
    assert caller.sent[0].url.path == "/v1/bot"


async def test_an_answer_without_an_account_is_no_proof() -> None:
    with pytest.raises(UnexpectedResponse, match="not with an account"):
        await verified("account: {id: team, name: base}").verify()


async def test_it_is_sent_again_like_any_read() -> None:
    caller = Caller(ANY, in_turn(gives({}, 503), gives(BODY)), f"verify: {{request: {{get: /who}}, {ACCOUNT}}}")

    assert (await caller.verify()).account_id == "7"


OTHERWISE = f"{ACCOUNT}, otherwise: {{request: {{get: /limits}}, account: {{name: base}}, scopes: {{body: scopes}}}}"


@pytest.mark.parametrize("rule", ["", "errors: [{when: {status: [403]}, code: missing_scope}]\n"])
async def test_a_key_that_may_not_make_the_call_is_proven_by_another(rule: str) -> None:
    top = f"{rule}verify: {{request: {{get: /who}}, {OTHERWISE}}}"
    caller = Caller(ANY, in_turn(gives({}, 403), gives(BODY)), top)

    assert await caller.verify() == Verified(None, "eu", ("a", "b", "c"))
    assert [one.url.path for one in caller.sent] == ["/v1/who", "/v1/limits"]


@pytest.mark.parametrize(("first", "then"), [((401, 200), 1), ((500, 500, 500, 200), 3), ((403, 403), 2)])
async def test_what_is_dead_or_down_is_not_proven_by_another_call(first: tuple[int, ...], then: int) -> None:
    answers = (gives(BODY, status) for status in first)
    caller = Caller(ANY, in_turn(*answers), f"verify: {{request: {{get: /who}}, {OTHERWISE}}}")

    with pytest.raises(ConnectoryError):
        await caller.verify()
    assert len(caller.sent) == then
