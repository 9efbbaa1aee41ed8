"""WooCommerce's REST API v3 of one store: basic by keys, totals in headers, errors with `data.status`.

https://woocommerce.github.io/woocommerce-rest-api-docs/ (authentication, errors, pagination, orders, products).
"""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, route

HOST, KEY, SECRET = "shop.example", "ck_0123abcd", "cs_4567efgh"
STATUSES = {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash", "any"}
_NAIVE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
PARAMETERS = {
    "orders": {
        "status",
        "customer",
        "product",
        "search",
        "after",
        "before",
        "modified_after",
        "dates_are_gmt",
        "orderby",
        "order",
    },
    "products": {
        "search",
        "sku",
        "status",
        "type",
        "category",
        "stock_status",
        "on_sale",
        "after",
        "modified_after",
        "dates_are_gmt",
        "orderby",
        "order",
        "_fields",
    },
}


def failed(status: int, code: str, message: str, **data: Any) -> Reply:
    """An error as WordPress tells it."""
    return Reply(status, {"code": code, "message": message, "data": {"status": status, **data}})


class WooCommerce(Double):
    """One store with orders and products; `permissions` are those of the keys."""

    def __init__(self, host: str = HOST) -> None:
        super().__init__()
        self.host = host
        self.orders = {number: order(number) for number in range(1, 8)}
        self.products = {number: product(number) for number in range(1, 4)}
        self.permissions = "read_write"
        self.is_manager = True
        self.bin: set[int] = set()

    def check(self, request: Request) -> None:
        if self.host not in (request.host, ""):
            raise Refused(Reply(404, b"<html>no such site</html>", {"content-type": "text/html"}))
        given = request.headers.get("authorization", "")
        if given != "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode():
            raise Refused(failed(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid."))
        need = "read" if request.method == "GET" else "write"
        if need not in self.permissions.split("_"):
            message = f"The API key provided does not have {need} permissions."
            raise Refused(failed(401, "woocommerce_rest_authentication_error", message))

    def unknown(self, request: Request) -> Reply:
        return failed(404, "rest_no_route", "No route was found matching the URL and request method.")

    @route("GET", "/wp-json/wc/v3/system_status")
    def system_status(self, request: Request) -> Reply:
        if not self.is_manager:
            return failed(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        status = {"environment": {"site_url": f"https://{HOST}", "version": "9.9.5"}, "theme": {"name": "Storefront"}}
        names = request.parameters.get("_fields", ",".join(status)).split(",")
        return Reply(200, {name: status[name] for name in names})

    @route("GET", "/wp-json/wc/v3/orders")
    def list_orders(self, request: Request) -> Reply:
        asked = self._parameters(request, "orders")
        wanted = asked.get("status", "any").split(",")
        if not set(wanted) <= STATUSES:
            raise Refused(_invalid("status", f"status[0] is not one of {', '.join(sorted(STATUSES))}."))
        for name in ("after", "modified_after"):
            if name in asked and (asked.get("dates_are_gmt") != "true" or not _NAIVE.fullmatch(asked[name])):
                raise Refused(_invalid(name, "Invalid date."))  # the double's own: else it would be the store's time
        newest = sorted(self.orders.values(), key=lambda one: one["id"], reverse=True)
        found = [one for one in newest if "any" in wanted or one["status"] in wanted]
        since = asked.get("after", "")
        return self._page([one for one in found if one["date_created_gmt"] > since], asked)

    @route("GET", "/wp-json/wc/v3/products")
    def list_products(self, request: Request) -> Reply:
        return self._page(list(self.products.values()), self._parameters(request, "products"))

    @route("GET", "/wp-json/wc/v3/orders/{number}")
    def get_order(self, request: Request, number: str) -> Reply:
        return Reply(200, self._order(number))

    @route("GET", "/wp-json/wc/v3/products/{number}")
    def get_product(self, request: Request, number: str) -> Reply:
        return Reply(200, self._product(number))

    @route("POST", "/wp-json/wc/v3/orders")
    def create_order(self, request: Request) -> Reply:
        made = order(max(self.orders) + 1) | request.json
        self.orders[made["id"]] = made
        return Reply(201, made)

    @route("POST", "/wp-json/wc/v3/products")
    def create_product(self, request: Request) -> Reply:
        body = request.json
        if body.get("sku") in {one["sku"] for one in self.products.values()}:
            return failed(400, "product_invalid_sku", "Invalid or duplicated SKU.", resource_id=1)
        if not isinstance(body.get("regular_price", ""), str):
            return _invalid("regular_price", "regular_price is not of type string.")
        made = product(max(self.products) + 1) | body
        self.products[made["id"]] = made
        return Reply(201, made)

    @route("PUT", "/wp-json/wc/v3/orders/{number}")
    def update_order(self, request: Request, number: str) -> Reply:
        found = self._order(number)
        found.update(request.json)
        return Reply(200, found)

    @route("PUT", "/wp-json/wc/v3/products/{number}")
    def update_product(self, request: Request, number: str) -> Reply:
        found = self._product(number)
        found.update(request.json)
        return Reply(200, found)

    @route("DELETE", "/wp-json/wc/v3/orders/{number}")
    def delete_order(self, request: Request, number: str) -> Reply:
        return self._deleted(self.orders, self._order(number), request.parameters)

    @route("DELETE", "/wp-json/wc/v3/products/{number}")
    def delete_product(self, request: Request, number: str) -> Reply:
        return self._deleted(self.products, self._product(number), request.parameters)

    def _deleted(self, kept: dict[int, dict[str, Any]], found: dict[str, Any], asked: dict[str, str]) -> Reply:
        if asked.get("force") == "true":
            del kept[found["id"]]
        elif found["id"] in self.bin:
            return failed(410, "woocommerce_rest_already_trashed", "The order has already been deleted.")
        else:
            self.bin.add(found["id"])
            found["status"] = "trash"
        return Reply(200, found)

    def _order(self, number: str) -> dict[str, Any]:
        if int(number) not in self.orders:
            raise Refused(failed(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."))
        return self.orders[int(number)]

    def _product(self, number: str) -> dict[str, Any]:
        if int(number) not in self.products:
            raise Refused(failed(404, "woocommerce_rest_product_invalid_id", "Invalid ID."))
        return self.products[int(number)]

    @staticmethod
    def _parameters(request: Request, kind: str) -> dict[str, str]:
        asked = request.parameters
        strange = set(asked) - PARAMETERS[kind] - {"per_page", "page"}
        if strange:
            raise Refused(_invalid(min(strange), "There is no such parameter."))  # WordPress passes over it in silence
        if not 1 <= int(asked.get("per_page", "10")) <= 100:
            raise Refused(_invalid("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)"))
        return asked

    @staticmethod
    def _page(found: list[dict[str, Any]], asked: dict[str, str]) -> Reply:
        size, page = int(asked.get("per_page", "10")), int(asked.get("page", "1"))
        pages = -(-len(found) // size)
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
        return Reply(200, found[(page - 1) * size : page * size], headers)


def order(number: int) -> dict[str, Any]:
    """An order as WooCommerce gives it, with its times in the store's zone and in UTC."""
    line = {"id": 315, "name": "Hoodie", "product_id": 1, "variation_id": 0, "quantity": 2, "total": "90.00"}
    return {
        "id": number, "number": str(number), "status": "completed" if number % 2 else "processing", "currency": "EUR",
        "total": "95.90", "total_tax": "15.31", "shipping_total": "5.90", "discount_total": "0.00", "customer_id": 25,
        "date_created": f"2026-01-0{number}T11:30:00", "date_created_gmt": f"2026-01-0{number}T10:30:00",
        "date_modified": f"2026-01-0{number}T11:31:00", "date_modified_gmt": f"2026-01-0{number}T10:31:00",
        "date_paid": None, "date_paid_gmt": None, "date_completed_gmt": None, "customer_note": "",
        "billing": {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.com", "country": "FR"},
        "shipping": {"first_name": "Ann", "last_name": "", "country": "FR"}, "payment_method_title": "Card",
        "line_items": [{**line, "sku": "H-1", "meta_data": [{"key": "_x"}]}], "coupon_lines": [], "refunds": [],
        "_links": {"self": [{"href": f"https://{HOST}/wp-json/wc/v3/orders/{number}"}]},
    }  # fmt: skip


def product(number: int) -> dict[str, Any]:
    """A product as WooCommerce gives it."""
    return {
        "id": number, "name": f"Hoodie {number}", "type": "simple", "status": "publish", "sku": f"H-{number}",
        "price": "45", "regular_price": "45", "sale_price": "", "stock_status": "instock", "stock_quantity": None,
        "total_sales": 3,
        "manage_stock": False, "description": "<p>Soft &amp; <b>warm</b>.</p>\n", "short_description": "",
        "categories": [{"id": 9, "name": "Clothing", "slug": "clothing"}], "attributes": [], "variations": [],
        "images": [{"id": 1, "src": f"https://{HOST}/h.jpg"}], "permalink": f"https://{HOST}/product/h-{number}",
        "date_created_gmt": "2026-01-01T10:00:00", "date_modified_gmt": "2026-01-02T10:00:00",
    }  # fmt: skip


def _invalid(name: str, why: str) -> Reply:
    return failed(400, "rest_invalid_parameter", f"Invalid parameter(s): {name}", params={name: why})
