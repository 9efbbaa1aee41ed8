"""Stripe's API: forms with brackets, lists that go on after the last id, writes that are known again by their key.

https://docs.stripe.com/api (errors, pagination, idempotent requests, versioning).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, route
from tests.net.provider import Received

KEY = "rk_test_51PJBLEexample"
VERSION = "2026-10-28.endive"
DATES = {"gt", "gte", "lt", "lte"}
LISTED = {"limit", "starting_after", "ending_before", "expand"}
INVOICE = {
    "customer", "collection_method", "days_until_due", "due_date", "currency", "description", "footer", "auto_advance",
    "metadata",
}  # fmt: skip
ITEM = {"customer", "invoice", "description", "amount", "currency", "pricing", "quantity", "metadata"}
SUBSCRIPTION = {"customer", "items", "trial_period_days", "collection_method", "days_until_due", "metadata"}
PAYMENT = {
    "amount", "currency", "customer", "payment_method", "confirm", "off_session", "automatic_payment_methods", "expand",
    "description",
}  # fmt: skip


def failed(status: int, kind: str, message: str, **more: Any) -> Reply:
    """An error as Stripe tells it."""
    return Reply(status, {"error": {"type": kind, "message": message, **more}}, {"Request-Id": "req_1"})


def missing(what: str, value: str, param: str, status: int = 400) -> Reply:
    """There is no such object: 404 in the path, 400 in the body."""
    text = f"No such {what}: '{value}'"
    return failed(status, "invalid_request_error", text, code="resource_missing", param=param)


class Stripe(Double):
    """One account in a sandbox."""

    def __init__(self) -> None:
        super().__init__()
        self.may_read_account = True
        self.losses = 0  # so many connections are lost after the work was done
        self.done: dict[str, tuple[bytes, Reply]] = {}  # by idempotency key: what was asked, and what was answered
        self.customers = [customer(n) for n in range(7, 0, -1)]  # newest first
        self.invoices: dict[str, dict[str, Any]] = {}
        self.items: list[dict[str, Any]] = []
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []

    def answer(self, came: Received) -> bytes:
        data = super().answer(came)
        if self.losses:
            self.losses -= 1
            raise ConnectionResetError  # the socket is closed, and nobody hears what was done
        return data

    def check(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise Refused(failed(401, "invalid_request_error", "Invalid API Key provided: rk_test_*****mple"))
        if request.headers.get("stripe-version") != VERSION:
            raise Refused(failed(400, "invalid_request_error", "Invalid Stripe API version"))
        if request.body and request.content_type != "application/x-www-form-urlencoded":
            raise Refused(failed(400, "invalid_request_error", "Invalid request: check that your POST is form-encoded"))

    def unknown(self, request: Request) -> Reply:
        text = f"Unrecognized request URL ({request.method}: {request.path})."
        return failed(404, "invalid_request_error", text)

    def _routed(self, request: Request) -> Reply:
        key = request.headers.get("idempotency-key", "")
        if request.method != "POST" or not key or self.queue or self.stuck is not None:
            return super()._routed(request)
        asked = f"{request.path}\n".encode() + request.body
        if key not in self.done:
            self.done[key] = (asked, super()._routed(request))
        if self.done[key][0] != asked:
            text = "Keys for idempotent requests can only be used with the same parameters they were first used with."
            return failed(400, "idempotency_error", text)
        return self.done[key][1]

    @route("GET", "/v1/account")
    def account(self, request: Request) -> Reply:
        if not self.may_read_account:
            text = f"The provided key '{KEY[:8]}*****' does not have the required permissions for this endpoint."
            return failed(403, "invalid_request_error", text)
        shown = {"dashboard": {"display_name": "Acme"}}
        return Reply(200, {"id": "acct_1PJBLE", "object": "account", "business_profile": {}, "settings": shown})

    @route("GET", "/v1/balance")
    def balance(self, request: Request) -> Reply:
        part = [{"amount": 123456, "currency": "eur", "source_types": {"card": 123456}}]
        return Reply(200, {"object": "balance", "available": part, "pending": [], "livemode": False})

    @route("GET", "/v1/customers")
    def list_customers(self, request: Request) -> Reply:
        asked = query_of(request, LISTED | {"email", "created"})
        return page(self.customers, asked, "/v1/customers")

    @route("GET", "/v1/customers/search")
    def search(self, request: Request) -> Reply:
        query_of(request, {"query", "limit", "page", "expand"})
        if "query" not in request.parameters:
            text = "Missing required param: query."
            return failed(400, "invalid_request_error", text, code="parameter_missing", param="query")
        found = self.customers[:2] if request.parameters.get("page") is None else self.customers[2:3]
        goes_on = len(found) == 2
        body = {"object": "search_result", "data": found, "has_more": goes_on, "next_page": "p2" if goes_on else None}
        return Reply(200, body)

    @route("GET", "/v1/customers/{name}")
    def get_customer(self, request: Request, name: str) -> Reply:
        found = next((one for one in self.customers if one["id"] == name), None)
        return missing("customer", name, "id", 404) if found is None else Reply(200, found)

    @route("POST", "/v1/invoices")
    def create_invoice(self, request: Request) -> Reply:
        asked = form_of(request, INVOICE)
        self._check_customer(asked)
        if asked.get("collection_method") == "send_invoice" and not {"days_until_due", "due_date"} & asked.keys():
            text = "If invoice collection method is `send_invoice`, you must specify `days_until_due` or `due_date`."
            return failed(400, "invalid_request_error", text)
        made = invoice(f"in_{len(self.invoices) + 1}", asked)
        self.invoices[made["id"]] = made
        return Reply(200, made)

    @route("POST", "/v1/invoiceitems")
    def add_item(self, request: Request) -> Reply:
        asked = form_of(request, ITEM)
        self._check_customer(asked)
        invoice = self.invoices.get(asked.get("invoice", ""))
        if invoice is None:
            return missing("invoice", asked.get("invoice", ""), "invoice")
        price, count = asked.get("pricing", {}).get("price"), int(asked.get("quantity", "1"))
        amount = int(asked["amount"]) if "amount" in asked else 2900 * count
        pricing = None if price is None else {"type": "price_details", "price_details": {"price": price}}
        made = {"id": f"ii_{len(self.items) + 1}", "object": "invoiceitem", **asked, "amount": amount}
        made |= {"currency": asked.get("currency", "eur"), "quantity": count, "pricing": pricing}
        self.items.append(made)
        for total in ("subtotal", "total", "amount_due", "amount_remaining"):
            invoice[total] += amount
        invoice["lines"]["data"].append({**made, "id": f"il_{len(self.items)}", "object": "line_item"})
        return Reply(200, made)

    @route("POST", "/v1/invoices/{name}/send")
    def send_invoice(self, request: Request, name: str) -> Reply:
        if name not in self.invoices:
            return missing("invoice", name, "invoice", 404)
        self.invoices[name] |= {
            "status": "open",
            "number": "A-0001",
            "hosted_invoice_url": "https://invoice.stripe.com/i",
        }
        return Reply(200, self.invoices[name])

    @route("GET", "/v1/invoices/{name}")
    def get_invoice(self, request: Request, name: str) -> Reply:
        asked = query_of(request, {"expand"})
        payments: dict[str, Any] = {"payments": {"data": []}} if asked.get("expand") == ["payments"] else {}
        return Reply(200, {**self.invoices[name], **payments})

    @route("POST", "/v1/payment_intents")
    def pay(self, request: Request) -> Reply:
        form_of(request, PAYMENT)
        return failed(
            402, "card_error", "Your card has insufficient funds.", code="card_declined",
            decline_code="insufficient_funds", charge="ch_1", doc_url="https://docs.stripe.com/error-codes",
        )  # fmt: skip

    @route("POST", "/v1/subscriptions")
    def subscribe(self, request: Request) -> Reply:
        asked = form_of(request, SUBSCRIPTION)
        self._check_customer(asked)
        made = subscription(f"sub_{len(self.subscriptions) + 1}", asked)
        self.subscriptions[made["id"]] = made
        return Reply(200, made)

    @route("DELETE", "/v1/subscriptions/{name}")
    def cancel(self, request: Request, name: str) -> Reply:
        form_of(request, {"prorate", "invoice_now", "cancellation_details"})
        found = self.subscriptions.pop(name, None)
        if found is None:
            return missing("subscription", name, "id", 404)
        return Reply(200, {**found, "status": "canceled", "canceled_at": 1769900000, "ended_at": 1769900000})

    @route("POST", "/v1/refunds")
    def refund(self, request: Request) -> Reply:
        asked = form_of(request, {"payment_intent", "charge", "amount", "reason", "metadata"})
        made = {"id": f"re_{len(self.refunds) + 1}", "object": "refund", "status": "succeeded", "currency": "eur"}
        self.refunds.append({**made, **asked, "amount": int(asked.get("amount", "1000")), "created": 1769817600})
        return Reply(200, self.refunds[-1])

    def _check_customer(self, asked: Mapping[str, Any]) -> None:
        name = str(asked.get("customer", ""))
        if name not in {one["id"] for one in self.customers}:
            raise Refused(missing("customer", name, "customer"))


def form_of(request: Request, known: set[str]) -> dict[str, Any]:
    """The form as Stripe reads it: `a[b][0]=c` nests. Raises `Refused` on a name that it does not know."""
    return _nested(request.form, known) if request.body else {}


def query_of(request: Request, known: set[str]) -> dict[str, Any]:
    """The query as Stripe reads it. Raises `Refused` as `form_of` does, and on a time that is no number."""
    asked = _nested(request.query, known)
    created = asked.get("created", {})
    if set(created) - DATES or not all(one.isdigit() for one in created.values()):
        raise Refused(failed(400, "invalid_request_error", "Invalid integer", param="created"))
    return asked


def page(items: Sequence[dict[str, Any]], asked: Mapping[str, Any], url: str) -> Reply:
    """One page of a list, after the object that is named."""
    ids = [one["id"] for one in items]
    after = asked.get("starting_after")
    if after is not None and after not in ids:
        raise Refused(missing("customer", after, "starting_after"))
    start, size = (0 if after is None else ids.index(after) + 1), int(asked.get("limit", "10"))
    body = {"object": "list", "url": url, "data": list(items[start : start + size])}
    return Reply(200, {**body, "has_more": start + size < len(items)})


def customer(number: int) -> dict[str, Any]:
    """A customer."""
    return {
        "id": f"cus_{number}", "object": "customer", "name": f"Customer {number}", "email": f"c{number}@example.com",
        "balance": 0, "created": 1769817600 + number, "currency": "eur", "delinquent": False, "metadata": {},
        "livemode": False, "phone": None, "description": None, "address": None, "invoice_settings": {},
    }  # fmt: skip


def invoice(name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A draft without lines."""
    due = int(asked["due_date"]) if "due_date" in asked else 1769817600 + 86400 * int(asked.get("days_until_due", "0"))
    zero = dict.fromkeys(("subtotal", "total", "amount_due", "amount_paid", "amount_remaining"), 0)
    return {
        "id": name, "object": "invoice", "number": None, "status": "draft", "currency": "eur", **asked, **zero,
        "customer_name": "Customer 7", "customer_email": "c7@example.com", "created": 1769817600, "due_date": due,
        "parent": None, "hosted_invoice_url": None, "lines": {"object": "list", "data": [], "has_more": False},
    }  # fmt: skip


