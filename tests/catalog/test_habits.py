"""Who comes from another format is told what to write, in one line that does not mislead."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectory.catalog.checks.advice import advise
from connectory.catalog.loading import parse_manifest

AUTH = '{method: api_key, headers: {Authorization: "Bearer {credential.token}"}}'
GOOD = f"""\
format: 1
name: notes
title: Notes
description: Keep notes.
category: productivity
docs: https://notes.example/docs
servers: {{api: "https://api.notes.example/v1"}}
auth:
  token: {AUTH}
verify: {{request: {{get: /me}}, account: {{id: id, name: login}}}}
tasks: [Show my notes.]
actions:
  list_orders:
    title: List orders
    description: List the orders.
    effect: read
    inputs:
      state: {{type: string, description: S.}}
    request:
      get: /orders
      query: {{state: "{{state}}"}}
    answer: {{items: data}}
    docs: https://notes.example/docs/orders
streams:
  orders: {{title: Orders, action: list_orders, key: [id]}}
webhooks:
  app:
    title: App
    docs: https://notes.example/docs/webhooks
    signature: {{scheme: hmac, header: X-Sign, secret: {{from: chosen}}}}
    delivery: {{header: X-Id}}
"""
STATE = 'query: {state: "{state}"}'
ADDRESS = '{api: "https://api.notes.example/v1"}'
VERIFY = "{request: {get: /me}, account: {id: id, name: login}}"
QUOTED = 'Write it in quotes: "{state}".'
METHOD = "Write the method as the key and the path as its value: `get: /path`."
LIST = "actions.list_orders"


def told_of(old: str, new: str) -> list[str]:
    assert old in GOOD
    _, problems = parse_manifest(GOOD.replace(old, new, 1).encode(), Path("notes.yaml"))
    return [f"{problem.key}: {problem.message} {problem.hint}" for problem in problems]


def test_the_manifest_that_is_spoilt_here_is_good() -> None:
    assert told_of("title: Notes", "title: Notes") == []


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        # pages and servers
        (
            "answer: {items: data}",
            "answer: {items: data}\n    pages: {style: cursor, path: next, max_size: 5}",
            f"{LIST}.pages.path",
            "Write `body:`, where it is in the answer.",
        ),
        (
            "auth:\n  token: {",
            "auth:\n  token: {servers: {api: x}, ",
            "auth.token.servers",
            "Write `servers_by_method: {METHOD: {NAME: ADDRESS}}` on top of the file.",
        ),
        # placeholders
        (STATE, "query: {state: {state}}", f"{LIST}.request.query.state.state", QUOTED),
        (STATE, "query:\n        state: {state}", f"{LIST}.request.query.state.state", QUOTED),
        (
            "get: /orders\n      " + STATE,
            'post: /orders/x\n      body: {a: "{state}", b: [{state}]}',
            f"{LIST}.request.body.b[0].state",
            QUOTED,
        ),
        ("get: /orders", "get: {state}", f"{LIST}.request.get.state", QUOTED),
        (ADDRESS, "{api: {connection.shop}}", "servers.api.connection.shop", 'in quotes: "{connection.shop}".'),
        (STATE, 'query: {state: "{inputs.state}"}', f"{LIST}.request.query.state", "Write {state}."),
        (STATE, 'query: {state: "{{state}}"}', f"{LIST}.inputs.state", "{{state}} is the text {state}: write {state}"),
        ("get: /orders", "get: /orders/:state", f"{LIST}.request.get", "'state' is plain text there. Write {state}."),
        ("{credential.token}", "{token}", "auth.token.headers.Authorization", "Write {credential.token}."),
        ("{credential.token}", "${TOKEN}", "auth.token.headers.Authorization", "A placeholder is {name}, without $."),
        # paths and addresses
        ("get: /orders", "method: GET\n      path: /orders", f"{LIST}.request.method", METHOD),
        ("get: /orders", "GET: /orders", f"{LIST}.request.GET", METHOD),
        ("get: /orders", "get: https://api.notes.example/v1/orders", f"{LIST}.request.get", "Write /orders."),
        ("get: /orders", "get: https://x.example/orders", f"{LIST}.request.get", "the server stands in `servers`."),
        ("get: /orders", "get: orders", f"{LIST}.request.get", "Write /orders."),
        (
            "request:\n      get: /orders\n      " + STATE,
            "request: GET /orders",
            f"{LIST}.request",
            "`request: {get: /orders}`",
        ),
        (ADDRESS, "https://api.notes.example/v1", "servers", 'Write `servers: {api: "https://..."}`.'),
        ("servers: " + ADDRESS, "base_url: https://a.example", "base_url", 'Write `servers: {api: "https://..."}`.'),
        # keys and words of other formats
        ("    answer:", "    required: [state]\n    answer:", f"{LIST}.required", "`required: true` on the input."),
        (STATE, "params: {a: b}", f"{LIST}.request.params", "Write it under `query`."),
        (STATE, "json: {a: b}", f"{LIST}.request.json", "Write it under `body`."),
        ("get: /orders\n      " + STATE, "json: {a: b}", f"{LIST}.request.json", "Write it under `body`."),
        (VERIFY, "{get: /me}", "verify.get", "It stands under `request`."),
        (VERIFY, "/me", "verify", "Write `verify: {request: {get: /me}, account:"),
        ("type: string", "type: int", f"{LIST}.inputs.state.type", "Write `type: integer`."),
        ("type: string", 'type: [string, "null"]', f"{LIST}.inputs.state.type", "`nullable: true` allows null"),
        ("type: string", "type: enum", f"{LIST}.inputs.state.type", "Write `enum: [...]` without a type."),
        ("type: string", "values: [a]", f"{LIST}.inputs.state.values", "Write `enum: [...]`."),
        ("effect: read", "effect: GET", f"{LIST}.effect", "Write `effect: read`."),
        ("    effect: read\n", "", f"{LIST}.effect", "It is one of read, write, destructive."),
        ("method: api_key", "method: bearer", "auth.token.method", 'Write `method: api_key`, `headers: {Authorization'),
        (AUTH, "bearer", "auth.token", "`auth: {token: {method: api_key, ...}}`"),
        ("method: api_key", "method: api_key, token: sk_1", "auth.token.token", "No secret stands in a manifest"),
        ("{items: data}", "data", f"{LIST}.answer", "Write `answer: {items: WHERE_THE_LIST_IS}`."),
        ("{items: data}", '{items: "$.data[*]"}', f"{LIST}.answer.items", "JMESPath has no `$`: write data[*]."),
        ("{items: data}", '{items: "$"}', f"{LIST}.answer.items", "JMESPath has no `$`: write @."),
        ("    answer:", "    pages: true\n    answer:", f"{LIST}.pages", "like `pages: link_header`"),
        # names
        ("list_orders:", "listOrders:", "actions.listOrders", "Write list_orders."),
        ("list_orders:", "list-orders:", "actions.list-orders", "Write list_orders."),
        ("      state:", "      orderState:", f"{LIST}.inputs.orderState", "own spelling stays in `query` or `body`."),
        ("name: notes", "name: My Notes", "name", "Write it like my-shop"),
        ("https://notes.example/docs\n", "notes\n", "docs", "Write it like https://example.com/docs."),
        # streams and webhooks
        ("action: list_orders,", "list: list_orders,", "streams.orders.list", "Write `action:`, the name of a list"),
        ("key: [id]", "primary_key: id", "streams.orders.primary_key", "Write `key: [id]`."),
        ("key: [id]", "key: id", "streams.orders.key", "Write [\"id\"]."),
        ("key: [id]", "key: [id], every: 5", "streams.orders.every", "Write `schedule: {every_minutes: 15}`."),
        ("key: [id]", "key: [id], deletions: full", "streams.orders.deletions", "Write `deletions: full_read`, or"),
        ("key: [id]", "key: [id], cursor: updated_at", "streams.orders.cursor", "Write `cursor: {member: updated_at"),
        ("{header: X-Id}", "X-Id", "webhooks.app.delivery", "Write where it stands: `{header: X-Delivery-Id}`"),
        ("scheme: hmac", "scheme: sha256", "webhooks.app.signature.scheme", "Write `scheme: hmac`, and its `alg"),
        ("scheme: hmac", "scheme: hmac, hash: sha1", "webhooks.app.signature.hash", "Write `algorithm: sha256`."),
        ("{from: chosen}", "chosen", "webhooks.app.signature.secret", "Write `secret: {from: chosen}`, or client"),
        ("    delivery:", "    topic: {header: X-T}\n    delivery:", "webhooks.app.topic", "Write `event:`, where the"),
        # kinds
        ("format: 1", 'format: "1"', "format", "Write `format: 1`."),
        ("format: 1", "format: 1.0", "format", "Write `format: 1`."),
        ("format: 1", "format: true", "format", "Write `format: 1`."),
        ("type: string", "type: string, required: yes", f"{LIST}.inputs.state.required", "Write true, without quotes."),
        ("type: string", 'type: string, nullable: "off"', f"{LIST}.inputs.state.nullable", "Write false, without"),
        ("type: string", 'type: string, minLength: "3"', f"{LIST}.inputs.state.minLength", "Write 3, without quotes."),
        ("type: string", "type: string, maxLength: 7.0", f"{LIST}.inputs.state.maxLength", "Write 7."),
        ("type: string", 'type: integer, minimum: "3"', f"{LIST}.inputs.state.minimum", "a whole number or a number."),
        ("{items: data}", "{items: a,expand: {request: {get: x}, depth: true}}", f"{LIST}.answer.expand.depth", "This"),
        ("    answer:", '    idempotent: "yes"\n    answer:', f"{LIST}.idempotent", "Write true, without quotes."),
        ("type: string", 'enum: "open, paid"', f"{LIST}.inputs.state.enum", "Write [open, paid]."),
        ("    answer:", "    scopes: a:read b\n    answer:", f"{LIST}.scopes", "Write [a:read, b]."),
        ("tasks: [Show my notes.]", "tasks: Show my notes.", "tasks", 'Write ["Show my notes."].'),
        ("tasks:", "errors: [{when: {status: 403}, code: missing_scope}]\ntasks:", "errors[0].when.status", "[403]."),
        ("{type: string, description: S.}", "string", f"{LIST}.inputs.state", "Write what it is: `{type: string}`."),
        ("{type: string, description: S.}", "", f"{LIST}.inputs.state", "Write what it is: `{type: string}`."),
        ("title: Notes", "title:", "title", "It is empty: write a value, or leave the key out."),
        ("title: Notes", "title: 2024", "title", "Put it into quotes."),
        # YAML
        ("    effect", "\teffect", "", "Indent with spaces: YAML takes no tabs."),
        ("    effect", "   effect", "", "Keys of one mapping begin in the same column"),
        ("List the orders.", "List: the orders.", "", "A text that holds a colon and a space stands in quotes"),
        ("{items: data}", "{items: @}", "", "A text that begins with @ stands in quotes."),
        (ADDRESS, "{api: https://{connection.shop}.a.example}", "", "text with braces, brackets or a comma stands in"),
        ("Keep notes.", "*Keep* notes.", "", "A text that begins with * or & stands in quotes."),
        ("effect: read", "effect read", "", "Is a colon missing"),
    ],
)  # fmt: skip
def test_a_beginners_mistake_is_told_with_what_to_write(old: str, new: str, key: str, says: str) -> None:
    found = told_of(old, new)

    assert any(problem.startswith(f"{key}: ") and says in problem for problem in found), found


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("get: /orders\n      " + STATE, "get: /orders?state={state}", "Move `?state={state}` to `query`."),
        (STATE, "query: {state: {state}}", QUOTED),
        (STATE, 'query: {state: "{inputs.state}"}', "Write {state}."),
        ("get: /orders", "get: https://api.notes.example/v1/orders", "Write /orders."),
    ],
)
def test_nothing_that_follows_from_it_is_told_beside_it(old: str, new: str, says: str) -> None:
    found = told_of(old, new)

    assert len(found) == 1
    assert says in found[0]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("get: /orders\n      " + STATE, "post: /orders\n      body: state={state}", "The body is one text"),
        (STATE, 'query: {state: "${state}"}', "A $ before a placeholder is sent as it stands."),
    ],
)
def test_what_may_be_meant_is_advice(old: str, new: str, says: str) -> None:
    manifest, problems = parse_manifest(GOOD.replace(old, new, 1).encode(), Path("notes.yaml"))

    assert manifest is not None, problems
    assert any(says in item.message for item in advise(manifest))
    assert not any(
        says in item.message for item in advise(parse_manifest(GOOD.encode(), Path("n.yaml"))[0] or manifest)
    )


def test_a_key_that_means_null_says_so() -> None:
    text = GOOD.replace("get: /orders\n      " + STATE, 'post: /orders\n      body: {to: {state: null}, a: "{state}"}')

    assert parse_manifest(text.encode(), Path("notes.yaml"))[1] == ()
