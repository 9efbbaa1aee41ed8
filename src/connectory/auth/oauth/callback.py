"""Checks of a provider's callback before anything of it is believed (RFC 6749 section 4.1.2, RFC 9207). Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from pydantic import SecretStr

from connectory.auth.backend import Callback
from connectory.auth.oauth.flow_state import Leaving
from connectory.auth.oauth.words import shown
from connectory.errors import SignInFailed
from connectory.vault.spellings import without

TRY_AGAIN = "Open the connect link and try again."


def check_issuer(leaving: Leaving, callback: Callback) -> None:
    """Raise `SignInFailed` where the callback comes from another server than the sign-in went to (attack 9)."""
    if leaving.issuer is None:
        return
    named = callback.one("iss")
    is_there = any(name == "iss" for name, _ in callback.pairs)
    if (is_there or leaving.needs_iss) and named != leaving.issuer:  # plain comparison, RFC 9207 section 2.4
        raise SignInFailed("This answer came from another server than you went to; it was not used.", hint=TRY_AGAIN)


def check_hmac(parameter: str, secret: SecretStr | None, callback: Callback) -> None:
    """Raise `SignInFailed` unless the client's secret signs the other parameters (Shopify, "Verify the installation").

    They are sorted, each written as name=value with `%`, `&` and, in names, `=` escaped.
    """
    sent = callback.one(parameter)
    others = sorted((name, value) for name, value in callback.pairs if name not in (parameter, "signature"))
    message = "&".join(f"{_escaped(name).replace('=', '%3D')}={_escaped(value)}" for name, value in others)
    key = (secret.get_secret_value() if secret else "").encode()
    right = hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
    if not key or sent is None or not sent.isascii() or not hmac.compare_digest(sent.lower(), right):
        raise SignInFailed("The provider's signature on this answer is not right; it was not used.", hint=TRY_AGAIN)


def code_of(callback: Callback, title: str, hidden: Collection[str] = ()) -> str:
    """Return the code. Raises `SignInFailed` for what the provider said instead, without `hidden` (section 4.1.2.1)."""
    error = callback.one("error")
    if error is not None:
        raise refused(title, error, callback.one("error_description") or "", hidden)
    code = callback.one("code")
    if code is None:
        raise SignInFailed(f"{title} sent you back without a result.", hint=TRY_AGAIN)
    return code


def refused(title: str, error: str, said: str, hidden: Collection[str] = ()) -> SignInFailed:
    """Return what an error of the provider's means for the person and the agent; no secret in `hidden` is repeated."""
    if error == "access_denied":
        return SignInFailed(f"You did not allow it at {title}, so nothing was connected.", hint=TRY_AGAIN)
    words = shown(said, hidden)
    code = "".join(one for one in without(error, hidden)[:60] if one.isalnum() or one in "_.- ")
    cures = {
        "invalid_scope": "The OAuth app may not ask for these scopes: add them to it at the provider, or tick fewer.",
        "invalid_client": "The OAuth app's id or secret is wrong: whoever set it up must enter them again.",
        "unauthorized_client": "The OAuth app may not sign people in this way; change that at the provider.",
        "redirect_uri_mismatch": "The OAuth app does not have this server's redirect address; add it at the provider.",
        "temporarily_unavailable": "Try again in a moment.",
        "server_error": "Try again in a moment.",
    }
    told = f" It says: {words}" if words else ""
    return SignInFailed(f"{title} ended the sign-in ({code}).{told}", hint=cures.get(error, TRY_AGAIN))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26")
