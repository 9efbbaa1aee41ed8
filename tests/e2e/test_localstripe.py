"""Stripe's actions sent by the real gateway to localstripe, which refuses what it does not know."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from tests.e2e.localstripe import KEY, PYTHON, LocalStripe, running_localstripe

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.errors import ConnectoryError
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import make_catalog
from connectory.wiring import Application

STRIPE = load_catalog([packaged_folder()], index_dir=None).connector("stripe")
# What localstripe does not know, with what it answers: prices, search, accounts, and what came after its version.
UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "list_prices": ({}, "provider_not_found"),
    "create_price": ({"product": "prod_1", "unit_amount": 2900, "currency": "eur"}, "provider_not_found"),
    "search_customers": ({"name": "Acme"}, "provider_not_found"),
    "finalize_invoice": ({"invoice": "in_1"}, "provider_not_found"),
    "send_invoice": ({"invoice": "in_1"}, "provider_not_found"),
    "create_subscription": ({"customer": "cus_1", "items": [{"price": "price_1"}]}, "provider_rejected"),  # plans only
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.URL]:
    if not PYTHON.exists():
        pytest.skip("localstripe is not installed: `make test` installs it into .test-tools")
    with running_localstripe(tmp_path_factory.mktemp("localstripe")) as url:
        yield url


@dataclass(frozen=True)
class Connected:
    """An application whose Stripe is localstripe, connected by a key."""

    application: Application
    principal: Principal
    stripe: LocalStripe

    async def call(self, name: str, /, **arguments: Any) -> Any:
        """Call an action; the projected value of the answer."""
        result = await self.application.gateway.call_action(self.principal, f"stripe_{name}", arguments)
        return result.value

    async def refused(self, name: str, /, **arguments: Any) -> ConnectoryError:
        with pytest.raises(ConnectoryError) as refusal:
            await self.call(name, **arguments)
        return refusal.value


@asynccontextmanager
async def connected(server: httpx2.URL) -> AsyncIterator[Connected]:
    transport = LocalStripe(server)
    mounts = {"https://api.stripe.com": transport}
    async with make_application(catalog=make_catalog(STRIPE), mounts=mounts) as application:
        principal = await make_principal(application)
        await connect(application, principal, "stripe", method="key", values={"token": KEY})
        yield Connected(application, principal, transport)


@pytest.fixture
async def stripe(server: httpx2.URL) -> AsyncIterator[Connected]:
    async with connected(server) as one:
        yield one


async def test_a_key_is_proven_by_the_balance(stripe: Connected) -> None:
    assert [one.url.path for one in stripe.stripe.requests] == ["/v1/account", "/v1/balance"]
    assert (await stripe.call("get_balance"))["live"] is False


async def test_a_customer_is_made_changed_and_read(stripe: Connected) -> None:
    address = {"line1": "Hauptstr. 1 & 2", "city": "Köln", "country": "DE"}
    made = await stripe.call(
        "create_customer", name="Ann [A]", email="ann+1@example.com", address=address, metadata={"a b": "1=2", "ü": "x"}
    )
    await stripe.call("update_customer", customer=made["id"], phone="+49 30 1", metadata={"c": ""})
    read = await stripe.call("get_customer", customer=made["id"])

    assert read["address"] == address
    assert read["metadata"] == {"a b": "1=2", "ü": "x", "c": ""}
    assert (read["name"], read["email"], read["phone"]) == ("Ann [A]", "ann+1@example.com", "+49 30 1")
    assert read["created_at"].endswith("Z")


async def test_a_list_goes_on_after_the_last_id(stripe: Connected) -> None:
    made = [(await stripe.call("create_customer", email="many@example.com"))["id"] for _ in range(5)]

    first = await stripe.application.gateway.call_action(
        stripe.principal, "stripe_list_customers", {"email": "many@example.com", "limit": 2}
    )
    ids, cursor = [one["id"] for one in first.value], first.next_cursor
    while cursor is not None:
        page = await stripe.application.gateway.call_action(
            stripe.principal, "stripe_list_customers", {"email": "many@example.com", "limit": 2, "cursor": cursor}
        )
        ids, cursor = [*ids, *(one["id"] for one in page.value)], page.next_cursor

    assert sorted(ids) == sorted(made)
    assert [one.url.params.get("starting_after") for one in stripe.stripe.requests[-3:]] == [None, ids[1], ids[3]]


async def test_a_product_is_made_and_listed(stripe: Connected) -> None:
    made = await stripe.call("create_product", name="Care plan", description="All of it", metadata={"k": "v"})

    listed = await stripe.call("list_products", active=True)

    assert made["id"] in {one["id"] for one in listed}
    assert (made["name"], made["metadata"]) == ("Care plan", {"k": "v"})


async def test_an_invoice_has_the_lines_that_wait_for_it(stripe: Connected) -> None:
    customer = (await stripe.call("create_customer", email="ann@example.com"))["id"]
    await subscribed(stripe, customer)  # localstripe makes an invoice only where there is one
    for amount, text in ((48000, "Workshop"), (-1000, "Discount")):
        await stripe.call("add_invoice_item", customer=customer, amount=amount, currency="eur", description=text)

    made = await stripe.call("create_invoice", customer=customer, description="January", metadata={"order": "1"})
    listed = await stripe.call("list_invoices", customer=customer)

    assert (made["status"], made["total"], made["currency"]) == ("draft", 48000 - 1000 + 2900, "eur")
    assert [one["id"] for one in listed] == [made["id"]]
    assert listed[0]["customer_email"] == "ann@example.com"


async def test_a_payment_is_refunded_in_part(stripe: Connected) -> None:
    card = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040"}
    method = await stripe.stripe.make("/v1/payment_methods", {**card, "card[cvc]": "123"})
    made = await stripe.call("create_payment", amount=2000, currency="eur", payment_method=method["id"])
    await stripe.stripe.make(f"/v1/payment_intents/{made['id']}/confirm", {"expand[0]": "latest_charge"})

    refund = await stripe.call("refund_payment", payment=made["id"], amount=500, metadata={"why": "late"})
    refunds = await stripe.call("list_refunds", payment=made["id"])
    [paid] = [one for one in await stripe.call("list_payments") if one["id"] == made["id"]]
    read = await stripe.call("get_payment", payment=made["id"])

    assert made["status"] == "requires_confirmation"
    assert (refund["amount"], refund["status"]) == (500, "succeeded")
    assert [one["id"] for one in refunds] == [refund["id"]]
    assert (paid["status"], paid["charge"], paid["amount_refunded"]) == ("succeeded", refund["charge"], 500)
    assert read == paid


async def test_a_subscription_is_listed_and_cancelled(stripe: Connected) -> None:
    customer = (await stripe.call("create_customer"))["id"]
    subscription = await subscribed(stripe, customer)

    before = await stripe.call("list_subscriptions", customer=customer)
    cancelled = await stripe.call("cancel_subscription", subscription=subscription, prorate=True, comment="unused")
    after = await stripe.call("list_subscriptions", customer=customer)
    all_of_them = await stripe.call("list_subscriptions", customer=customer, status="all")

    assert [one["id"] for one in before] == [subscription] == [one["id"] for one in all_of_them]
    assert cancelled["status"] == "canceled"
    assert cancelled["ended_at"].endswith("Z")
    assert after == []


async def subscribed(stripe: Connected, customer: str) -> str:
    """A subscription by a plan, which localstripe has in place of prices."""
    plan = {"amount": "2900", "currency": "eur", "interval": "month", "product[name]": "Care"}
    made = await stripe.stripe.make("/v1/plans", plan)
    form = {"customer": customer, "items[0][plan]": made["id"], "trial_period_days": "14"}
    return str((await stripe.stripe.make("/v1/subscriptions", form))["id"])


@pytest.mark.parametrize("name", UNKNOWN)
async def test_what_localstripe_does_not_know_is_told_as_an_error(stripe: Connected, name: str) -> None:
    arguments, code = UNKNOWN[name]

    assert (await stripe.refused(name, **arguments)).code == code


async def test_an_unknown_customer_is_not_found(stripe: Connected) -> None:
    refusal = await stripe.refused("get_customer", customer="cus_none")

    assert refusal.code == "provider_not_found"
    assert KEY not in f"{refusal.text} {refusal.hint}"


async def test_every_action_was_sent_or_is_named_as_unknown() -> None:
    sent = {
        "get_balance", "create_customer", "update_customer", "get_customer", "list_customers", "create_product",
        "list_products", "add_invoice_item", "create_invoice", "list_invoices", "create_payment", "get_payment",
        "list_payments", "refund_payment", "list_refunds", "list_subscriptions", "cancel_subscription",
    }  # fmt: skip

    assert set(STRIPE.actions) - sent - set(UNKNOWN) == {"get_invoice"}  # it expands `payments`: no such thing there
