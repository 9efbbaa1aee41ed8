"""Every provider's sign-in from the page to the revocation, request for request as its documentation demands."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.auth.oauth.shapes.double import CLIENT_ID, CLIENT_SECRET, Answer, Shape
from tests.auth.oauth.shapes.journey import asked_of, at
from tests.auth.oauth.shapes.packaged_shapes import GITHUB_ROTATING, PACKAGED, SLACK_ROTATING
from tests.auth.oauth.shapes.small_shapes import SMALL

from connectory.auth.backend import Form
from connectory.errors import NeedsReconnect, ProviderUnavailable, RateLimited
from connectory.vault.entities import GrantStatus

EVERY = [pytest.param(shape, id=shape.connector) for shape in (*PACKAGED, *SMALL)]
ENDLESS = ("github", "slack")  # whose tokens neither end nor are renewed, unless the app says so
RENEWABLE = [one for one in EVERY if one.id not in ENDLESS]
RENEWABLE += [pytest.param(shape, id=f"{shape.connector}, rotating") for shape in (GITHUB_ROTATING, SLACK_ROTATING)]
every_provider = pytest.mark.parametrize("shape", EVERY)
every_renewable = pytest.mark.parametrize("shape", RENEWABLE)
A_DAY_S = 86_400


@every_provider
async def test_the_page_is_asked_for_what_the_documentation_lists_and_nothing_else(shape: Shape) -> None:
    async with at(shape) as one:
        url = await one.leave(await one.session())

    asked = parse_qs(urlsplit(url).query)
    assert asked_of(url) == (shape.authorize, dict(shape.asks))
    assert asked["client_id"] == [CLIENT_ID]
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == [one.redirect_uri]
    assert len(asked["state"][0]) >= 43
    assert ("code_challenge" in asked, asked.get("code_challenge_method")) == (
        (True, ["S256"]) if shape.pkce else (False, None)
    )
    assert CLIENT_SECRET not in url


@every_provider
async def test_the_code_becomes_a_connection_with_what_the_answer_tells(shape: Shape) -> None:
    async with at(shape) as one:
        done = await one.connected()
        grant, tokens = await one.grant(), await one.tokens()

    lasts = (
        None if tokens.expires_at is None else (tokens.expires_at - one.clock()).total_seconds(),
        tokens.lifetime_s,
    )
    assert (done.account.id, done.account.name) == shape.account
    assert grant.scopes == shape.scopes
    assert {name: grant.facts.get(name) for name in shape.facts} == shape.facts
    assert lasts == (shape.lasts_s, shape.lasts_s)
    assert tokens.access_token.get_secret_value() == "at-1"
    assert [sent.method for sent in one.double.sent(shape.verify[1])] == [shape.verify[0]]


@every_provider
async def test_a_code_that_the_provider_refuses_is_said_and_connects_nothing(shape: Shape) -> None:
    async with at(shape) as one:
        session = await one.session()
        pairs = one.consent(await one.leave(session))
        one.double.codes.clear()
        step = await one.come_back(session, pairs)
        found = await one.application.auth.list_connections(one.principal)

    assert isinstance(step, Form)
    assert "ended the sign-in" in step.problems[0].message
    assert found == []


@every_renewable
async def test_tokens_are_renewed_over_and_over_with_the_refresh_token_that_is_good_then(shape: Shape) -> None:
    async with at(shape) as one:
        await one.connected()
        seen = []
        for _ in range(3):
            one.clock.pass_by(seconds=shape.lasts_s or A_DAY_S)
            tokens = await one.tokens(renewed=shape.lasts_s is None)
            assert tokens.refresh_token is not None
            seen.append((tokens.access_token.get_secret_value(), tokens.refresh_token.get_secret_value()))
        grant = await one.grant()

    refreshing = [f"rt-{number}" if shape.rotates else "rt-1" for number in (2, 3, 4)]
    assert seen == list(zip(["at-2", "at-3", "at-4"], refreshing, strict=True))
    assert {name: grant.facts.get(name) for name in shape.facts} == shape.facts
    assert grant.scopes == shape.scopes
    assert grant.status is GrantStatus.ACTIVE


@every_renewable
async def test_a_refresh_token_that_the_provider_has_ended_asks_for_a_new_sign_in(shape: Shape) -> None:
    async with at(shape) as one:
        await one.connected()
        one.double.refresh = "another"
        one.clock.pass_by(seconds=shape.lasts_s or A_DAY_S)
        with pytest.raises(NeedsReconnect):
            await one.tokens(renewed=shape.lasts_s is None)
        grant, asked = await one.grant(), len(one.double.sent(shape.token))
        with pytest.raises(NeedsReconnect):
            await one.tokens()
        again = len(one.double.sent(shape.token))
        renewed = await one.connected(alias="default")

    assert grant.status is GrantStatus.NEEDS_RECONNECT
    assert again == asked  # a refused token is not sent twice
    assert renewed.account.id == shape.account[0]


@every_renewable
@pytest.mark.parametrize(
    ("answer", "error"), [(Answer(503, "<html>"), ProviderUnavailable), (Answer(429, {"error": "slow"}), RateLimited)]
)
async def test_a_provider_that_is_down_does_not_end_the_sign_in(
    shape: Shape, answer: Answer, error: type[Exception]
) -> None:
    async with at(shape) as one:
        await one.connected()
        one.double.lies = answer
        one.clock.pass_by(seconds=shape.lasts_s or A_DAY_S)
        with pytest.raises(error):
            await one.tokens(renewed=shape.lasts_s is None)
        one.clock.pass_by(seconds=300)
        tokens = await one.tokens(renewed=shape.lasts_s is None)

    assert tokens.access_token.get_secret_value() == "at-2"


@every_provider
async def test_who_disconnects_has_the_tokens_withdrawn_as_the_documentation_says(shape: Shape) -> None:
    async with at(shape) as one:
        done = await one.connected()
        outcome = await one.application.auth.disconnect(one.principal, done.connection.id)

    sent = [(call.method, call.url) for call in one.double.received if call.url in {one.url for one in shape.revoke}]
    assert outcome is shape.revoked
    assert sent == [(call.method, call.url) for call in shape.revoke]