def subscription(name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A subscription to what was asked for."""
    usual = {"product": "prod_1", "unit_amount": 2900, "recurring": {"interval": "month"}}
    items = [
        {"id": f"si_{n}", "price": {"id": one["price"], **usual}, "quantity": int(one.get("quantity", "1"))}
        for n, one in enumerate(asked["items"])
    ]
    for item in items:
        item["current_period_end"] = 1772236800
    return {
        "id": name, "object": "subscription", "customer": asked["customer"], "status": "active", "currency": "eur",
        "items": {"object": "list", "data": items}, "created": 1769817600, "latest_invoice": "in_9", "metadata": {},
    }  # fmt: skip


def _nested(pairs: Sequence[tuple[str, str]], known: set[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if not re.fullmatch(r"[a-z_]+(\[[^\[\]]*\])*", name):
            raise Refused(failed(400, "invalid_request_error", f"Invalid name {name}"))
        first = name.partition("[")[0]
        *way, last = [first, *re.findall(r"\[([^\[\]]*)\]", name)]
        if first not in known:
            text = f"Received unknown parameter: {first}"
            raise Refused(failed(400, "invalid_request_error", text, code="parameter_unknown", param=first))
        place = tree
        for part in way:
            place = place.setdefault(part, {})
        place[last or str(len(place))] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:
    """Members that are numbered from 0 are a list."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(member) for name, member in value.items()}
    return list(inner.values()) if list(inner) == [str(n) for n in range(len(inner))] else inner
