"""Name a call by a digest, and seal `next_cursor` to it (design 4.7, 7.6). Stateless."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from connectory.errors import CannotDecrypt, InvalidCursor
from connectory.vault.keys import KeyRing


def digest_key(keys: KeyRing) -> bytes:
    """The key of all digests. Without one, arguments that can be guessed could be read out of the audit."""
    return keys.derive("digest of a call")


def digest(key: bytes, action: str, connection_id: str, arguments: Mapping[str, Any]) -> str:
    """Return the HMAC-SHA256 that identifies exactly this call, whatever the order of its arguments."""
    try:
        text = json.dumps([action, connection_id, arguments], sort_keys=True, separators=(",", ":"))
    except (RecursionError, ValueError):  # no call that is ever sent: `require_unicode` refuses it, with an audit line
        text = json.dumps([action, connection_id])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def seal_cursor(keys: KeyRing, page: str, call: str) -> str:
    """Return a cursor for `page`, good only for the call with digest `call`."""
    return base64.urlsafe_b64encode(keys.seal(page.encode(), bound_to=f"cursor:{call}")).decode().rstrip("=")


def open_cursor(keys: KeyRing, cursor: str, call: str) -> str:
    """Return the page. Raises `InvalidCursor` for anything that this very call did not give out."""
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return keys.open(sealed, bound_to=f"cursor:{call}").decode()
    except (CannotDecrypt, binascii.Error, ValueError):
        raise InvalidCursor from None
