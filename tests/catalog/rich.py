"""A good manifest that uses the whole format, for tests that spoil one part of it."""

from __future__ import annotations

from typing import Any

ITEM = "{id: id, at: from_unix_seconds(created)}"
DOCS = "https://rich.example/docs"
TEXT: dict[str, Any] = {"type": "string", "required": True, "description": "A text."}
OPTIONAL: dict[str, Any] = {"type": "string", "description": "A text."}
LINES: dict[str, Any] = {
    "type": "array",
    "required": True,
    "minItems": 1,
    "description": "What is bought.",
    "items": {
        "type": "object",
        "properties": {"sku": {"type": "string", "required": True}, "count": {"type": "integer", "minimum": 1}},
    },
}
OAUTH: dict[str, Any] = {
    "method": "oauth2",
    "title": "Sign in",
    "authorize_url": "https://accounts.rich.example/authorize",
    "token_url": "https://accounts.rich.{connection.region}/token",
    "refresh_url": "https://accounts.rich.{connection.region}/refresh",
    "pkce": "S256",
    "scopes": {"orders.read": "See orders", "orders.write": "Change orders"},
    "always_scopes": ["offline"],
    "authorize_parameters": {"access_type": "offline"},
    "token_headers": {"X-Version": "1"},
    "token_answer": {"access_token": "access_token", "further": {"user_token": "user.token"}},
    "facts": {
        "region": {"callback": "location", "kind": "choice", "choices": ["eu", "com.au"]},
        "instance": {"token": "instance_url", "kind": "origin"},
        "site": {"chosen": "id"},
    },
    "register": {"url": "https://rich.example/apps?to={redirect_uri}&ask={scopes}", "steps": ["Make an app."]},
    "revoke": {"url": "https://accounts.rich.{connection.region}/revoke", "method": "post"},
    "choose": {
        "request": {"get": "/sites"},
        "items": "sites",
        "id": "id",
        "name": "name",
    },
    "nango": {
        "provider": ["rich", "rich-old"],
        "facts": {"region": "region"},
        "credentials": {"user_token": "raw.user.token"},
    },
    "by_server": {"files": {"query": {"key": "{credential.access_token}"}}},
    "by_credential": {"user": {"headers": {"Authorization": "Bearer {credential.user_token}"}}},
}
ACTIONS: dict[str, Any] = {
    "search": {
        "title": "Search orders",
        "description": "Search the orders at Rich.",
        "effect": "read",
        "inputs": {
            "name": OPTIONAL,
            "field": {"type": "string", "description": "A field.", "pattern": "^[a-z]+$", "default": "name"},
            "owner": {"type": "object", "description": "Who.", "properties": {"id": {"type": "string"}}},
            "words": {"type": "array", "items": {"type": "string"}, "description": "Words."},
        },
        "scopes": ["orders.read", ["orders.write", "orders.all"]],
        "credential": "user",
        "request": {
            "post": "/sites/{connection.site}/search",
            "headers": {"X-Field": "{field}"},
            "query": {"words": {"join": ",", "of": "{words}", "before": "[", "after": "]"}, "limit": "{limit}"},
            "body": {
                "query": {
                    "join": " AND ",
                    "of": [
                        {"quote": "soql", "of": "{field} = {name}", "bare": ["field"]},
                        {"when": "{owner}", "of": {"quote": "soql", "of": "Owner = {owner.id}"}},
                    ],
                },
                "after": "{cursor}",
            },
        },
        "pages": {"style": "cursor", "body": "next", "more": "has_more", "max_size": 50},
        "answer": {"as": "json", "items": "data", "item": ITEM},
        "errors": [{"when": {"status": [400], "body": "code == 'busy'"}, "code": "rate_limited", "hint": "Wait."}],
        "docs": DOCS,
    },
    "list_all": {
        "title": "List all",
        "description": "List the orders at Rich with their details.",
        "effect": "read",
        "inputs": {},
        "request": {"get": "/orders", "query": {"page": "{cursor}"}},
        "pages": {"style": "page", "first": 1, "next_header": "X-Next", "max_size": 20},
        "answer": {
            "items": "@",
            "when": "!draft",
            "expand": {
                "request": {"get": "/orders/{each.id}/lines", "server": "api"},
                "when": "has_lines",
                "items": "lines",
                "item": "{id: id}",
                "into": "lines",
                "depth": 2,
            },
        },
        "docs": DOCS,
    },
    "create": {
        "title": "Create an order",
        "description": "Create an order at Rich.",
        "effect": "write",
        "takes_key": True,
        "inputs": {"lines": LINES, "note": {**OPTIONAL, "nullable": True, "maxLength": 50}, "html": OPTIONAL},
        "needs": [["note", "html"]],
        "request": {
            "post": "/orders",
            "body": {
                "lines": {"each": "{lines}", "of": {"sku": "{each.sku}", "count": "{each.count}"}},
                "note": "{note}",
                "text": {"convert": ["html", "base64url"], "of": "{html}"},
            },
            "encoding": "form_brackets",
        },
        "docs": DOCS,
    },
    "upload": {
        "title": "Upload a file",
        "description": "Upload a file to Rich.",
        "effect": "write",
        "takes_key": False,
        "inputs": {
            "file": {"type": "file", "required": True, "description": "The file."},
            "more": {"type": "array", "items": {"type": "file"}, "description": "More files."},
            "name": TEXT,
        },
        "steps": [
            {
                "request": {"get": "/uploads", "query": {"size": "{file.size}"}},
                "as": "json",
                "keep": {"address": "address", "id": "id"},
            },
            {"request": {"put": "{steps.address}", "server": "files", "query": {"id": "{steps.id}"}}, "as": "text"},
        ],
        "request": {
            "post": "/files",
            "server": "files",
            "encoding": "multipart",
            "body": {"file": "{file}", "more": "{more}", "name": "{name}"},
        },
        "docs": DOCS,
    },
    "put_file": {
        "title": "Replace a file",
        "description": "Replace a file at Rich.",
        "effect": "destructive",
        "idempotent": True,
        "inputs": {"id": TEXT, "file": {"type": "file", "required": True, "description": "The file."}},
        "request": {"put": "/files/{id}", "encoding": "raw", "body": "{file}"},
        "answer": {"as": "text"},
        "docs": DOCS,
    },
    "send": {
        "title": "Send a message",
        "description": "Send a message at Rich.",
        "effect": "write",
        "inputs": {"to": TEXT, "file": {"type": "file", "required": True, "description": "The file."}},
        "request": {
            "post": "/send",
            "encoding": "multipart_related",
            "body": [
                {"content_type": "application/json", "content": {"raw": {"convert": "base64", "of": "{file}"}}},
                {"content_type": "text/plain", "content": "To {to}"},
                {"content": "{file}"},
            ],
        },
        "docs": DOCS,
    },
    "get_file": {
        "title": "Get a file",
        "description": "Get a file of Rich.",
        "effect": "read",
        "inputs": {"id": TEXT},
        "request": {"get": "/files/{id}/content"},
        "answer": {
            "as": "file",
            "file_name": "{id}.bin",
            "content": {"data": "data", "name": "name", "media_type": "type"},
        },
        "docs": DOCS,
    },
    "graph": {
        "title": "Get orders",
        "description": "Get orders of Rich by a graph.",
        "effect": "read",
        "inputs": {"id": TEXT, "first_word": OPTIONAL},
        "request": {
            "post": "/graphql",
            "graphql": "query Orders($id: ID!, $word: String) { orders(id: $id, word: $word) { ...F } }\n"
            "fragment F on Order { id lines { sku } }",
            "variables": {"id": "{id}", "word": "{first_word}"},
        },
        "docs": DOCS,
    },
    "get_order": {
        "title": "Get an order",
        "description": "Get an order of Rich.",
        "effect": "read",
        "inputs": {"id": TEXT},
        "request": {"get": "/orders/{id}"},
        "answer": {"item": "{id: id, at: at, more: more}"},
        "docs": DOCS,
    },
    "change": {
        "title": "Change an order",
        "description": "Change an order of Rich.",
        "effect": "write",
        "inputs": {"id": TEXT},
        "request": {
            "post": "/graphql",
            "graphql": "mutation($id: ID!) { change(id: $id) { id } }",
            "variables": {"id": "{id}"},
        },
        "docs": DOCS,
    },
}
STREAMS: dict[str, Any] = {
    "orders": {
        "title": "Orders",
        "action": "search",
        "arguments": {"field": "name", "words": ["a"]},
        "key": ["id"],
        "one": {"action": "get_order", "arguments": {"id": "id"}},
        "cursor": {"member": "at", "input": "name", "order": "ascending", "overlap_seconds": 60},
        "deletions": {"by": "mark", "when": "at == 'never'"},
        "schedule": {"every_minutes": 15, "full_every_hours": 24},
    },
    "lines": {
        "title": "Lines",
        "action": "search",
        "for_each": {"stream": "orders", "arguments": {"name": "id"}},
        "key": ["id", "at"],
        "cursor": {"token": "next_token", "input": "field", "expired": {"status": [410], "body": "gone"}},
        "deletions": {"by": "action", "action": "search", "arguments": {"field": "gone"}, "key": ["id", "at"],
                      "input": "name"},
    },
    "all": {"title": "All", "action": "list_all", "key": ["id"], "deletions": "full_read"},
}  # fmt: skip
SIGNED: dict[str, Any] = {
    "scheme": "hmac",
    "algorithm": "sha1",
    "header": "X-Signature",
    "second_header": "X-Signature-2",
    "prefix": "v1=",
    "separator": ",",
    "encoding": "base64",
    "signed": "{method}{url}{delivery}.{timestamp}.{body}",
    "timestamp": {"header": "X-Signature", "prefix": "t=", "as": "unix_milliseconds", "tolerance_seconds": 60},
    "secret": {
        "from": "entered", "title": "Signing secret", "help": "On its page.", "placeholder": "whsec_...",
        "pattern": "whsec_[a-z]+", "prefix": "whsec_", "encoding": "base64",
    },
}  # fmt: skip
WEBHOOKS: dict[str, Any] = {
    "app": {
        "title": "Webhooks of the app",
        "docs": DOCS,
        "url": DOCS,
        "steps": ["Enter the address."],
        "lasts_hours": 720,
        "signature": SIGNED,
        "handshake": {"by": "echo", "challenge": {"body": "challenge"}, "answer": "json"},
        "encoding": "json",
        "items": "events",
        "delivery": {"header": "X-Id"},
        "account": {"body": "site", "equals": "{connection.site}.rich.example"},
        "event": {"body": "type"},
        "events": {
            "order.*": "orders",
            "order.made": {"stream": "orders", "changed": "order.id"},
            "line.gone": {"stream": "lines", "arguments": {"name": "order.id"}, "deleted": "[line.id, line.at]"},
        },
    },
    "zoomed": {
        "title": "Others",
        "docs": DOCS,
        "signature": {**SIGNED, "timestamp": {"body": "sent", "as": "date_time"}, "signed": "{form}{url}",
                      "secret": {"from": "answer", "body": "hook.secret"}},
        "encoding": "form",
        "handshake": {"by": "signed_echo", "challenge": {"body": "plain"}, "plain": "plain", "signed": "signed"},
    },
    "key": {
        "title": "By a key",
        "docs": DOCS,
        "signature": {"scheme": "public_key", "algorithm": "ed25519", "header": "X-Ed", "signed": "{body}",
                      "secret": {"from": "entered", "title": "Public key", "encoding": "hex"}},
        "handshake": {"by": "ping", "http_method": "post", "when": "type == `1`", "answer": {"type": 1}},
    },
    "token": {
        "title": "By a word",
        "docs": DOCS,
        "signature": {"scheme": "token", "token": {"query": "t"}, "secret": {"from": "chosen", "max_length": 50}},
    },
    "handed": {
        "title": "By what it sent first",
        "docs": DOCS,
        "signature": {"scheme": "basic", "username": "us", "secret": {"from": "handshake"}},
        "handshake": {"by": "verification_token", "token": {"body": "verification_token"}},
    },
    "jwt": {
        "title": "By a token",
        "docs": DOCS,
        "signature": {"scheme": "jwt", "header": "X-Token", "prefix": "Bearer ", "algorithm": "RS256",
                      "keys_url": DOCS, "issuer": "rich", "audience": "url"},
    },
    "signed_jwt": {"title": "By another token", "docs": DOCS,
                   "signature": {"scheme": "jwt", "secret": {"from": "client_secret"}}},
    "open": {"title": "By nothing", "docs": DOCS, "signature": {"scheme": "none"}},
}  # fmt: skip
RICH: dict[str, Any] = {
    "format": 1,
    "name": "rich",
    "title": "Rich",
    "description": "Everything at Rich.",
    "category": "other",
    "docs": DOCS,
    "servers": {"api": "{connection.instance}/v1", "files": "https://files.rich.{connection.region}"},
    "headers": {"Accept": "application/json"},
    "auth": {"oauth": OAUTH},
    "scopes": ["orders.read"],
    "verify": {
        "request": {"get": "/me"},
        "account": {"id": "id", "name": "name"},
        "scopes": {"header": "X-Scopes"},
        "facts": {"locale": "locale"},
    },
    "message": "error.text",
    "errors": [
        {
            "when": {"status": [429], "headers": {"X-Left": "0"}},
            "code": "rate_limited",
            "message": "error.text",
            "retry": {"header": "X-Reset", "as": "unix_seconds"},
        }
    ],
    "retry": {"body": "wait", "as": "milliseconds"},
    "idempotency": {"header": "Idempotency-Key"},
    "actions": ACTIONS,
    "streams": STREAMS,
    "webhooks": WEBHOOKS,
    "limits": ["10 requests a second."],
    "tasks": ["Find an order."],
}
