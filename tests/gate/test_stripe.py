"""The gate, Stripe: forms with brackets, lists that go on after the last id, writes that are done once by their key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from tests.gate.doubles.serving import Reply
from tests.gate.doubles.stripe import KEY, VERSION, Stripe, failed
from tests.gate.gate import BOTH_ERAS, Era, Gate, gate
from tests.mcp.test_tools import client_of

from connectory.testing.application import connect, grant_oauth

ORIGIN = "https://api.stripe.com"
BUSY = "This object cannot be accessed right now because another API request is accessing it."
LACKING = (
    "The provided key 'rk_test_***' does not have the required permissions for this endpoint on account 'acct_1'. "
    "Having the 'rak_charge_write' permission would allow this request to continue."
)


@asynccontextmanager
async def stripe(*, may_read_account: bool = True) -> AsyncIterator[tuple[Gate, Stripe]]:
    """Stripe, connected by a restricted key."""
    double = Stripe()
    double.may_read_account = may_read_account
    async with gate((ORIGIN, double)) as opened:
        await connect(opened.application, opened.principal, "stripe", method="key", values={"token": KEY})
        yield opened, double


@BOTH_ERAS
async def test_an_invoice_with_lines_goes_as_forms_with_brackets(era: Era) -> None:
    async with stripe() as (opened, double):
        made, _ = await opened.by_mcp(
            era, "stripe_create_invoice", customer="cus_7", collection_method="send_invoice",
            due_at="2026-02-14T00:00:00Z", auto_advance=False, description="Workshop & more",
            metadata={"order id": "4711=A", "über": "ja"},
        )  # fmt: skip
        await opened.call(
            "stripe_add_invoice_item", customer="cus_7", invoice="in_1", description="12 January", amount=48000,
            currency="eur",
        )  # fmt: skip
        await opened.call("stripe_add_invoice_item", customer="cus_7", invoice="in_1", price="price_1", quantity=2)
        sent, is_error = await opened.by_mcp(era, "stripe_send_invoice", invoice="in_1")
        whole = await opened.call("stripe_get_invoice", invoice="in_1")

    _, invoice, first, second, sending, getting = double.received
    assert (invoice.method, invoice.path) == ("POST", "/v1/invoices")
    assert invoice.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (invoice.headers["authorization"], invoice.headers["stripe-version"]) == (f"Bearer {KEY}", VERSION)
    assert invoice.body == (
        b"customer=cus_7&collection_method=send_invoice&due_date=1771027200&description=Workshop+%26+more"
        b"&auto_advance=false&metadata%5Border+id%5D=4711%3DA&metadata%5B%C3%BCber%5D=ja"
    )
    assert first.body == b"customer=cus_7&invoice=in_1&description=12+January&amount=48000&currency=eur"
    assert second.body == b"customer=cus_7&invoice=in_1&pricing%5Bprice%5D=price_1&quantity=2"
    assert (sending.path, sending.body) == ("/v1/invoices/in_1/send", b"")
    assert (getting.path, getting.raw_query) == ("/v1/invoices/in_1", "expand%5B%5D=payments")
    assert "status: draft" in made.splitlines()
    assert 'due_at: "2026-02-14T00:00:00Z"' in made.splitlines()
    assert not is_error
    assert {"status: open", "amount_due: 53800", 'url: "https://invoice.stripe.com/i"'} <= set(sent.splitlines())
    assert [(line["amount"], line["price"]) for line in whole.value["lines"]] == [(48000, None), (5800, "price_1")]


async def test_a_list_of_objects_is_numbered_in_brackets() -> None:
    async with stripe() as (opened, double):
        made = await opened.call(
            "stripe_create_subscription", customer="cus_7", trial_days=14,
            items=[{"price": "price_1", "quantity": 2}, {"price": "price_2"}],
        )  # fmt: skip

    assert double.last.body == (
        b"customer=cus_7&items%5B0%5D%5Bprice%5D=price_1&items%5B0%5D%5Bquantity%5D=2&items%5B1%5D%5Bprice%5D=price_2"
        b"&trial_period_days=14"
    )
    assert [item["period_end"] for item in made.value["items"]] == ["2026-02-28T00:00:00Z"] * 2


async def test_three_pages_are_read_after_the_last_id_of_each() -> None:
    async with stripe() as (opened, double):
        whole = await opened.call("stripe_list_customers", limit=3, created_after="2026-01-31T00:00:00Z")
        asked = {"limit": 3, "created_after": "2026-01-31T00:00:00Z"}
        second = await opened.call("stripe_list_customers", cursor=whole.next_cursor, **asked)
        third = await opened.call("stripe_list_customers", cursor=second.next_cursor, **asked)

    assert [[one["id"] for one in page.value] for page in (whole, second, third)] == [
        ["cus_7", "cus_6", "cus_5"], ["cus_4", "cus_3", "cus_2"], ["cus_1"],
    ]  # fmt: skip
    assert third.next_cursor is None
    first = "created%5Bgte%5D=1769817600&limit=3"
    assert [one.raw_query for one in double.sent("GET", "/v1/customers")] == [
        first, f"{first}&starting_after=cus_5", f"{first}&starting_after=cus_2",
    ]  # fmt: skip
    assert whole.value[0]["created_at"] == "2026-01-31T00:00:07Z"


async def test_a_search_quotes_each_value_and_follows_its_own_pages() -> None:
    async with stripe() as (opened, double):
        found = await opened.call(
            "stripe_search_customers", name='Ann "A" O\'Neil', metadata_key="crm id", metadata_value="1 OR name~x",
            created_after="2026-01-31T00:00:00Z", limit=50,
        )  # fmt: skip
        refusal = await opened.refused("stripe_search_customers")
        slash = await opened.refused("stripe_search_customers", email="a\\")

    first, second, _ = double.sent("GET", "/v1/customers/search")
    query = 'name~"Ann \\"A\\" O\'Neil" AND metadata["crm id"]:"1 OR name~x" AND created>=1769817600'
    assert first.parameters == {"query": query, "limit": "50"}
    assert second.parameters == {"query": query, "limit": "50", "page": "p2"}
    assert len(found.value) == 3
    assert (refusal.code, slash.code) == ("provider_rejected", "invalid_arguments")
    assert "Missing required param: query." in refusal.text


@pytest.mark.parametrize("way", ["lost", "server error", "still at work", "locked"])
async def test_a_write_is_tried_again_with_its_own_key_and_done_once(way: str) -> None:
    async with stripe() as (opened, double):
        double.losses = 1 if way == "lost" else 0
        in_the_way = {
            "server error": failed(500, "api_error", "An error occurred."),
            "still at work": failed(409, "idempotency_error", "In use.", code="idempotency_key_in_use"),
            "locked": failed(429, "invalid_request_error", BUSY, code="lock_timeout"),
        }
        double.queue.extend([in_the_way[way]] if way in in_the_way else [])
        made = await opened.call("stripe_refund_payment", payment="pi_1", amount=500)
        again = await opened.call("stripe_refund_payment", payment="pi_1", amount=500)

    first, second, third = (one.headers["idempotency-key"] for one in double.sent("POST", "/v1/refunds"))
    assert first == second != third
    assert UUID(first).version == 4
    assert [one["id"] for one in double.refunds] == ["re_1", "re_2"] == [made.value["id"], again.value["id"]]
    assert double.refunds[0]["amount"] == 500


async def test_a_cancellation_is_not_tried_again_since_it_takes_no_key() -> None:
    async with stripe() as (opened, double):
        await opened.call("stripe_create_subscription", customer="cus_7", items=[{"price": "price_1"}])
        double.losses = 1
        lost = await opened.refused("stripe_cancel_subscription", subscription="sub_1", prorate=True, comment="unused")
        then = await opened.refused("stripe_cancel_subscription", subscription="sub_1")

    cancelling = double.sent("DELETE", "/v1/subscriptions/sub_1")
    assert [one.body for one in cancelling] == [b"prorate=true&cancellation_details%5Bcomment%5D=unused", b""]
    assert "idempotency-key" not in cancelling[0].headers
    assert (lost.code, then.code) == ("provider_unavailable", "provider_not_found")
    assert "done" in lost.hint


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (failed(400, "invalid_request_error", "Invalid integer: x", param="amount"), "provider_rejected",
         ["Invalid integer: x (amount)"]),
        (failed(400, "idempotency_error", "Keys can only be used with the same parameters."), "provider_conflict",
         ["same parameters"]),
        (failed(409, "idempotency_error", "In use.", code="idempotency_key_in_use"), "rate_limited",
         ["Look whether it was done"]),
        (failed(429, "rate_limit_error", "Too many requests.", code="rate_limit"), "rate_limited", ["Too many"]),
        (failed(429, "invalid_request_error", BUSY, code="lock_timeout"), "rate_limited", ["changing the same object"]),
        (failed(403, "invalid_request_error", LACKING), "missing_scope", ["rak_charge_write"]),
        (failed(403, "invalid_request_error", "Live charges are off."), "provider_forbidden", ["Live charges"]),
        (failed(402, "invalid_request_error", "Not enough."), "provider_rejected", ["Not enough."]),
        (failed(500, "api_error", "An error occurred."), "provider_unavailable", ["check first whether it was done"]),
        (Reply(503, b"<html>down</html>", {"content-type": "text/html"}), "provider_unavailable", []),
    ],
)  # fmt: skip
async def test_each_error_says_what_to_do(answer: Reply, code: str, words: list[str]) -> None:
    async with stripe() as (opened, double):
        double.stuck = answer
        refusal = await opened.refused("stripe_refund_payment", payment="pi_1")

    assert refusal.code == code
    assert all(word in f"{refusal.text} {refusal.hint}" for word in words), refusal.text
    assert double.refunds == []


@BOTH_ERAS
async def test_a_declined_card_says_why_and_is_charged_once(era: Era) -> None:
    async with stripe() as (opened, double):
        text, is_error = await opened.by_mcp(
            era, "stripe_create_payment", amount=1000, currency="eur", customer="cus_7", payment_method="pm_1",
            confirm=True, off_session=True,
        )  # fmt: skip

    (sent,) = double.sent("POST", "/v1/payment_intents")
    assert sent.body == (
        b"amount=1000&currency=eur&customer=cus_7&payment_method=pm_1&confirm=true&off_session=true"
        b"&automatic_payment_methods%5Benabled%5D=true&automatic_payment_methods%5Ballow_redirects%5D=never"
        b"&expand%5B0%5D=latest_charge"
    )
    assert is_error
    assert "insufficient funds. (card_declined, insufficient_funds)" in text
    assert "another payment method" in text
    assert KEY not in text


async def test_an_object_that_is_not_there_is_told_alike_in_path_and_body() -> None:
    async with stripe() as (opened, _):
        in_path = await opened.refused("stripe_get_customer", customer="cus_99")
        in_body = await opened.refused("stripe_create_invoice", customer="cus_99")

    assert in_path.code == in_body.code == "provider_not_found"
    assert "No such customer: 'cus_99' (resource_missing, customer)" in in_body.text
    assert "sandbox" in in_body.hint


async def test_a_key_that_is_revoked_asks_for_another() -> None:
    async with stripe() as (opened, double):
        double.stuck = failed(
            401, "invalid_request_error", "Expired API Key provided: rk_test_***", code="api_key_expired"
        )
        refusal = await opened.refused("stripe_get_balance")

    assert refusal.code == "needs_reconnect"
    assert "/connect/" in refusal.hint


@pytest.mark.parametrize(
    ("may_read_account", "account", "calls"),
    [(True, ("acct_1PJBLE", "Acme"), 1), (False, (None, "restricted key, test"), 2)],
)
async def test_a_restricted_key_is_proven_by_the_balance_where_it_may_not_read_the_account(
    may_read_account: bool, account: tuple[str | None, str], calls: int
) -> None:
    async with stripe(may_read_account=may_read_account) as (opened, double):
        [(_, grant)] = await opened.application.auth.list_connections(opened.principal)

    assert (grant.account_id, grant.account_name) == account
    assert [one.path for one in double.received] == ["/v1/account", "/v1/balance"][:calls]


async def test_a_platform_acts_by_the_token_of_the_account_that_signed_in() -> None:
    double = Stripe()
    async with gate((ORIGIN, double)) as opened:
        await grant_oauth(
            opened.application, opened.principal, "stripe", "connect", token=KEY, facts={"account": "acct_1"}
        )
        await opened.call("stripe_get_balance")
        double.stuck = failed(
            403, "invalid_request_error", "Application access may have been revoked.", code="account_invalid"
        )
        refusal = await opened.refused("stripe_get_balance")

    assert double.sent("GET", "/v1/balance")[0].headers["authorization"] == f"Bearer {KEY}"
    assert refusal.code == "needs_reconnect"


@pytest.mark.parametrize("typed", ["pk_live_51PJ", "rk_live_51 x", "whsec_1", "acct_1"])
async def test_what_is_no_key_is_seen_on_the_form(typed: str) -> None:
    double = Stripe()
    async with gate((ORIGIN, double)) as opened:
        with pytest.raises(AssertionError, match="Form"):
            await connect(opened.application, opened.principal, "stripe", method="key", values={"token": typed})

    assert double.received == []


@BOTH_ERAS
async def test_all_of_it_fits_in_the_list_that_an_agent_gets_unasked(era: Era) -> None:
    async with stripe() as (opened, _), client_of(opened.application, opened.principal, era) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}

    assert {action.tool for action in opened.application.catalog.connector("stripe").actions.values()} <= listed
