"""Square: a sandbox on a host of its own, keys in the body of what writes, errors by category and code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.gate.doubles.serving import Reply
from tests.gate.doubles.square import TOKEN, Square, failed
from tests.gate.gate import BOTH_ERAS, Era, Gate, gate

from connectory.testing.application import connect

ORIGIN, SANDBOX = "https://connect.squareup.com", "https://connect.squareupsandbox.com"
REFUND = {"payment": "pay_1", "amount": 1000, "currency": "USD"}


@asynccontextmanager
async def seller() -> AsyncIterator[tuple[Gate, Square]]:
    """A seller that was connected by a token."""
    square = Square()
    async with gate((ORIGIN, square)) as opened:
        await connect(opened.application, opened.principal, "square", token=TOKEN)
        square.received.clear()
        yield opened, square


@pytest.mark.parametrize(("method", "origin"), [("token", ORIGIN), ("sandbox_token", SANDBOX)])
async def test_a_token_goes_to_the_host_that_it_is_of_and_to_no_other(method: str, origin: str) -> None:
    square, other = Square(), Square()
    elsewhere = SANDBOX if origin == ORIGIN else ORIGIN
    async with gate((origin, square), (elsewhere, other)) as opened:
        connection = await connect(opened.application, opened.principal, "square", token=TOKEN, method=method)
        assert len((await opened.call("square_list_payments")).value) == 1
        [(_, grant)] = await opened.application.auth.list_connections(opened.principal)

    assert [host.origin for host in connection.hosts] == [origin]
    assert (grant.account_id, grant.account_name) == ("M1", "Acme")
    assert [one.path for one in square.received] == ["/v2/merchants/me", "/v2/payments", "/v2/payments"]
    assert other.received == []


@BOTH_ERAS
async def test_an_agent_reads_amounts_in_the_smallest_unit_and_what_they_cost(era: Era) -> None:
    async with seller() as (opened, _):
        said, is_error = await opened.by_mcp(
            era, "square_list_payments", fields=["total", "tip", "fee", "currency", "card"]
        )

    assert not is_error
    assert said.splitlines()[1:8] == [
        "- total: 2300", "  tip: 300", "  fee: 65", "  currency: USD", "  card:", "    brand: VISA",
        '    last_4: "1111"',
    ]  # fmt: skip
    assert "fingerprint" not in said


async def test_pages_follow_the_cursor_and_one_without_a_list_is_the_last() -> None:
    async with seller() as (opened, square):
        first = await opened.call("square_list_payments", limit=1)
        last = await opened.call("square_list_payments", limit=1, cursor=first.next_cursor)

    assert [len(first.value), len(last.value)] == [1, 0]
    assert last.next_cursor is None
    assert [one.parameters.get("cursor") for one in square.received] == [None, "c2"]


async def test_a_refund_whose_answer_was_lost_is_asked_for_again_with_its_key() -> None:
    async with seller() as (opened, square):
        square.queue.append(Reply(503, b"<html>"))
        first = await opened.call("square_refund_payment", **REFUND)
        second = await opened.call("square_refund_payment", **REFUND)

    keys = [one.json["idempotency_key"] for one in square.received]
    assert keys[0] == keys[1] != keys[2]
    assert [first.value["id"], second.value["id"]] == ["r_1", "r_2"]
    assert square.done[keys[0]]["amount_money"] == {"amount": 1000, "currency": "USD"}


async def test_cancelling_takes_no_key_and_is_not_tried_again() -> None:
    async with seller() as (opened, square):
        cancelled = await opened.call("square_cancel_invoice", invoice="inv:0-1", version=1)
        square.stuck = Reply(503, b"<html>")
        await opened.refused("square_cancel_invoice", invoice="inv:0-1", version=2)

    assert cancelled.value["status"] == "CANCELED"
    assert [one.json for one in square.received] == [{"version": 1}, {"version": 2}]
    assert {one.path for one in square.received} == {"/v2/invoices/inv%3A0-1/cancel"}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (failed(400, "INVALID_REQUEST_ERROR", "VERSION_MISMATCH", "Stale."), "provider_conflict", "Stale."),
        (failed(403, "AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES", "Needs more."), "missing_scope", "Needs more."),
        (failed(400, "PAYMENT_METHOD_ERROR", "CARD_DECLINED", "Declined."), "provider_rejected", "Declined."),
        (failed(400, "INVALID_REQUEST_ERROR", "NOT_FOUND", "No payment."), "provider_not_found", "No payment."),
        (failed(400, "INVALID_REQUEST_ERROR", "VALUE_TOO_LOW", "Too low.", "amount_money.amount"), "provider_rejected",
         "amount_money.amount: Too low."),
        (failed(429, "RATE_LIMIT_ERROR", "RATE_LIMITED", "Slow down."), "rate_limited", "Slow down."),
    ],
)  # fmt: skip
async def test_an_error_means_what_its_code_says(answer: Reply, code: str, said: str) -> None:
    async with seller() as (opened, square):
        square.stuck = answer
        error = await opened.refused("square_cancel_invoice", invoice="inv:0-1", version=1)

    assert error.code == code
    assert said in error.message
