"""A webhook's signature covers what a delivery says, its secret comes from somewhere, and its streams are there."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import ABSENT, problems_of
from tests.catalog.rich import RICH

APP = "webhooks/app"
SIGNATURE = f"{APP}/signature"
SECRET = f"{SIGNATURE}/secret"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((f"{SIGNATURE}/signed", "{url}{timestamp}"), "signature.signed: What the delivery says is not signed"),
        (
            (f"{SIGNATURE}/signed", "{body}{timestmp}{timestamp}"),
            "signed: {timestmp} is nothing that a provider signs. D",
        ),
        ((f"{SIGNATURE}/signed", "{body.x}{body}{timestamp}"), "signed: {body.x} is nothing that a provider signs."),
        ((f"{SIGNATURE}/signed", "{connection.site}{body}{timestamp}"), "{connection.site} is nothing that a provider"),
        ((f"{SIGNATURE}/signed", "{body}{"), "signature.signed: "),
        ((f"{SIGNATURE}/signed", "{body}{form}{timestamp}"), "signed: {form} is about the fields of a form."),
        ((f"{SIGNATURE}/signed", "{body}"), "signature.timestamp: The time is not signed"),
        ((f"{SIGNATURE}/timestamp", ABSENT), "signature.signed: Nothing says where {timestamp} stands."),
        ((f"{APP}/delivery", {"body": "id"}), "signature.signed: Nothing says where {delivery} stands."),
        ((f"{SIGNATURE}/timestamp/header", "X T"), "signature.timestamp.header: 'X T' is no header name."),
        ((f"{SIGNATURE}/timestamp/header", ABSENT), "signature.timestamp: Needs one of header, body"),
        ((f"{SIGNATURE}/separator", ABSENT), "signature.timestamp.prefix: Only a part of a header has a prefix."),
        ((f"{SIGNATURE}/header", "X Sign"), "signature.header: 'X Sign' is no header name."),
        ((f"{SIGNATURE}/second_header", "a:"), "signature.second_header: 'a:' is no header name."),
        ((f"{SIGNATURE}/algorithm", "md5"), "signature.algorithm: This should be 'sha256'"),
        ((f"{SIGNATURE}/scheme", "hmacs"), "signature.scheme: There is no scheme 'hmacs'. Did you mean 'hmac'?"),
        ((SECRET, {"from": "chosen"}), None),
        ((SECRET, {"from": "client_secret"}), None),
        ((SECRET, {"from": "client"}), "signature.secret.from: This should be 'client_secret'"),
        ((SECRET, {"from": "entered"}), "signature.secret.title: `from: entered` needs a `title`"),
        ((SECRET, {"from": "chosen", "title": "x"}), "signature.secret.title: `from: entered` needs a `title`"),
        ((SECRET, {"from": "chosen", "help": "x"}), "signature.secret.help: Only `from: entered` has `help`"),
        ((SECRET, {"from": "client_secret", "max_length": 50}), "secret.max_length: Only `from: chosen` has a `max_l"),
        ((SECRET, {"from": "answer"}), "signature.secret.body: `from: answer` needs `body`"),
        ((SECRET, {"from": "answer", "body": "a["}), "signature.secret.body: This is no JMESPath expression"),
        ((f"{SECRET}/pattern", "(a+)+"), "signature.secret.pattern: "),
        (("webhooks/handed/handshake", ABSENT), "handed.signature.secret.from: No handshake brings a secret."),
        (("webhooks/handed/handshake/token", {"body": "["}), "handshake.token.body: This is no JMESPath expression"),
        (
            ("webhooks/jwt/signature/keys_url", ABSENT),
            "jwt.signature.secret: HS256 has a `secret`, and RS256 a `keys_url`",
        ),
        (("webhooks/jwt/signature/header", "X T"), "jwt.signature.header: 'X T' is no header name."),
        (("webhooks/token/signature/token", {"header": "a:"}), "token.signature.token.header: 'a:' is no header name."),
        (
            ("webhooks/token/signature/token/body", "x"),
            "token.signature.token: Needs exactly one of header, query",
        ),
        ((f"{APP}/handshake/answer", "header"), "app.handshake.answer: The challenge comes in no header."),
        ((f"{APP}/handshake/challenge", {"body": "a.b"}), "app.handshake.answer: The challenge has no name by which"),
        (
            (f"{APP}/handshake/challenge", {"body": "a["}),
            "app.handshake.challenge.body: This is no JMESPath expression",
        ),
        (
            ("webhooks/open/handshake", RICH["webhooks"]["zoomed"]["handshake"]),
            "open.handshake: Nothing here signs the challenge.",
        ),
        (("webhooks/key/handshake/http_method", "get"), "key.handshake.when: A GET has no body."),
        (("webhooks/key/handshake/when", "type =="), "key.handshake.when: This is no JMESPath expression"),
        (
            (f"{APP}/account/equals", "{connection.sit}"),
            "app.account.equals: {connection.sit} is no fact that can stand",
        ),
        ((f"{APP}/account/body", "a["), "app.account.body: This is no JMESPath expression"),
        ((f"{APP}/account", {"equals": "x"}), "app.account: Needs one of header, body"),
        ((f"{APP}/account", {"header": "X Y"}), "app.account.header: 'X Y' is no header name."),
        ((f"{APP}/items", "["), "app.items: This is no JMESPath expression"),
        ((f"{APP}/delivery", {"header": "X Id"}), "app.delivery.header: 'X Id' is no header name."),
        ((f"{APP}/event", ABSENT), "app.events: `events` need `event`, where the event's name stands"),
        ((f"{APP}/event/body", "["), "app.event.body: This is no JMESPath expression"),
        ((f"{APP}/events/order.*", "order"), "app.events.order.*.stream: There is no stream 'order'. Did you mean"),
        (
            (f"{APP}/events/line.gone/arguments", {"nam": "x"}),
            "arguments.nam: The action of 'lines' has no input 'nam'.",
        ),
        ((f"{APP}/events/line.gone/arguments", {"name": "["}), "arguments.name: This is no JMESPath expression"),
        ((f"{APP}/events/order.made/changed", "["), "events.order.made.changed: This is no JMESPath expression"),
        ((f"{APP}/events/line.gone/changed", "line.id"), "line.gone.changed: The stream 'lines' reads no single rows."),
        ((f"{APP}/events/line.gone/deleted", "["), "events.line.gone.deleted: This is no JMESPath expression"),
        ((f"{APP}/docs", "x"), "app.docs: This is no web address."),
        ((f"{APP}/title", "\u202ex"), "app.title: It holds the control or format character U+202E."),
        ((f"{APP}/steps", ["\u202ex"]), "app.steps[0]: It holds the control or format character U+202E."),
    ],
)
def test_a_webhook_that_cannot_be_believed_is_told(change: tuple[str, Any], says: str | None) -> None:
    found = problems_of(change, base=RICH)

    assert (found == []) if says is None else any(says in problem for problem in found), found


def test_an_apps_secret_needs_an_app() -> None:
    key = {"method": "api_key", "headers": {"X-Key": "{credential.token}"}}
    base: list[tuple[str, Any]] = [("auth", {"key": key}), ("servers", {"api": "https://x.example"}), ("scopes", [])]
    base += [
        ("actions", {}),
        ("streams", {}),
        ("idempotency", ABSENT),
        ("webhooks", {"a": RICH["webhooks"]["signed_jwt"]}),
    ]

    (found,) = problems_of(*base, base=RICH)

    assert found.startswith("webhooks.a.signature.secret.from: No way to sign in has an app with a client secret.")


def test_a_bundle_has_neither_streams_nor_webhooks() -> None:
    gone = [(key, ABSENT) for key in ("servers", "headers", "actions", "verify", "idempotency", "webhooks")]

    assert "streams: A bundle has no `streams`" in problems_of(*gone, ("includes", ["other"]), base=RICH)[0]
