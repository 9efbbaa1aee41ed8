"""Read a provider's answer: an error of ours, or the JSON value it holds (design 4.6)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from connectory.actions.redaction import Redactor
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Condition, ErrorRule
from connectory.errors import (
    MissingScope,
    ProviderConflict,
    ProviderError,
    ProviderForbidden,
    ProviderNotFound,
    ProviderRejected,
    ProviderUnauthorized,
    ProviderUnavailable,
    RateLimited,
    UnexpectedResponse,
)
from connectory.net.client import OutboundResponse

if TYPE_CHECKING:
    import jmespath.parser

    from connectory.errors import ConnectoryError

MESSAGE_CHARACTERS = 500
MAX_DEPTH = 100  # values inside values; what renders and projects them goes down step by step
NOT_MODIFIED = 304
USUAL_MESSAGES = (
    "message",
    "error.message",
    "error_description",
    "errors[0].message",
    "detail",
    "title",
    "error",
    "errors[0]",
)
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]+")


@lru_cache(maxsize=4096)
def compiled(expression: str) -> jmespath.parser.ParsedResult:
    """Compile a JMESPath expression of a manifest; they were checked when it was loaded."""
    import jmespath

    return jmespath.compile(expression)


def evaluate(expression: str, value: Any) -> Any:
    """Evaluate a manifest's expression; `@` costs nothing.

    Raises `UnexpectedResponse` where the answer has other types than the expression's functions take.
    """
    if expression == "@":
        return value
    from jmespath.exceptions import JMESPathError

    try:
        return compiled(expression).search(value)
    except (JMESPathError, RecursionError, TypeError, ValueError):
        raise UnexpectedResponse(
            "The provider's answer has another shape than its connector expects.",
            hint="Use `request` to see it as it is; the connector's manifest needs mending.",
        ) from None


def read_answer(
    response: OutboundResponse,
    connector: Connector,
    redactor: Redactor,
    *,
    is_text: bool,
    may_be_unmodified: bool = False,
) -> Any:
    """Return the answer's JSON value, its text, or None where it is empty; our credentials are masked in it.

    Raises the `ProviderError` (or `MissingScope`) that the manifest's rules or, failing these, the status mean.
    The provider's message is quoted as theirs, and cut. A 304 is an answer where `may_be_unmodified`.
    """
    failed = response.status >= 400
    value = _parse(response, connector, strict=not failed and not is_text)
    if redactor.may_stand_in(response.body):
        value = redactor.clean(value)
    rule = next((rule for rule in connector.manifest.errors if _applies(rule.when, response, value)), None)
    if rule is not None:
        raise _ruled(rule, response, value, connector, redactor)
    if failed:
        raise _by_status(response, value, connector, redactor)
    if 300 <= response.status < 400 and not (may_be_unmodified and response.status == NOT_MODIFIED):
        raise UnexpectedResponse(
            f"{connector.title} answered with a redirect ({response.status}) that leads nowhere we may follow.",
            hint="Check the arguments; if they are right, the provider has moved this.",
        )
    return value


def is_empty(response: OutboundResponse) -> bool:
    """Whether an answer has no content, so that its status says it all (RFC 9110 sections 15.3.5, 15.4.5)."""
    return not response.body or response.status in (204, NOT_MODIFIED)


def _parse(response: OutboundResponse, connector: Connector, *, strict: bool) -> Any:
    if is_empty(response):
        return None
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if strict or content_type.endswith("json"):
        try:
            return _shallow(json.loads(response.body))
        except (ValueError, RecursionError):
            if strict:
                raise UnexpectedResponse(
                    f"{connector.title} answered {response.status} with {content_type or 'text'} that is not JSON"
                    " that can be read.",
                    hint="A login page or a proxy may stand before it; ask the person to check the server's address.",
                ) from None
    return response.body.decode("utf-8", "replace")


def _shallow(value: Any) -> Any:
    """Return a value as it is. Raises `ValueError` where it is nested deeper than `MAX_DEPTH`."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return value
    raise ValueError("nested too deeply")


def _applies(when: Condition, response: OutboundResponse, value: Any) -> bool:
    if when.status is not None and response.status not in when.status:
        return False
    if any(response.headers.get(name) != wanted for name, wanted in when.header.items()):
        return False
    return when.body is None or bool(evaluate(when.body, value))


