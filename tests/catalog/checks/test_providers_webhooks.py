"""The closed set of signatures and handshakes says what providers do, each as it documents them (November 2026)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import problems_of
from tests.catalog.rich import DOCS, RICH

CLIENT = {"from": "client_secret"}
CHOSEN = {"from": "chosen"}
STANDARD: dict[str, Any] = {  # https://www.standardwebhooks.com
    "scheme": "hmac", "header": "webhook-signature", "prefix": "v1,", "separator": " ", "encoding": "base64",
    "signed": "{delivery}.{timestamp}.{body}", "timestamp": {"header": "webhook-timestamp"},
}  # fmt: skip


def entered(**more: Any) -> dict[str, Any]:
    return {"from": "entered", "title": "Signing secret", **more}


def hmac(header: str, secret: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"signature": {"scheme": "hmac", "header": header, "secret": secret, **more}}


def token(secret: dict[str, Any], **place: str) -> dict[str, Any]:
    return {"signature": {"scheme": "token", "token": place, "secret": secret}}


def at(header: str, kind: str = "unix_seconds", tolerance: int = 300) -> dict[str, Any]:
    return {"header": header, "as": kind, "tolerance_seconds": tolerance}


def timed(header: str, tolerance: int) -> dict[str, Any]:
    """`t=...,v1=...` in one header, over time and body."""
    time = {"header": header, "prefix": "t=", "tolerance_seconds": tolerance}
    return {"prefix": "v1=", "separator": ",", "signed": "{timestamp}.{body}", "timestamp": time}


def public_key(algorithm: str, header: str, time: str, encoding: str) -> dict[str, Any]:
    placed = {"header": header, "encoding": encoding, "signed": "{timestamp}{body}", "timestamp": at(time)}
    return {"signature": {"scheme": "public_key", "algorithm": algorithm, "secret": entered(), **placed}}


PROVIDERS: dict[str, dict[str, Any]] = {
    "github": hmac("X-Hub-Signature-256", CHOSEN, prefix="sha256=") | {"delivery": {"header": "X-GitHub-Delivery"}},
    "gitlab": token(CHOSEN, header="X-Gitlab-Token"),
    "gitlab, signed": {
        "signature": {**STANDARD, "secret": {**CHOSEN, "prefix": "whsec_", "encoding": "base64"}},
        "delivery": {"header": "webhook-id"},
    },
    "openai": {
        "signature": {**STANDARD, "secret": entered(prefix="whsec_", encoding="base64")},
        "delivery": {"header": "webhook-id"},
    },
    "stripe": hmac("Stripe-Signature", entered(pattern="whsec_[A-Za-z0-9]+"), **timed("Stripe-Signature", 300)),
    "calendly": hmac("Calendly-Webhook-Signature", CHOSEN, **timed("Calendly-Webhook-Signature", 180)),
    "slack": hmac(
        "X-Slack-Signature",
        entered(),
        prefix="v0=",
        signed="v0:{timestamp}:{body}",
        timestamp=at("X-Slack-Request-Timestamp"),
    )
    | {
        "handshake": {"by": "echo", "challenge": {"body": "challenge"}, "answer": "json"},
        "delivery": {"body": "event_id"},
        "account": {"body": "team_id"},
        "event": {"body": "event.type"},
    },
    "zoom": hmac("x-zm-signature", entered(), prefix="v0=", signed="v0:{timestamp}:{body}", timestamp=at("x-zm-t"))
    | {
        "handshake": {
            "by": "signed_echo",
            "challenge": {"body": "payload.plainToken"},
            "plain": "plainToken",
            "signed": "encryptedToken",
        }
    },
    "shopify": hmac("X-Shopify-Hmac-Sha256", CLIENT, encoding="base64")
    | {"account": {"header": "X-Shopify-Shop-Domain", "equals": "{connection.site}.myshopify.com"}},
    "hubspot": hmac(
        "X-HubSpot-Signature-v3",
        CLIENT,
        encoding="base64",
        signed="{method}{url}{body}{timestamp}",
        timestamp=at("X-HubSpot-Request-Timestamp", "unix_milliseconds"),
    )
    | {"items": "@", "account": {"body": "portalId"}, "delivery": {"body": "to_string(eventId)"}},
    "square": hmac("x-square-hmacsha256-signature", entered(), encoding="base64", signed="{url}{body}"),
    "linear": hmac(
        "Linear-Signature",
        CLIENT,
        timestamp={"body": "webhookTimestamp", "as": "unix_milliseconds", "tolerance_seconds": 60},
    ),
    "jira": {"signature": {"scheme": "jwt", "secret": CLIENT}, "lasts_hours": 720},
    "jira, by an admin": hmac("X-Hub-Signature", CHOSEN, prefix="sha256="),
    "notion": hmac("X-Notion-Signature", {"from": "handshake"}, prefix="sha256=")
    | {"handshake": {"by": "verification_token", "token": {"body": "verification_token"}}},
    "asana": hmac("X-Hook-Signature", {"from": "handshake"})
    | {"handshake": {"by": "echo", "challenge": {"header": "X-Hook-Secret"}, "answer": "header"}},
    "pipedrive": {"signature": {"scheme": "basic", "secret": CHOSEN}, "delivery": {"body": "meta.id"}},
    "woocommerce": hmac("X-WC-Webhook-Signature", CHOSEN, encoding="base64") | {"handshake": {"by": "ping"}},
    "zoho": token({**CHOSEN, "max_length": 50}, body="token") | {"lasts_hours": 168},
    "google channels": token(CHOSEN, header="X-Goog-Channel-Token") | {"event": {"header": "X-Goog-Resource-State"}},
    "gmail": {
        "signature": {
            "scheme": "jwt",
            "algorithm": "RS256",
            "keys_url": "https://www.googleapis.com/oauth2/v3/certs",
            "issuer": "https://accounts.google.com",
            "audience": "url",
        },
        "account": {"body": "from_json_text(from_base64(message.data)).emailAddress"},
        "delivery": {"body": "message.messageId"},
    },
    "microsoft": token(CHOSEN, body="clientState")
    | {"items": "value", "handshake": {"by": "echo", "challenge": {"query": "validationToken"}, "answer": "text"}},
    "segment": hmac("X-Signature", entered(), algorithm="sha1"),
    "intercom": hmac("X-Hub-Signature", CLIENT, algorithm="sha1", prefix="sha1="),
    "airtable": hmac(
        "X-Airtable-Content-MAC",
        {"from": "answer", "body": "macSecretBase64", "encoding": "base64"},
        prefix="hmac-sha256=",
    ),
    "clickup": hmac("X-Signature", {"from": "answer", "body": "webhook.secret"}),
    "trello": hmac("X-Trello-Webhook", CLIENT, algorithm="sha1", encoding="base64", signed="{body}{url}")
    | {"handshake": {"by": "ping", "http_method": "head"}},
    "twilio": hmac("X-Twilio-Signature", entered(), algorithm="sha1", encoding="base64", signed="{url}{form}")
    | {"encoding": "form"},
    "box": hmac(
        "BOX-SIGNATURE-PRIMARY",
        entered(),
        second_header="BOX-SIGNATURE-SECONDARY",
        encoding="base64",
        signed="{body}{timestamp}",
        timestamp=at("BOX-DELIVERY-TIMESTAMP", "date_time", 600),
    ),
    "dropbox": hmac("X-Dropbox-Signature", CLIENT)
    | {"handshake": {"by": "echo", "challenge": {"query": "challenge"}, "answer": "text"}},
    "sendgrid": public_key("ecdsa_p256_sha256", "X-Twilio-Email-Event-Webhook-Signature", "X-Time", "base64"),
    "discord": public_key("ed25519", "X-Signature-Ed25519", "X-Signature-Timestamp", "hex")
    | {"handshake": {"by": "ping", "when": "type == `1`", "answer": {"type": 1}}},
    "monday": {
        "signature": {"scheme": "jwt", "prefix": "", "secret": entered()},
        "handshake": {"by": "echo", "challenge": {"body": "challenge"}, "answer": "json"},
    },
    "telegram": token(CHOSEN, header="X-Telegram-Bot-Api-Secret-Token")
    | {"delivery": {"body": "to_string(update_id)"}},
    "figma": token(CHOSEN, body="passcode"),
    "mailchimp": {
        "signature": {"scheme": "none"},
        "encoding": "form",
        "handshake": {"by": "ping", "http_method": "get"},
    },
}


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_a_provider_does_can_be_said(name: str) -> None:
    webhook = {"title": "Webhooks", "docs": DOCS, **PROVIDERS[name]}

    assert problems_of(("webhooks", {"it": webhook}), base=RICH) == []
