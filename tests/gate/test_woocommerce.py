"""WooCommerce: a store whose address a person types, keys by basic, totals in headers, times without a zone."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.gate.doubles.serving import Reply, running
from tests.gate.doubles.woocommerce import HOST, KEY, SECRET, WooCommerce, failed
from tests.gate.gate import BOTH_ERAS, Era, Gate, gate, packaged

from connectory.auth.backend import Entry, Form
from connectory.testing.application import connect, make_application, make_principal

ORIGIN = f"https://{HOST}"
KEYS = {"store": ORIGIN, "consumer_key": KEY, "consumer_secret": SECRET}
API = "/wp-json/wc/v3"


@asynccontextmanager
async def store(**how: Any) -> AsyncIterator[tuple[Gate, WooCommerce]]:
    """A store that was connected by typed keys."""
    double = WooCommerce()
    for name, value in how.items():
        setattr(double, name, value)
    async with gate((ORIGIN, double)) as opened:
        await connect(opened.application, opened.principal, "woocommerce", method="keys", values=KEYS)
        double.received.clear()
        yield opened, double


@asynccontextmanager
async def refused_at_the_form(values: dict[str, str], **how: Any) -> AsyncIterator[tuple[Form, WooCommerce]]:
    """What the form says to values that it does not take, and the double, which listens on loopback."""
    double = WooCommerce(host="")
    async with running(double), make_application(catalog=packaged(), **how) as application:
        session = await application.auth.connect(await make_principal(application), "woocommerce")
        typed = {name: text.replace("LOOPBACK", double.origin.rpartition("/")[2]) for name, text in values.items()}
        step = await application.auth.sign_in.submit(session, "browser", Entry("keys", {**KEYS, **typed}))
        assert isinstance(step, Form)
        yield step, double


async def test_the_keys_go_by_basic_to_the_typed_store_alone() -> None:
    double = WooCommerce()
    async with gate((ORIGIN, double)) as opened:
        connection = await connect(opened.application, opened.principal, "woocommerce", method="keys", values=KEYS)

    assert [host.origin for host in connection.hosts] == [ORIGIN]
    assert [(one.path, one.raw_query) for one in double.received] == [(f"{API}/system_status", "_fields=environment")]
    assert base64.b64decode(double.last.headers["authorization"].removeprefix("Basic ")).decode() == f"{KEY}:{SECRET}"


async def test_keys_of_who_does_not_manage_the_store_are_proven_by_another_call() -> None:
    async with store(is_manager=False) as (opened, _):
        [(_, grant)] = await opened.application.auth.list_connections(opened.principal)

    assert (grant.account_id, grant.account_name) == (None, "a WooCommerce store")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://LOOPBACK", "This address is in a private network."),
        ("https://10.0.0.8", "This address is in a private network."),
        ("https://shop.local", "This address is in a private network."),
        ("https://169.254.169.254", "This address is never a provider's"),
        ("http://LOOPBACK", "This does not look right."),
        ("http://shop.example", "This does not look right."),
        (f"{ORIGIN}/wp-json", "something stands behind the host"),
        ("https://user@shop.example", "cannot be used"),
    ],
)
async def test_an_address_that_may_not_be_a_store_gets_no_keys(address: str, told: str) -> None:
    async with refused_at_the_form({"store": address}) as (form, double):
        assert [problem.field for problem in form.problems] == ["store"]
        assert told in form.problems[0].message
        assert SECRET not in repr(form)
        assert double.received == []


async def test_wrong_keys_are_told_at_the_form() -> None:
    double = WooCommerce()
    async with gate((ORIGIN, double)) as opened:
        session = await opened.application.auth.connect(opened.principal, "woocommerce")
        wrong = Entry("keys", {**KEYS, "consumer_secret": "cs_wrong"})
        step = await opened.application.auth.sign_in.submit(session, "browser", wrong)

    assert isinstance(step, Form)
    assert step.problems[0].message.startswith("WooCommerce did not accept this.")
    assert "cs_wrong" not in repr(step)


@BOTH_ERAS
async def test_orders_come_page_by_page_with_times_that_say_their_zone(era: Era) -> None:
    async with store() as (opened, _):
        text, is_error = await opened.by_mcp(
            era, "woocommerce_list_orders", limit=3, fields=["number", "total", "currency", "created_at", "paid_at"]
        )

    assert not is_error
    assert text.splitlines()[1:6] == [
        '- number: "7"', '  total: "95.90"', "  currency: EUR",
        '  created_at: "2026-01-07T10:30:00Z"', "  paid_at: null",
    ]  # fmt: skip


async def test_the_number_of_pages_in_a_header_ends_the_list() -> None:
    async with store() as (opened, double):
        pages = [await opened.call("woocommerce_list_orders", limit=3)]
        while (cursor := pages[-1].next_cursor) is not None:
            pages.append(await opened.call("woocommerce_list_orders", limit=3, cursor=cursor))

    assert [[one["id"] for one in page.value] for page in pages] == [[7, 6, 5], [4, 3, 2], [1]]
    assert [one.raw_query for one in double.received] == [
        "dates_are_gmt=true&per_page=3", "dates_are_gmt=true&per_page=3&page=2", "dates_are_gmt=true&per_page=3&page=3",
    ]  # fmt: skip


async def test_a_full_last_page_is_the_last_one_by_the_header() -> None:
    async with store() as (opened, double):
        result = await opened.call("woocommerce_list_products", limit=3)

    assert (len(result.value), result.next_cursor, len(double.received)) == (3, None, 1)


async def test_orders_are_found_by_status_and_by_a_time_that_goes_out_in_utc() -> None:
    async with store() as (opened, double):
        asked = {"status": ["completed", "processing"], "created_after": "2026-01-05T01:00:00+01:00"}
        result = await opened.call("woocommerce_list_orders", **asked)
        without_zone = await opened.refused("woocommerce_list_orders", created_after="2026-01-05T00:00:00")

    assert [one["id"] for one in result.value] == [7, 6, 5]
    sent = double.received[0].parameters
    assert (sent["status"], sent["after"]) == ("completed,processing", "2026-01-05T00:00:00")
    assert without_zone.code == "invalid_arguments"
    assert len(double.received) == 1


async def test_an_order_shows_what_matters_of_it() -> None:
    async with store() as (opened, _):
        result = await opened.call("woocommerce_get_order", order=3)

    assert result.value["lines"] == [
        {"id": 315, "product": 1, "variation": 0, "sku": "H-1", "name": "Hoodie", "quantity": 2, "total": "90.00"}
    ]
    assert (result.value["created_at"], result.value["paid_at"]) == ("2026-01-03T10:30:00Z", None)
    assert "_links" not in result.value


async def test_an_order_is_created_from_its_lines() -> None:
    async with store() as (opened, double):
        lines = [{"product": 1, "quantity": 2}, {"product": 2, "variation": 7, "quantity": 1}]
        await opened.call("woocommerce_create_order", lines=lines, billing={"first_name": "Ann", "country": "FR"})

    assert (double.last.method, double.last.path) == ("POST", f"{API}/orders")
    assert double.last.json == {
        "status": "pending",
        "billing": {"first_name": "Ann", "country": "FR"},
        "set_paid": False,
        "line_items": [
            {"product_id": 1, "quantity": 2},
            {"product_id": 2, "variation_id": 7, "quantity": 1},
        ],
    }


async def test_an_update_sends_what_changes() -> None:
    async with store() as (opened, double):
        changed = await opened.call("woocommerce_update_order", order=2, status="completed", customer_note="")
        sent = [(one.method, one.path, one.body) for one in double.received]
        await opened.call(
            "woocommerce_update_product", product=1, regular_price="49.50", sale_price="", categories=[9, 12]
        )

    assert sent == [("PUT", f"{API}/orders/2", b'{"status":"completed","customer_note":""}')]
    assert changed.value["status"] == "completed"
    assert double.last.body == b'{"regular_price":"49.50","sale_price":"","categories":[{"id":9},{"id":12}]}'


async def test_a_product_is_created_with_its_stock_and_pictures() -> None:
    async with store() as (opened, double):
        made = await opened.call(
            "woocommerce_create_product", name="Cap", regular_price="19.99", stock_quantity=0,
            images=["https://img.example/cap.jpg"],
        )  # fmt: skip

    assert double.last.json == {
        "name": "Cap", "type": "simple", "status": "draft", "regular_price": "19.99", "manage_stock": True,
        "stock_quantity": 0, "images": [{"src": "https://img.example/cap.jpg"}],
    }  # fmt: skip
    assert made.value["description"] == "Soft & warm."


async def test_what_is_deleted_for_good_is_gone_and_what_goes_into_the_bin_is_kept() -> None:
    async with store() as (opened, double):
        await opened.call("woocommerce_delete_product", product=2)
        await opened.call("woocommerce_delete_order", order=1)
        again = await opened.refused("woocommerce_delete_order", order=1)
        await opened.call("woocommerce_delete_order", order=1, force=True)

    assert [(one.path, one.raw_query) for one in double.received] == [
        (f"{API}/products/2", "force=true"),
        (f"{API}/orders/1", "force=false"),
        (f"{API}/orders/1", "force=false"),
        (f"{API}/orders/1", "force=true"),
    ]
    assert (again.code, again.hint) == (
        "provider_conflict",
        "It is in the bin already; with force it is deleted for good.",
    )
    assert sorted(double.products) == [1, 3]
    assert 1 not in double.orders


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (failed(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."), "provider_not_found", "Invalid ID."),
        (failed(404, "rest_no_route", "No route was found."), "provider_not_found", "No route was found."),
        (failed(403, "woocommerce_rest_cannot_view", "Sorry."), "provider_forbidden", "Sorry."),
        (failed(400, "product_invalid_sku", "Duplicated SKU."), "provider_conflict", "Duplicated SKU."),
        (
            failed(400, "rest_invalid_parameter", "Invalid parameter(s): status", params={"status": "Not one of any."}),
            "provider_rejected",
            "Invalid parameter(s): status Not one of any.",
        ),
    ],
)
async def test_an_error_is_told_with_what_it_is_about(answer: Reply, code: str, said: str) -> None:
    async with store() as (opened, double):
        double.stuck = answer
        refusal = await opened.refused("woocommerce_get_order", order=3)

    assert refusal.code == code
    assert f'WooCommerce says: "{said}".' in refusal.message
    assert len(double.received) == 1


async def test_keys_that_only_read_are_good_and_lack_a_permission() -> None:
    async with store(permissions="read") as (opened, double):
        refusal = await opened.refused("woocommerce_delete_product", product=1)
        [(_, grant)] = await opened.application.auth.list_connections(opened.principal)

    assert refusal.code == "missing_scope"
    assert "does not have write permissions" in refusal.message
    assert "/connect/" in (refusal.hint or "")
    assert grant.status == "active"
    assert 1 in double.products


async def test_a_page_of_html_is_no_message() -> None:
    async with store() as (opened, double):
        double.stuck = Reply(503, b"<html>Briefly unavailable for scheduled maintenance.</html>")
        reading = await opened.refused("woocommerce_get_order", order=3)
        tries = len(double.received)
        await opened.refused("woocommerce_create_order", lines=[{"product": 1, "quantity": 1}])

    assert reading.code == "provider_unavailable"
    assert "html" not in reading.message
    assert (tries, len(double.received)) == (3, 4)  # what reads is tried again, what creates is not


async def test_a_coupon_ends_at_the_moment_that_was_meant() -> None:
    async with store() as (opened, double):
        double.queue.append(Reply(201, {"id": 7, "code": "summer10", "date_expires_gmt": "2026-12-06T23:00:00"}))
        made = await opened.call(
            "woocommerce_create_coupon", code="summer10", type="percent", amount="10",
            expires_at="2026-12-07T00:00:00+01:00",
        )  # fmt: skip

    assert double.last.json == {
        "code": "summer10", "discount_type": "percent", "amount": "10", "date_expires": "2026-12-06T23:00:00Z",
    }  # fmt: skip
    assert made.value["expires_at"] == "2026-12-06T23:00:00Z"


async def test_a_report_is_the_one_of_its_list() -> None:
    async with store() as (opened, double):
        sales = {"total_sales": "95.90", "total_orders": 1, "totals_grouped_by": "day", "totals": {"2026-11-01": {}}}
        double.queue.append(Reply(200, [sales]))
        report = await opened.call("woocommerce_get_sales_report", start_date="2026-11-01", end_date="2026-11-30")

    assert double.last.raw_query == "date_min=2026-11-01&date_max=2026-11-30"
    assert (report.value["total"], report.value["orders"], report.value["by"]) == ("95.90", 1, "day")


async def test_a_refund_is_not_tried_again() -> None:
    async with store() as (opened, double):
        double.stuck = Reply(503, b"<html>")
        lines = [{"line": 315, "quantity": 1, "amount": 45.5}]
        await opened.refused("woocommerce_refund_order", order=3, amount="45.50", lines=lines)

    assert [one.json for one in double.received] == [
        {
            "amount": "45.50", "line_items": [{"id": 315, "quantity": 1, "refund_total": 45.5}], "api_refund": True,
            "api_restock": True,
        }
    ]  # fmt: skip