def _ruled(
    rule: ErrorRule, response: OutboundResponse, value: Any, connector: Connector, redactor: Redactor
) -> ConnectoryError:
    said = quoted(connector, _message(rule.message or connector.manifest.message, value, redactor))
    wait = _retry_after(response)
    if rule.retry is not None and rule.retry.header and wait is None:
        wait = _until(response.headers.get(rule.retry.header))
    match rule.code:
        case "rate_limited":
            return _rate_limited(connector, response.status, said, wait)
        case "needs_reconnect":
            return _unauthorized(connector, response.status, said)
        case "missing_scope":
            return MissingScope(
                f"The sign-in to {connector.title} lacks a permission.{said}", hint="Connect it again with more rights."
            )
        case "provider_unavailable":
            return _unavailable(connector, response.status, said, wait)
        case "provider_forbidden":
            return _forbidden(connector, response.status, said)
        case "provider_not_found":
            return _not_found(connector, response.status, said)
        case "provider_conflict":
            return _conflict(connector, response.status, said)
        case "provider_rejected":
            return _rejected(connector, response.status, said)


def _by_status(response: OutboundResponse, value: Any, connector: Connector, redactor: Redactor) -> ProviderError:
    said = quoted(connector, _message(connector.manifest.message, value, redactor))
    match response.status:
        case 401:
            return _unauthorized(connector, response.status, said)
        case 403:
            return _forbidden(connector, response.status, said)
        case 404 | 410:
            return _not_found(connector, response.status, said)
        case 409 | 412:
            return _conflict(connector, response.status, said)
        case 429:
            return _rate_limited(connector, response.status, said, _retry_after(response))
        case status if status >= 500:
            return _unavailable(connector, status, said, _retry_after(response))
        case status:
            return _rejected(connector, status, said)


def _told(status: int) -> str:
    """The status, where it says something: a rule can make an error of a 200."""
    return f" ({status})" if status >= 400 else ""


def _unauthorized(connector: Connector, status: int, said: str) -> ProviderUnauthorized:
    return ProviderUnauthorized(f"{connector.title} did not accept the credentials{_told(status)}.{said}")


def _forbidden(connector: Connector, status: int, said: str) -> ProviderForbidden:
    return ProviderForbidden(
        f"{connector.title} does not allow this account to do that{_told(status)}.{said}",
        hint="Another account or a sign-in with more rights may; ask the person.",
    )


def _not_found(connector: Connector, status: int, said: str) -> ProviderNotFound:
    return ProviderNotFound(
        f"{connector.title} does not know this object, or the account may not see it{_told(status)}.{said}",
        hint="Check the identifiers; list or search first.",
    )


def _conflict(connector: Connector, status: int, said: str) -> ProviderConflict:
    return ProviderConflict(
        f"{connector.title} reports a conflict: the object exists already or has changed{_told(status)}.{said}",
        hint="Read the object again, then decide whether to change it.",
    )


def _rejected(connector: Connector, status: int, said: str) -> ProviderRejected:
    return ProviderRejected(
        f"{connector.title} refused the request as wrong{_told(status)}.{said}",
        hint="Correct the arguments and call again; the same call would be refused again.",
    )


def _unavailable(connector: Connector, status: int, said: str, wait: float | None) -> ProviderUnavailable:
    when = f"in {wait:.0f} s" if wait else "in a minute"
    return ProviderUnavailable(
        f"{connector.title} has a problem of its own{_told(status)}.{said}",
        hint=f"Try again {when}; if it was a write, check first whether it was done.",
        retry_after_s=wait,
    )


def _rate_limited(connector: Connector, status: int, said: str, wait: float | None) -> RateLimited:
    when = f"in {wait:.0f} s" if wait is not None else "in a minute"
    return RateLimited(
        f"{connector.title} wants fewer requests{_told(status)}.{said}", hint=f"Try again {when}.", retry_after_s=wait
    )


def quoted(connector: Connector, message: str) -> str:
    """Frame the provider's words as theirs: one line, cut, without hidden characters."""
    message = _HIDDEN.sub(" ", message).strip()
    if not message:
        return ""
    cut = message if len(message) <= MESSAGE_CHARACTERS else message[:MESSAGE_CHARACTERS] + "…"
    return f" {connector.title} says: {json.dumps(cut, ensure_ascii=False)}."


def _message(expression: str | None, value: Any, redactor: Redactor) -> str:
    """The provider's message by the manifest's expression or the usual places; of HTML, nothing."""
    if isinstance(value, str):
        return "" if value.lstrip().startswith("<") else str(redactor.clean_message(value))
    if not isinstance(value, Mapping | list):
        return ""
    found = (evaluate(path, value) for path in ([expression] if expression else []) + list(USUAL_MESSAGES))
    first = redactor.clean_message(next((item for item in found if item), ""))
    return first if isinstance(first, str) else json.dumps(first, ensure_ascii=False)


def _retry_after(response: OutboundResponse) -> float | None:
    """Seconds from `Retry-After`, a number or a date (RFC 9110 section 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:7]), 86_400))
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time()) if value else None
    except (ValueError, TypeError, OverflowError):
        return None


def _until(unix_time: str | None) -> float | None:
    if unix_time is None or not unix_time.isascii() or not unix_time.isdigit():
        return None
    return max(0.0, min(float(unix_time[:12]) - time.time(), 86_400.0))
