"""What an answer that is an error means, in words for an agent: our code, the provider's message framed as theirs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from connectory.actions.hidden import one_line
from connectory.catalog.connector import Connector
from connectory.catalog.manifest.answers import ErrorCode
from connectory.errors import (
    ConnectoryError,
    MissingScope,
    ProviderConflict,
    ProviderForbidden,
    ProviderNotFound,
    ProviderRejected,
    ProviderUnauthorized,
    ProviderUnavailable,
    RateLimited,
)

MESSAGE_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class _Words:
    kind: type[ConnectoryError]
    message: str
    hint: str


_WORDS: Mapping[ErrorCode, _Words] = {
    "needs_reconnect": _Words(ProviderUnauthorized, "{title} did not accept the credentials{status}.", ""),
    "missing_scope": _Words(
        MissingScope, "The sign-in to {title} lacks a permission{status}.", "Connect it again with more rights."
    ),
    "provider_forbidden": _Words(
        ProviderForbidden,
        "{title} does not allow this account to do that{status}.",
        "Another account or a sign-in with more rights may; ask the person.",
    ),
    "provider_not_found": _Words(
        ProviderNotFound,
        "{title} does not know this object, or the account may not see it{status}.",
        "Check the identifiers; list or search first.",
    ),
    "provider_conflict": _Words(
        ProviderConflict,
        "{title} reports a conflict: the object exists already or has changed{status}.",
        "Read the object again, then decide whether to change it.",
    ),
    "provider_rejected": _Words(
        ProviderRejected,
        "{title} refused the request as wrong{status}.",
        "Correct the arguments and call again; the same call would be refused again.",
    ),
    "provider_unavailable": _Words(
        ProviderUnavailable,
        "{title} has a problem of its own{status}.",
        "Try again {when}; if it was a write, check first whether it was done.",
    ),
    "rate_limited": _Words(RateLimited, "{title} wants fewer requests{status}.", "Try again {when}."),
}


def refusal(
    code: ErrorCode, connector: Connector, status: int, said: str, *, wait_s: float | None = None, hint: str = ""
) -> ConnectoryError:
    """Return the error that `code` names. `said` is the provider's message, `quoted`; `hint` replaces the usual one.

    The status is told where it says something: a rule can make an error of a 200.
    """
    words = _WORDS[code]
    told = f" ({status})" if status >= 400 else ""
    when = f"in {max(1, math.ceil(wait_s))} s" if wait_s is not None else "in a minute"
    return words.kind(
        words.message.format(title=connector.title, status=told) + said,
        hint=hint or words.hint.format(when=when),
        retry_after_s=wait_s,
    )


def code_of_status(status: int) -> ErrorCode:
    """Return what a status from 400 on means by itself."""
    match status:
        case 401:
            return "needs_reconnect"
        case 403:
            return "provider_forbidden"
        case 404 | 410:
            return "provider_not_found"
        case 409 | 412:
            return "provider_conflict"
        case 429:
            return "rate_limited"
        case _:
            return "provider_unavailable" if status >= 500 else "provider_rejected"


def quoted(connector: Connector, message: str) -> str:
    """Frame the provider's words as theirs: one line, cut, without hidden characters."""
    message = one_line(message[: MESSAGE_CHARACTERS * 4])
    if not message:
        return ""
    cut = message if len(message) <= MESSAGE_CHARACTERS else message[:MESSAGE_CHARACTERS] + "…"
    return f" {connector.title} says: {json.dumps(cut, ensure_ascii=False)}."
