"""Square, QuickBooks, Pipedrive, GitLab, Stripe and Notion: what each has that no other provider has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.auth.oauth.shapes.double import Answer, Shape
from tests.auth.oauth.shapes.journey import at
from tests.auth.oauth.shapes.packaged_shapes import NOTION, STRIPE
from tests.auth.oauth.shapes.small_shapes import GITLAB, PIPEDRIVE, QUICKBOOKS, SQUARE

from connectory.auth.backend import Form
from connectory.errors import ConnectoryError

PAGE = "https://api.notion.com/v1/pages/59833787-2cf9-4fdf-8782-e53db20768a5"


@pytest.mark.parametrize("ahead_s", [-7200, -90, 90, 7200])
async def test_squares_clock_may_differ_from_ours_and_the_tokens_last_as_long(ahead_s: float) -> None:
    async with at(SQUARE) as one:
        one.double.ahead_s = ahead_s
        await one.connected()
        tokens, now = await one.tokens(), one.clock()

    assert tokens.expires_at is not None
    assert abs((tokens.expires_at - now).total_seconds() - 30 * 86400) <= 1
    assert tokens.lifetime_s is not None
    assert abs(tokens.lifetime_s - 30 * 86400) <= 1


@pytest.mark.parametrize("realm", ["", "../1", "1/2", "1?x=", "evil.example", "9" * 31, "１２"])
async def test_a_company_that_is_no_number_becomes_no_part_of_quickbooks_address(realm: str) -> None:
    async with at(replace(QUICKBOOKS, called_back=(("realmId", realm),))) as one:
        session = await one.session()
        step = await one.come_back(session, one.consent(await one.leave(session)))

    assert isinstance(step, Form)
    assert [sent.url for sent in one.double.received if sent.url != QUICKBOOKS.token] == []


@pytest.mark.parametrize(
    ("shape", "name", "told"),
    [
        (PIPEDRIVE, "api_domain", "https://evil.example"),
        (PIPEDRIVE, "api_domain", "https://pipedrive.com.evil.example"),
        (PIPEDRIVE, "api_domain", "http://acme.pipedrive.com"),
        (STRIPE, "stripe_user_id", "acct_1/../x"),
        (STRIPE, "stripe_user_id", "cus_1"),
    ],
)
async def test_a_fact_that_the_manifest_does_not_allow_ends_the_sign_in(shape: Shape, name: str, told: str) -> None:
    lying = replace(shape, answer=lambda at, rt: {**shape.answer(at, rt), name: told})
    async with at(lying, "https://evil.example") as one:
        session = await one.session()
        step = await one.come_back(session, one.consent(await one.leave(session)))

    assert isinstance(step, Form)
    assert "not one of its own" in step.problems[0].message
    assert [sent.url for sent in one.double.received] == [shape.token]


async def test_gitlab_stands_where_the_person_says_and_its_client_is_that_servers() -> None:
    async with at(GITLAB) as one:
        await one.application.oauth_apps.put(one.principal, "gitlab", "of-another", "x", server="https://gitlab.com")
        done = await one.connected()

    assert [host.origin for host in done.connection.hosts] == ["https://git.acme.example:8443"]
    assert {sent.parameters["client_id"] for sent in one.double.sent(GITLAB.token)} == {"client-1"}


async def test_a_notion_token_that_ended_unannounced_is_renewed_and_the_call_goes_on() -> None:
    dead = Answer(401, {"object": "error", "status": 401, "code": "unauthorized", "message": "API token is invalid."})
    async with at(replace(NOTION, token_dead=dead)) as one:
        await one.connected()
        one.clock.pass_by(hours=1)
        one.double.access = "ended"
        one.double.offer("GET", PAGE, {"object": "page", "id": "59833787", "properties": {}})
        await one.call("notion_get_page", page=PAGE.rpartition("/")[2])

    assert [sent.headers["authorization"] for sent in one.double.sent(PAGE)] == ["Bearer at-1", "Bearer at-2"]
    assert one.double.sent(NOTION.token)[1].parameters == {"grant_type": "refresh_token", "refresh_token": "rt-1"}


async def test_a_stripe_account_whose_owner_has_left_the_platform_asks_for_a_new_sign_in() -> None:
    left = Answer(403, {"error": {"code": "account_invalid", "message": "Application access may have been revoked."}})
    async with at(STRIPE) as one:
        await one.connected()
        one.clock.pass_by(hours=1)
        one.double.refresh = "gone"
        one.double.routes["GET", "https://api.stripe.com/v1/balance"] = lambda _: left
        with pytest.raises(ConnectoryError) as refusal:
            await one.call("stripe_get_balance")

    assert refusal.value.code == "needs_reconnect"
