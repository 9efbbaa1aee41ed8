"""Tell Nango's own errors from the provider's on an answer of its proxy: no header marks them (Nango 0.71.4).

So status and code must both fit, and the shape too where a provider could say the same. One that imitates an error of
Nango's says nothing that changes anything here: no sign-in is given up on the word of an answer alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from connectory.errors import (
    ConnectoryError,
    NangoRefused,
    NangoUnavailable,
    NeedsReconnect,
    ProviderUnavailable,
    RateLimited,
    RedirectRefused,
)
from connectory.net.client import OutboundResponse

MOST_BYTES = 100_000  # of one of Nango's own errors
BACK_OFF_S = 30.0  # that Nango waits after a refresh that failed
LONGEST_PAUSE_S = 120.0
NO_CONNECTION = "Failed to get connection"
NO_CREDENTIALS = "Failed to get connection credentials"
KEY_CODES = frozenset({"missing_auth_header", "invalid_secret_key_format", "unknown_account", "malformed_auth_header"})
_SOCKET_CODE = re.compile(r"E[A-Z0-9_]{3,40}|CERT_[A-Z_]+|[A-Z_]+_SIGNED_CERT[A-Z_]*|UNABLE_TO_[A-Z_]+")


def nango_error(response: OutboundResponse, title: str) -> ConnectoryError | None:
    """Return the error that Nango itself answers with; None: the answer is the provider's. `title`: the provider's."""
    body = _json(response)
    if body is None:
        return None
    if "error" not in body:
        return _unreached(response.status, body, title)
    error = body["error"]
    if not isinstance(error, Mapping) or not isinstance(error.get("code"), str):
        return None
    return _by_code(response, error, str(error.get("message") or ""), title)


def _json(response: OutboundResponse) -> Mapping[str, Any] | None:
    if response.status < 400 or len(response.body) > MOST_BYTES:
        return None
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _unreached(status: int, body: Mapping[str, Any], title: str) -> ConnectoryError | None:
    """Nango got no answer: it then repeats what its HTTP library said, and nothing else."""
    code = body.get("code")
    if status != 500 or not body.keys() <= {"message", "code", "method"} or not isinstance(code, str):
        return None
    if code == "ERR_FR_TOO_MANY_REDIRECTS":
        return RedirectRefused("The provider redirects in a circle, or too often.", hint="Try again later.")
    if not _SOCKET_CODE.fullmatch(code):
        return None
    return ProviderUnavailable(
        f"Nango could not reach {title} ({code}).", hint="Try again later; if it was a write, look first."
    )


def _by_code(response: OutboundResponse, error: Mapping[str, Any], message: str, title: str) -> ConnectoryError | None:
    status, code = response.status, str(error["code"])
    if (words := _REFUSALS.get((status, code))) is not None:
        return NangoRefused(words[0].format(title=title), hint=words[1], reason=code)
    match status, code:
        case 401, _ if code in KEY_CODES and "payload" in error:
            hint = "Set it to a key of the environment."
            return NangoRefused("Nango did not accept NANGO_SECRET_KEY (401).", hint=hint, reason=code)
        case 403, "forbidden" if message.startswith("Insufficient scope."):
            hint = "Give the key that scope in Nango's dashboard."
            return NangoRefused(
                "The key in NANGO_SECRET_KEY lacks the scope environment:proxy.", hint=hint, reason=code
            )
        case 429, "too_many_request" if {"method", "path"} <= error.keys():
            return _limited(response)
        case (424, "connection_refresh_backoff") | (400 | 424 | 500, "server_error"):
            return _of_connection(code, message, title)
    return None


_REFUSALS: Mapping[tuple[int, str], tuple[str, str]] = {
    (400, "invalid_headers"): ("Nango's proxy did not take the headers of a call.", "Nango 0.71 is expected."),
    (402, "plan_limit"): (
        "The limit of Nango's plan is reached.",
        "Whoever runs this server can raise it in Nango's dashboard.",
    ),
    (404, "unknown_provider_config"): (
        "Nango has no such integration for {title} any more.",
        "Whoever runs this server can make it again: `connectory nango sync-integrations`.",
    ),
    (400, "base_url_override_disabled"): (
        "This Nango does not let a call name the address it goes to, which calls to {title} do.",
        "Whoever runs Nango can allow Base-Url-Override, or leave NANGO_PROXY at auto.",
    ),
    (400, "base_url_override_not_allowed"): (
        "Nango does not send to {title}'s address, or to where it redirects: it is private there, or has no such name.",
        "Whoever runs Nango can allow it there; with NANGO_PROXY=auto calls go out from here.",
    ),
    (400, "unsupported_provider"): ("Nango has no address for {title}.", "It cannot be used through Nango."),
    (400, "unsupported_auth"): (
        "Nango's proxy cannot put in this kind of sign-in to {title}.",
        "With NANGO_PROXY=auto calls go out from here, where the key may read credentials.",
    ),
}


def _of_connection(code: str, message: str, title: str) -> ConnectoryError | None:
    """What stands against using a connection; another `server_error` may be the provider's."""
    if code == "connection_refresh_backoff" or message.startswith(NO_CREDENTIALS):
        return _not_renewed(message, title)
    if message.startswith(NO_CONNECTION):
        return NeedsReconnect(f"Nango does not have this sign-in to {title} any more.")
    return None


def _not_renewed(message: str, title: str) -> ConnectoryError:
    """The token has run out and could not be renewed; Nango does not say whether the provider said no, or was down."""
    if "limit has been reached" in message:
        return NeedsReconnect(f"{title} no longer accepts the sign-in that Nango keeps.")
    return NangoUnavailable(
        f"Nango could not renew the sign-in to {title}: the provider refused it, or was down. Nothing was sent.",
        hint="Try again in 30 s; if that fails too, the person must sign in again.",
        retry_after_s=BACK_OFF_S,
    )


def _limited(response: OutboundResponse) -> RateLimited:
    said = response.headers.get("retry-after", "")
    wait_s = min(float(said), LONGEST_PAUSE_S) if said.isdecimal() else LONGEST_PAUSE_S / 2
    return RateLimited(
        "Nango's rate limit is reached (429).", hint="Try again after the wait.", retry_after_s=max(1.0, wait_s)
    )
