"""Shopify's Admin API as it is documented: GraphQL that is validated and executed, a limit by cost, errors in a 200.

The schema is cut out of the real one (2026-10). https://shopify.dev/docs/api/admin-graphql
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, graphql_sync
from tests.gate.doubles.serving import Double, Refused, Reply, Request, route

Info = GraphQLResolveInfo[Any]
TOKEN = "shpat_00000000000000000000000000000001"
SCOPES = (
    "read_products", "write_products", "read_orders", "write_orders", "read_customers", "write_inventory",
    "read_reports",
)  # fmt: skip
SCHEMA = """
scalar DateTime
scalar Decimal
scalar URL
enum CurrencyCode { EUR USD }
enum ProductStatus { ACTIVE ARCHIVED DRAFT UNLISTED }
enum ProductSortKeys { CREATED_AT ID INVENTORY_TOTAL PRODUCT_TYPE PUBLISHED_AT RELEVANCE TITLE UPDATED_AT VENDOR }
enum OrderSortKeys {
  CREATED_AT CURRENT_TOTAL_PRICE CUSTOMER_NAME DESTINATION FINANCIAL_STATUS FULFILLMENT_STATUS ID ORDER_NUMBER PO_NUMBER
  PROCESSED_AT RELEVANCE TOTAL_ITEMS_QUANTITY TOTAL_PRICE UPDATED_AT
}
type MoneyV2 { amount: Decimal! currencyCode: CurrencyCode! }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
type ProductPriceRangeV2 { minVariantPrice: MoneyV2! maxVariantPrice: MoneyV2! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type InventoryItem { id: ID! tracked: Boolean! }
type ProductVariant { id: ID! title: String! inventoryItem: InventoryItem! }
type ProductVariantConnection { nodes: [ProductVariant!]! pageInfo: PageInfo! }
type Product {
  id: ID! title: String! handle: String! status: ProductStatus! vendor: String! productType: String! tags: [String!]!
  totalInventory: Int! createdAt: DateTime! updatedAt: DateTime! onlineStoreUrl: URL priceRangeV2: ProductPriceRangeV2!
  variants(first: Int, after: String): ProductVariantConnection!
}
type ProductConnection { nodes: [Product!]! pageInfo: PageInfo! }
type Customer { id: ID! displayName: String! }
type LineItem { title: String! quantity: Int! sku: String }
type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
type Order {
  id: ID! name: String! createdAt: DateTime! updatedAt: DateTime! cancelledAt: DateTime displayFinancialStatus: String
  displayFulfillmentStatus: String! email: String note: String tags: [String!]! customer: Customer
  currentTotalPriceSet: MoneyBag! lineItems(first: Int, after: String): LineItemConnection!
}
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
type Shop { id: ID! name: String! myshopifyDomain: String! email: String! }
type AccessScope { handle: String! description: String! }
type AppInstallation { accessScopes: [AccessScope!]! }
type QueryRoot {
  shop: Shop!
  currentAppInstallation: AppInstallation!
  products(first: Int, after: String, query: String, reverse: Boolean = false, sortKey: ProductSortKeys = ID):
    ProductConnection!
  orders(first: Int, after: String, query: String, reverse: Boolean = false, sortKey: OrderSortKeys = PROCESSED_AT):
    OrderConnection
}
input OptionValueCreateInput { name: String }
input OptionCreateInput { name: String values: [OptionValueCreateInput!] }
input ProductCreateInput {
  title: String descriptionHtml: String handle: String status: ProductStatus vendor: String productType: String
  tags: [String!] productOptions: [OptionCreateInput!]
}
enum MediaContentType { EXTERNAL_VIDEO IMAGE MODEL_3D VIDEO }
input CreateMediaInput { originalSource: String! mediaContentType: MediaContentType! alt: String }
input ProductUpdateInput {
  id: ID title: String descriptionHtml: String handle: String status: ProductStatus vendor: String productType: String
  tags: [String!]
}
type UserError { field: [String!] message: String! }
type ProductCreatePayload { product: Product userErrors: [UserError!]! }
type ProductUpdatePayload { product: Product userErrors: [UserError!]! }
type Mutation {
  productCreate(product: ProductCreateInput, media: [CreateMediaInput!]): ProductCreatePayload
  productUpdate(product: ProductUpdateInput): ProductUpdatePayload
}
schema { query: QueryRoot mutation: Mutation }
"""


@dataclass
class Cost:
    """What a query costs, and how full the bucket is."""

    requested: int = 72
    left: int = 1928
    per_second: float = 100.0
    throttled: int = 0  # how many of the next requests are refused

    def told(self) -> dict[str, Any]:
        """The extension that every answer has."""
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": self.left, "restoreRate": self.per_second}
        return {"cost": {"requestedQueryCost": self.requested, "actualQueryCost": None, "throttleStatus": status}}


@dataclass
class Store:
    """What the store holds, and what the token may."""

    products: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    scopes: tuple[str, ...] = SCOPES
    searches: list[tuple[str | None, str, bool]] = field(default_factory=list)  # query, sort key, reverse
    written: list[dict[str, Any]] = field(default_factory=list)

    def shop(self, _: Info) -> Any:
        """The shop itself."""
        return {
            "id": "gid://shopify/Shop/1",
            "name": "Acme",
            "myshopifyDomain": "acme.myshopify.com",
            "email": "a@a.de",
        }

    def currentAppInstallation(self, _: Info) -> Any:  # noqa: N802 - GraphQL's name
        """The app, and what it may."""
        return {"accessScopes": [{"handle": one, "description": one} for one in self.scopes]}

    def products_page(self, _: Info, **asked: Any) -> Any:
        """A page of products."""
        self._needs("read_products", "products")
        return self._page(self.products, asked)

    def orders_page(self, _: Info, **asked: Any) -> Any:
        """A page of orders; whose they are is seen with read_customers alone."""
        self._needs("read_orders", "orders")
        return self._page(self.orders, asked)

    def customer(self, order: dict[str, Any], _: Info) -> Any:
        """Who placed an order."""
        self._needs("read_customers", "customer")
        return order["customer"]

    def create(self, _: Info, product: dict[str, Any]) -> Any:
        """Create a product; the title is Shopify's to judge."""
        self._needs("write_products", "productCreate")
        self.written.append(product)
        return _judged(product, number=len(self.written))

    def update(self, _: Info, product: dict[str, Any]) -> Any:
        """Update one of the products."""
        self._needs("write_products", "productUpdate")
        known = next((one for one in self.products if one["id"] == product.get("id")), None)
        if known is None:
            return {"product": None, "userErrors": [{"field": ["id"], "message": "Product does not exist"}]}
        self.written.append(product)
        return {"product": {**known, **product}, "userErrors": []}

    def _needs(self, scope: str, name: str) -> None:
        if scope not in self.scopes:
            message = f"Access denied for {name} field. Required access: `{scope}` access scope."
            raise GraphQLError(
                message, extensions={"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."}
            )

    def _page(self, items: list[dict[str, Any]], asked: dict[str, Any]) -> Any:
        if asked.get("first") is None or not 0 < asked["first"] <= 250:
            raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
        self.searches.append((asked.get("query"), asked["sortKey"], asked["reverse"]))
        start = 0 if asked.get("after") is None else int(base64.b64decode(asked["after"], validate=True))
        end = start + asked["first"]
        after = base64.b64encode(str(end).encode()).decode()  # there is one on the last page too
        return {"nodes": items[start:end], "pageInfo": {"hasNextPage": end < len(items), "endCursor": after}}


class Shopify(Double):
    """The store acme.myshopify.com."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.cost = Store(), Cost()
        self._schema = build_schema(SCHEMA)
        resolvers: dict[str, dict[str, Any]] = {
            "QueryRoot": {
                "shop": self.store.shop,
                "currentAppInstallation": self.store.currentAppInstallation,
                "products": self.store.products_page,
                "orders": self.store.orders_page,
            },
            "Mutation": {"productCreate": self.store.create, "productUpdate": self.store.update},
        }
        for name, fields in resolvers.items():
            for key, resolve in fields.items():
                self._schema.type_map[name].fields[key].resolve = _without_root(resolve)  # type: ignore[attr-defined]
        self._schema.type_map["Order"].fields["customer"].resolve = self.store.customer  # type: ignore[attr-defined]

    def check(self, request: Request) -> None:
        """The token goes into a header of its own, and the store is the host."""
        if request.host != "acme.myshopify.com":
            raise Refused(Reply(404, {"errors": "Not Found"}))
        if request.headers.get("x-shopify-access-token") != TOKEN or "authorization" in request.headers:
            said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            raise Refused(Reply(401, {"errors": said}))

    @route("POST", "/admin/api/2026-10/graphql.json")
    def graphql(self, request: Request) -> Reply:
        """Validate and execute; what is wrong comes with status 200."""
        if request.content_type != "application/json":
            return Reply(415, {"errors": "Unsupported Media Type"})
        if self.cost.throttled:
            self.cost.throttled -= 1
            return self._refused("Throttled", "THROTTLED")
        asked = request.json
        if set(asked) != {"query", "variables"}:
            return Reply(400, {"errors": {"query": "Required parameter missing or invalid"}})
        result = graphql_sync(self._schema, asked["query"], variable_values=asked["variables"])
        errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
        data = {} if result.data is None and result.errors else {"data": result.data}
        return Reply(200, {**data, **errors, "extensions": self.cost.told()})

    def _refused(self, message: str, code: str) -> Reply:
        error = {"message": message, "extensions": {"code": code, "documentation": "https://shopify.dev/api/usage"}}
        return Reply(200, {"errors": [error], "extensions": self.cost.told()})


def product(number: int, **more: Any) -> dict[str, Any]:
    """A product as the API gives it."""
    price = {"amount": "19.90", "currencyCode": "EUR"}
    return {
        "id": f"gid://shopify/Product/{number}", "title": f"Shirt {number}", "handle": f"shirt-{number}",
        "status": "ACTIVE", "vendor": "Acme", "productType": "Shirts", "tags": ["sale"], "totalInventory": number,
        "createdAt": "2026-01-31T10:00:00Z", "updatedAt": "2026-02-01T10:00:00Z", "onlineStoreUrl": None,
        "priceRangeV2": {"minVariantPrice": price, "maxVariantPrice": {**price, "amount": "29.90"}}, **more,
    }  # fmt: skip


def order(number: int, **more: Any) -> dict[str, Any]:
    """An order as the API gives it."""
    return {
        "id": f"gid://shopify/Order/{number}", "name": f"#{number}", "createdAt": "2026-01-31T10:00:00Z",
        "updatedAt": "2026-02-01T10:00:00Z", "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED", "email": "ann@example.com", "tags": [],
        "customer": {"id": "gid://shopify/Customer/7", "displayName": "Ann Smith"},
        "currentTotalPriceSet": {"shopMoney": {"amount": "39.80", "currencyCode": "EUR"}},
        "lineItems": {
            "nodes": [{"title": "Shirt 1", "quantity": 2, "sku": "S-1"}],
            "pageInfo": {"hasNextPage": False, "hasPreviousPage": False},
        }, **more,
    }  # fmt: skip


def _judged(given: dict[str, Any], number: int) -> dict[str, Any]:
    wrong: list[dict[str, Any]] = []
    if not (given.get("title") or "").strip():
        wrong.append({"field": ["title"], "message": "Title can't be blank"})
    if given.get("vendor") == "?":
        wrong.append({"field": None, "message": "Vendor is not allowed"})
    if wrong:
        return {"product": None, "userErrors": wrong}
    item = {"id": f"gid://shopify/InventoryItem/{number}", "tracked": True}
    variant = {"id": f"gid://shopify/ProductVariant/{number}", "title": "Default Title", "inventoryItem": item}
    made = product(number, handle="blue-shirt", variants={"nodes": [variant]})
    return {"product": {**made, **given}, "userErrors": []}


def _without_root(resolve: Any) -> Any:
    return lambda _, info, **arguments: resolve(info, **arguments)
