"""Checks of webhooks: what proves a delivery covers it, its secret comes from somewhere, its streams exist (4.8)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectory.catalog.checks.expressions import check_expression
from connectory.catalog.checks.facts import Sign
from connectory.catalog.checks.names import Names, check_template, parsed
from connectory.catalog.checks.patterns import check_pattern
from connectory.catalog.checks.streams import check_stream_name
from connectory.catalog.checks.words import check_header_name
from connectory.catalog.manifest import (
    EchoHandshake,
    Input,
    JwtSignature,
    OAuth1Method,
    OAuth2Method,
    PingHandshake,
    Place,
    Secret,
    SharedToken,
    SignedContent,
    SignedEchoHandshake,
    VerificationTokenHandshake,
    Webhook,
    WebhookEvent,
)
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean

SIGNED = ("body", "timestamp", "delivery", "method", "url", "form")
ONE_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_webhooks(sign: Sign) -> Iterator[Finding]:
    """Yield what is wrong with the webhooks of a manifest."""
    for name, webhook in sign.manifest.webhooks.items():
        here = ("webhooks", name)
        yield from check_expression((*here, "items"), webhook.items)
        for key in ("delivery", "event"):
            yield from _check_place((*here, key), getattr(webhook, key))
        yield from _check_signature((*here, "signature"), webhook, sign)
        yield from _check_handshake((*here, "handshake"), webhook)
        yield from _check_account((*here, "account"), webhook, sign)
        for event, refreshed in webhook.events.items():
            yield from _check_event((*here, "events", event), refreshed, sign)


def _check_place(path: KeyPath, place: Place | None) -> Iterator[Finding]:
    if place is not None:
        yield from check_header_name((*path, "header"), place.header)
        yield from check_expression((*path, "body"), place.body)


def _check_signature(path: KeyPath, webhook: Webhook, sign: Sign) -> Iterator[Finding]:
    signature = webhook.signature
    if isinstance(signature, SignedContent | JwtSignature):
        yield from check_header_name((*path, "header"), signature.header)
    if isinstance(signature, SignedContent):
        yield from check_header_name((*path, "second_header"), signature.second_header)
        yield from _check_signed((*path, "signed"), signature, webhook)
        yield from _check_time((*path, "timestamp"), signature)
    if isinstance(signature, SharedToken):
        yield from _check_place((*path, "token"), signature.token)
    secret: Secret | None = getattr(signature, "secret", None)
    if secret is not None:
        yield from _check_secret((*path, "secret"), secret, webhook, sign)


def _check_signed(path: KeyPath, signature: SignedContent, webhook: Webhook) -> Iterator[Finding]:
    template = parsed(signature.signed)
    if template is None:
        yield from check_template(path, signature.signed, Names())
        return
    for item in template.placeholders:
        if str(item) not in {f"{{{word}}}" for word in SIGNED}:
            hint = did_you_mean(item.name[:60], SIGNED) or f"It is one of {', '.join(SIGNED)}."
            yield Finding(path, f"{item} is nothing that a provider signs.", hint)
    used = {item.name for item in template.placeholders}
    if not used & {"body", "form"}:
        yield Finding(path, "What the delivery says is not signed, so anyone may change it.", "Write {body}.")
    if "form" in used and webhook.encoding != "form":
        yield Finding(path, "{form} is about the fields of a form.", "Set `encoding: form`, or write {body}.")
    if "timestamp" in used and signature.timestamp is None:
        yield Finding(path, "Nothing says where {timestamp} stands.", "Add `timestamp: {header: ...}`.")
    if "delivery" in used and (webhook.delivery is None or webhook.delivery.header is None):
        yield Finding(path, "Nothing says where {delivery} stands.", "Add `delivery: {header: ...}`.")


def _check_time(path: KeyPath, signature: SignedContent) -> Iterator[Finding]:
    time = signature.timestamp
    if time is None:
        return
    yield from check_header_name((*path, "header"), time.header)
    yield from check_expression((*path, "body"), time.body)
    if time.header is not None and "{timestamp}" not in signature.signed:
        hint = "Write {timestamp} where the provider puts it in `signed`, or leave `timestamp` out."
        yield Finding(path, "The time is not signed, so an old delivery may be sent with a new one.", hint)
    if time.prefix and signature.separator is None:
        hint = "Say what separates the parts of the header: `separator`."
        yield Finding((*path, "prefix"), "Only a part of a header has a prefix.", hint)


def _check_secret(path: KeyPath, secret: Secret, webhook: Webhook, sign: Sign) -> Iterator[Finding]:
    yield from check_pattern((*path, "pattern"), secret.pattern, is_whole=True)
    yield from check_expression((*path, "body"), secret.body)
    here = (*path, "from")
    has_app = sign.ways is None or any(isinstance(method, OAuth2Method | OAuth1Method) for method in sign.methods)
    if secret.source == "client_secret" and not has_app:
        yield Finding(here, "No way to sign in has an app with a client secret.", "Take `entered` or `chosen`.")
    gives = isinstance(webhook.handshake, EchoHandshake | VerificationTokenHandshake)
    if secret.source == "handshake" and not gives:
        hint = "Add the `handshake` that brings it: `by: verification_token`, or `by: echo`."
        yield Finding(here, "No handshake brings a secret.", hint)


def _check_handshake(path: KeyPath, webhook: Webhook) -> Iterator[Finding]:
    shake = webhook.handshake
    if isinstance(shake, EchoHandshake | SignedEchoHandshake):
        yield from _check_place((*path, "challenge"), shake.challenge)
    if isinstance(shake, VerificationTokenHandshake):
        yield from _check_place((*path, "token"), shake.token)
    if isinstance(shake, EchoHandshake):
        place = shake.challenge
        if shake.answer == "header" and place.header is None:
            yield Finding((*path, "answer"), "The challenge comes in no header.", "Take `text` or `json`.")
        if shake.answer == "json" and not ONE_MEMBER.fullmatch(place.body or place.query or ""):
            hint = "Take `text`, or a challenge that is one member of the body."
            yield Finding((*path, "answer"), "The challenge has no name by which it goes back.", hint)
    if isinstance(shake, SignedEchoHandshake) and not isinstance(webhook.signature, SignedContent):
        yield Finding(path, "Nothing here signs the challenge.", "Only with a signature of scheme `hmac`.")
    if isinstance(shake, PingHandshake):
        yield from check_expression((*path, "when"), shake.when)
        if shake.when is not None and shake.http_method != "post":
            yield Finding((*path, "when"), f"A {shake.http_method.upper()} has no body.", "Remove it.")


def _check_account(path: KeyPath, webhook: Webhook, sign: Sign) -> Iterator[Finding]:
    account = webhook.account
    if account is None:
        return
    yield from check_header_name((*path, "header"), account.header)
    yield from check_expression((*path, "body"), account.body)
    if account.equals is not None:
        yield from check_template((*path, "equals"), account.equals, Names(facts=sign.known_facts, flat=True))


def _check_event(path: KeyPath, event: WebhookEvent, sign: Sign) -> Iterator[Finding]:
    yield from check_stream_name((*path, "stream"), event.stream, sign.manifest.streams)
    for key in ("changed", "deleted"):
        yield from check_expression((*path, key), getattr(event, key))
    stream = sign.manifest.streams.get(event.stream)
    action = sign.manifest.actions.get(stream.action) if stream is not None else None
    if event.changed is not None and stream is not None and stream.one is None:
        hint = "Say in the stream how one row is read: `one: {action: get_order, arguments: {order: id}}`."
        yield Finding((*path, "changed"), f"The stream '{event.stream}' reads no single rows.", hint)
    inputs: dict[str, Input] = action.inputs if action is not None else {}
    for name, text in event.arguments.items():
        here = (*path, "arguments", name)
        yield from check_expression(here, text)
        if action is not None and name not in inputs:
            hint = did_you_mean(name[:60], inputs) or f"Its inputs are: {', '.join(inputs) or 'none'}."
            yield Finding(here, f"The action of '{event.stream}' has no input '{name[:60]}'.", hint)
