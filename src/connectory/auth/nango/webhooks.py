"""Nango's webhooks, verified and read. Pure: what they say is believed by nobody, it only tells where to look.

`X-Nango-Hmac-Sha256` is HMAC-SHA256 over the body as it came. The old `X-Nango-Signature`, SHA-256 of key and body, can
be made for a longer body by whoever has seen one, and is not looked at.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SIGNATURE = "x-nango-hmac-sha256"
Operation = Literal["creation", "override", "refresh"]
_OPERATIONS: Mapping[object, Operation] = {"creation": "creation", "override": "override", "refresh": "refresh"}


@dataclass(frozen=True, slots=True)
class SignInEvent:
    """Nango says that a connection was made, signed in to anew, or could not be refreshed."""

    operation: Operation
    has_succeeded: bool
    connection_id: str
    integration: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A provider's own webhook, passed on by Nango for one connection of it."""

    provider: str
    connection_id: str
    integration: str


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A provider's own webhook that belongs to no connection, or something that this version does not know."""


NangoEvent = SignInEvent | Forwarded | Unmatched


def is_signed(body: bytes, signature: str, key: str) -> bool:
    """Whether `signature`, in hex, is the body's by `key`; compared in constant time."""
    expected = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode(errors="surrogatepass"))


def read_event(body: bytes) -> NangoEvent:
    """Return what a verified body is about. Of a webhook that fits no connection Nango sends the payload alone."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return Unmatched()
    if not isinstance(found, dict):
        return Unmatched()
    connection_id, integration = _text(found, "connectionId"), _text(found, "providerConfigKey")
    if not connection_id or not integration:
        return Unmatched()
    kind, sender = found.get("type"), _text(found, "from")
    operation = _OPERATIONS.get(found.get("operation")) if isinstance(found.get("operation"), str) else None
    if kind == "auth" and sender == "nango" and operation is not None:
        return SignInEvent(operation, found.get("success") is True, connection_id, integration, _tags(found))
    if kind == "forward" and sender:
        return Forwarded(sender, connection_id, integration)
    return Unmatched()


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    tags = found.get("tags")
    return {name: one for name, one in tags.items() if isinstance(one, str)} if isinstance(tags, dict) else {}
