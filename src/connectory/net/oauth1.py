"""The signature method HMAC-SHA256 for Authlib's OAuth 1.0a, which has SHA-1 alone (NetSuite takes no other)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from authlib.oauth1 import ClientAuth
from authlib.oauth1.rfc5849.signature import generate_signature_base_string
from authlib.oauth1.rfc5849.util import escape

HMAC_SHA256 = "HMAC-SHA256"


def register_hmac_sha256() -> None:
    """Teach Authlib the method; again does no harm."""
    ClientAuth.register_signature_method(HMAC_SHA256, _sign)


def _sign(client: ClientAuth, request: Any) -> str:
    """As RFC 5849 section 3.4.2 has it for SHA-1."""
    key = f"{escape(client.client_secret or '')}&{escape(client.token_secret or '')}"
    base = generate_signature_base_string(request)
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()
