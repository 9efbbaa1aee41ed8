// The SDK types few of its requests, and those loosely: it takes any members, answers share their types with queries.
// So each type here is its model (M), cut to what the page beside it says. DOCS: woocommerce/woocommerce-rest-api-docs,
// source/includes/wp-api-v3/_*.md. PHP: woocommerce/woocommerce, plugins/woocommerce/includes/rest-api/Controllers.
import { Agent } from "node:https";
import { connect } from "node:net";
import { record, sdk } from "./recorder.mjs";

const TYPES = `
import type * as M from "./node_modules/woocommerce-rest-ts-api/dist/src/types/models/index.js";
type Meta = { id?: number; key?: string; value?: string };
type Delivery = Partial<M.Shipping> & { phone?: string }; // PHP Version3/class-wc-rest-customers-controller.php
type Deletion = { force?: boolean };

// PHP Version3/class-wc-rest-crud-controller.php get_collection_params. Lists are texts with commas here, which
// WordPress reads as well as names with [] (https://developer.wordpress.org/reference/functions/rest_sanitize_array/).
type Page = { context?: string; page?: number; per_page?: number; search?: string; exclude?: string; include?: string;
  offset?: number; order?: string; orderby?: string };
type Listed = Page & { after?: string; before?: string; modified_after?: string; modified_before?: string;
  dates_are_gmt?: boolean };

// DOCS _orders.md. What of it is answered: PHP Version2/class-wc-rest-orders-v2-controller.php get_formatted_item_data.
type Line = NonNullable<M.Orders["line_items"]>[number];
type Order = Omit<M.Orders, "set_paid"> & { payment_url: string; is_editable: boolean; needs_payment: boolean;
  needs_processing: boolean };
type OrdersAsked = Listed & { parent?: string; parent_exclude?: string; status?: string; customer?: number;
  product?: number; dp?: number };
type OrderBody = Pick<M.Orders, "parent_id" | "status" | "currency" | "customer_id" | "customer_note" | "billing"
  | "payment_method" | "payment_method_title" | "transaction_id" | "set_paid"> & {
  shipping?: Delivery; meta_data?: Meta[];
  line_items?: Pick<Line, "product_id" | "variation_id" | "quantity" | "tax_class" | "subtotal" | "total">[];
  coupon_lines?: { code: string }[] };

// DOCS _order-notes.md
type Note = Omit<M.OrdersNotes, "added_by_user">;
type NoteBody = { note: string; customer_note?: boolean; added_by_user?: boolean };

// DOCS _order-refunds.md. Whoever creates one is answered in the context "edit", in which PHP
// Version2/class-wc-rest-order-refunds-v2-controller.php get_item_schema has no refunded_payment.
type Refund = Omit<M.OrdersRefunds, "api_refund" | "refunded_payment" | "line_items"> & { line_items: Line[] };
type RefundBody = { amount?: string; reason?: string; refunded_by?: number; meta_data?: Meta[]; api_refund?: boolean;
  api_restock?: boolean; line_items?: { id: number; quantity?: number; refund_total?: number;
  refund_tax?: { id: number; refund_total: number }[] }[] }; // PHP src/Internal/RestApiUtil.php

// DOCS _products.md
type Product = Omit<M.Products, Exclude<keyof ProductsAsked, Shared>>;
type Shared = "type" | "status" | "slug" | "sku" | "featured" | "tax_class" | "on_sale" | "stock_status"
  | "shipping_class";
type ProductsAsked = Listed & { parent?: string; parent_exclude?: string; slug?: string; status?: string; type?: string;
  sku?: string; featured?: boolean; category?: string; tag?: string; shipping_class?: string; attribute?: string;
  attribute_term?: string; tax_class?: string; on_sale?: boolean; min_price?: string; max_price?: string;
  stock_status?: string };
type Priced = { description?: string; sku?: string; regular_price?: string; sale_price?: string;
  date_on_sale_from?: string; date_on_sale_from_gmt?: string; date_on_sale_to?: string; date_on_sale_to_gmt?: string;
  status?: string; virtual?: boolean; downloadable?: boolean; download_limit?: number; download_expiry?: number;
  tax_status?: string; tax_class?: string; manage_stock?: boolean; stock_quantity?: number; stock_status?: string;
  backorders?: string; weight?: string; shipping_class?: string; menu_order?: number; meta_data?: Meta[] };
type ProductBody = Priced & { name?: string; slug?: string; type?: string; featured?: boolean;
  catalog_visibility?: string; short_description?: string; external_url?: string; button_text?: string;
  sold_individually?: boolean; reviews_allowed?: boolean; upsell_ids?: number[]; cross_sell_ids?: number[];
  parent_id?: number; purchase_note?: string; categories?: { id: number }[]; tags?: { id: number }[];
  grouped_products?: number[]; images?: { id?: number; src?: string; name?: string; alt?: string }[];
  attributes?: { id?: number; name?: string; position?: number; visible?: boolean; variation?: boolean;
  options?: string[] }[]; default_attributes?: { id?: number; name?: string; option?: string }[] };

// DOCS _product-variations.md. Where its product keeps count, manage_stock is "parent" in answers.
type Variation = Omit<M.ProductsVariations, "attributes" | "manage_stock"> & {
  attributes: { id: number; name: string; option: string }[]; manage_stock: unknown };
type VariationsAsked = Omit<ProductsAsked, "type" | "featured" | "category" | "tag" | "shipping_class" | "attribute"
  | "attribute_term">;
type VariationBody = Priced & { attributes?: { id?: number; name?: string; option?: string }[];
  image?: { id?: number; src?: string; name?: string; alt?: string } };

// DOCS _product-categories.md
type CategoriesAsked = Omit<Page, "offset"> & { hide_empty?: boolean; parent?: number; product?: number;
  slug?: string };

// DOCS _customers.md
type CustomersAsked = Page & { email?: string; role?: string };
type CustomerBody = { first_name?: string; last_name?: string; password?: string; billing?: Partial<M.Billing>;
  shipping?: Delivery; meta_data?: Meta[] };

// DOCS _coupons.md, without date_expires_gmt in bodies: PHP Version2/class-wc-rest-coupons-v2-controller.php
// prepare_object_for_database calls set_<member>, and includes/class-wc-coupon.php has no set_date_expires_gmt. A
// date_expires with a zone is read with it: includes/abstracts/abstract-wc-data.php set_date_prop.
type Coupon = M.Coupons & { status: string };
type CouponBody = { code: string; amount?: string; discount_type?: string; description?: string; date_expires?: string;
  individual_use?: boolean; product_ids?: number[]; excluded_product_ids?: number[]; usage_limit?: number;
  usage_limit_per_user?: number; limit_usage_to_x_items?: number; free_shipping?: boolean;
  product_categories?: number[]; excluded_product_categories?: number[]; exclude_sale_items?: boolean;
  minimum_amount?: string; maximum_amount?: string; email_restrictions?: string[]; meta_data?: Meta[] };

// DOCS _reports.md; PHP Version1/class-wc-rest-report-sales-v1-controller.php (and -top-sellers-, where title is name).
type ReportAsked = { context?: string; period?: string; date_min?: string; date_max?: string };
type Sales = { total_sales: string; net_sales: string; average_sales: string; total_orders: number; total_items: number;
  total_tax: string; total_shipping: string; total_refunds: number; total_discount: string; totals_grouped_by: string;
  totals: Record<string, object>; total_customers: number };
type TopSeller = { title: string; name: string; product_id: number; quantity: number };
`;
// What is called, what is given behind the ids in its path, and what is answered.
const CALLS = {
  list_orders: ["GET orders", "query?: OrdersAsked", "Order[]"],
  get_order: ["GET orders/{order}", "", "Order"],
  create_order: ["POST orders", "body: OrderBody", "Order"],
  update_order: ["PUT orders/{order}", "body: OrderBody", "Order"],
  delete_order: ["DELETE orders/{order}", "query?: Deletion", "Order"],
  list_order_notes: ["GET orders/{order}/notes", "query?: { context?: string; type?: string }", "Note[]"],
  add_order_note: ["POST orders/{order}/notes", "body: NoteBody", "Note"],
  refund_order: ["POST orders/{order}/refunds", "body: RefundBody", "Refund"],
  list_products: ["GET products", "query?: ProductsAsked", "Product[]"],
  get_product: ["GET products/{product}", "", "Product"],
  create_product: ["POST products", "body: ProductBody", "Product"],
  update_product: ["PUT products/{product}", "body: ProductBody", "Product"],
  delete_product: ["DELETE products/{product}", "query?: Deletion", "Product"],
  list_product_variations: ["GET products/{product}/variations", "query?: VariationsAsked", "Variation[]"],
  create_product_variation: ["POST products/{product}/variations", "body: VariationBody", "Variation"],
  update_product_variation: ["PUT products/{product}/variations/{variation}", "body: VariationBody", "Variation"],
  list_product_categories: ["GET products/categories", "query?: CategoriesAsked", "M.ProductsCategories[]"],
  list_customers: ["GET customers", "query?: CustomersAsked", "M.Customers[]"],
  get_customer: ["GET customers/{customer}", "", "M.Customers"],
  create_customer: ["POST customers", "body: CustomerBody & { email: string; username?: string }", "M.Customers"],
  update_customer: ["PUT customers/{customer}", "body: CustomerBody & { email?: string }", "M.Customers"],
  list_coupons: ["GET coupons", "query?: Listed & { code?: string }", "Coupon[]"],
  create_coupon: ["POST coupons", "body: CouponBody", "Coupon"],
  get_sales_report: ["GET reports/sales", "query?: ReportAsked", "Sales[]"],
  list_top_sellers: ["GET reports/top_sellers", "query?: ReportAsked", "TopSeller[]"],
  "(verify)": ["GET system_status", "query?: object", "M.SystemStatus"], // DOCS _system-status.md
  "(verify)/otherwise": ["GET products", "query?: ProductsAsked", "Product[]"],
};
// https://developer.wordpress.org/rest-api/using-the-rest-api/global-parameters/: each call takes it.
const fields = ([query], isFull) => (isFull ? [{ ...query, _fields: "id" }] : undefined);
const { default: Client } = await sdk("woocommerce-rest-ts-api");

