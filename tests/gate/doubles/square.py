"""Square's API as far as its particulars go: two hosts, a version header, and keys in the body of what writes.

https://developer.squareup.com/docs/build-basics/common-api-patterns/idempotency
"""

from __future__ import annotations

from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, route

TOKEN, VERSION = "EAAA0123456789abcdef0123", "2026-09-16"
PAYMENT: dict[str, Any] = {
    "id": "pay_1", "status": "COMPLETED", "amount_money": {"amount": 2000, "currency": "USD"},
    "tip_money": {"amount": 300, "currency": "USD"}, "total_money": {"amount": 2300, "currency": "USD"},
    "processing_fee": [{"amount_money": {"amount": 60}}, {"amount_money": {"amount": 5}}], "source_type": "CARD",
    "card_details": {"status": "CAPTURED", "card": {"card_brand": "VISA", "last_4": "1111", "fingerprint": "sq-1-x"}},
    "location_id": "L1", "order_id": "o_1", "created_at": "2026-01-31T10:00:00Z", "updated_at": "2026-01-31T10:00:05Z",
}  # fmt: skip


def failed(status: int, category: str, code: str, detail: str, field: str | None = None) -> Reply:
    """An error as Square gives it."""
    error = {"category": category, "code": code, "detail": detail, **({"field": field} if field else {})}
    return Reply(status, {"errors": [error]})


class Square(Double):
    """One seller with one payment; `done` holds what each key gave, and what was asked by it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: dict[str, dict[str, Any]] = {}

    def check(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(failed(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", "This request could not be authorized."))
        if request.headers.get("square-version") != VERSION:
            raise Refused(failed(400, "INVALID_REQUEST_ERROR", "INVALID_SQUARE_VERSION_FORMAT", "No such version."))

    @route("GET", "/v2/merchants/me")
    def merchant(self, request: Request) -> Reply:
        return Reply(200, {"merchant": {"id": "M1", "business_name": "Acme", "country": "US", "currency": "USD"}})

    @route("GET", "/v2/payments")
    def list_payments(self, request: Request) -> Reply:
        if request.parameters.get("cursor") == "c2":
            return Reply(200, {})  # an empty list has no name
        return Reply(200, {"payments": [PAYMENT], "cursor": "c2"})

    @route("POST", "/v2/refunds")
    def refund(self, request: Request) -> Reply:
        body = request.json
        refund = {"id": f"r_{len(self.done) + 1}", "status": "PENDING", **body}
        return Reply(200, {"refund": self.done.setdefault(body.pop("idempotency_key"), refund)})

    @route("POST", "/v2/invoices/{invoice}/cancel")
    def cancel_invoice(self, request: Request, invoice: str) -> Reply:
        if set(request.json) != {"version"}:
            unknown = "Unknown body parameter."
            return failed(400, "INVALID_REQUEST_ERROR", "UNKNOWN_BODY_PARAMETER", unknown, min(request.json))
        return Reply(200, {"invoice": {"id": invoice, "status": "CANCELED", "version": request.json["version"] + 1}})