await record({
  name: "woocommerce",
  sdk: "woocommerce-rest-ts-api",
  imports: TYPES,
  functions: Object.fromEntries(Object.entries(CALLS).map(([action, [request, more, answer]]) => {
    const ids = [...request.matchAll(/\{(\w+)\}/g)].map((one) => `${one[1]}: number`);
    return [action, `(${[...ids, more].filter((one) => one !== "").join(", ")}) => Promise<${answer}>`];
  })),
  calls: Object.fromEntries(Object.entries(CALLS).map(([action, [request, more]]) => {
    const [method, path] = request.split(" ");
    return [action, `WooCommerceRestApi.${method.toLowerCase()}("${path}"${more === "" ? "" : `, ${more}`})`];
  })),
  change: { "(verify)": fields, "(verify)/otherwise": fields },
  call: (action, values, url) => {
    const [method, path] = CALLS[action][0].split(" ");
    const left = [...values];
    const parts = path.split("/").map((one) => (one.startsWith("{") ? left.shift() : one));
    const id = typeof parts.at(-1) === "number" ? { id: parts.pop() } : {};
    const [endpoint, more] = [parts.join("/"), left[0] ?? {}];
    const client = clientAt(url);
    if (method === "GET") return client.get(endpoint, { ...id, ...more });
    if (method === "POST") return client.post(endpoint, more);
    if (method === "PUT") return client.put(endpoint, more, id);
    return client.delete(endpoint, undefined, { ...id, ...more }); // `force` in the query, as DOCS have it
  },
});

// To an address with http it signs by OAuth 1.0a, and keys of ours go to https alone: it gets such a one, and no TLS.
function clientAt(url) {
  const agent = new Agent();
  agent.createConnection = () => connect(Number(new URL(url).port), "127.0.0.1");
  return new Client({
    url: "https://shop.example.com", consumerKey: "ck_key", consumerSecret: "cs_secret",
    axiosConfig: { httpsAgent: agent },
  });
}
