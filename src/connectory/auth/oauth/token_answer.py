"""Reading a token endpoint's answer: RFC 6749 sections 5.1 and 5.2, and where providers leave them.

Pure. No error repeats the answer: it may hold a token.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

from pydantic import SecretStr

from connectory.auth.oauth.facts import as_text, search
from connectory.catalog.manifest import TokenAnswer
from connectory.errors import UnexpectedResponse
from connectory.vault.credentials import OAuthTokens

LONGEST_TOKEN = 65_536  # characters
LONGEST_LIFE_S = 10 * 366 * 86_400.0
UNSENDABLE = frozenset({"mac", "dpop", "pop"})  # types that a request must prove possession of


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token answer gave. `scopes` is None where it names none: then they are those asked for (section 5.1)."""

    tokens: OAuthTokens
    scopes: tuple[str, ...] | None
    answer: Mapping[str, Any] = field(repr=False)


def parse_answer(body: bytes, content_type: str) -> dict[str, Any] | None:
    """Return the answer's members: JSON, or the form that GitHub sends to who does not ask for JSON. None: neither."""
    text = body.decode("utf-8", "replace")
    if "json" not in content_type and "form" in content_type:
        return dict(parse_qsl(text))
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return dict(parse_qsl(text)) if "=" in text and not text.lstrip().startswith(("<", "{")) else None
    return found if isinstance(found, dict) else None


def error_of(spec: TokenAnswer, answer: Mapping[str, Any]) -> str | None:
    """Return the error's code (section 5.2), also from an answer with status 200; None where it is none."""
    found = search(spec.error, answer)
    if isinstance(found, Mapping):  # some put an object there
        found = found.get("code") or found.get("type") or "error"
    return None if found in (None, False, "", 0) else str(found)[:200]


def read_tokens(
    spec: TokenAnswer, answer: Mapping[str, Any], *, sent_at: datetime, date: str | None, old_refresh: SecretStr | None
) -> TokenSet:
    """Return the tokens of a good answer.

    `sent_at`: when the request left, by our clock. `date`: the answer's Date header, by which an absolute expiry is
    understood though the two clocks differ. `old_refresh` stays where no new one came (section 6). Raises
    `UnexpectedResponse`.
    """
    access = _token(spec.access_token, answer)
    if access is None:
        raise UnexpectedResponse(
            "The provider's token endpoint answered without an access token.",
            hint="Try again; if it stays, the provider has changed something.",
        )
    kind = as_text(answer.get("token_type")) or "Bearer"
    if kind.lower() in UNSENDABLE:
        raise UnexpectedResponse(
            "The provider gives tokens of a kind that is not supported here.", hint="Only bearer tokens are (RFC 6750)."
        )
    life_s = _lifetime(search(spec.expires_in, answer), sent_at, date)
    tokens = OAuthTokens(
        access_token=access,
        refresh_token=_token(spec.refresh_token, answer) or old_refresh,
        token_type=kind[:40],
        expires_at=None if life_s is None else sent_at + timedelta(seconds=life_s),
        lifetime_s=life_s,
        further=further_tokens(spec, answer),
    )
    return TokenSet(tokens, granted_scopes(spec, answer), answer)


def further_tokens(spec: TokenAnswer, answer: Mapping[str, Any]) -> dict[str, SecretStr]:
    """Return the tokens that came beside the access token, by the manifest's names."""
    return {name: token for name, path in spec.further.items() if (token := _token(path, answer)) is not None}


def granted_scopes(spec: TokenAnswer, answer: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the scopes that an answer names; None where it names none."""
    return _scopes(search(spec.scope, answer))


def split_scopes(text: str) -> tuple[str, ...]:
    """Return the scopes in a text: by spaces as RFC 6749 section 3.3 says, or by commas."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def _token(expression: str, answer: Mapping[str, Any]) -> SecretStr | None:
    found = search(expression, answer)
    is_token = isinstance(found, str) and 0 < len(found) <= LONGEST_TOKEN and found.isprintable() and " " not in found
    return SecretStr(found) if is_token else None


def _scopes(found: Any) -> tuple[str, ...] | None:
    if isinstance(found, str):
        return split_scopes(found)
    if isinstance(found, list):
        return tuple(dict.fromkeys(one for one in found if isinstance(one, str) and one))
    return None


def _lifetime(found: Any, sent_at: datetime, date: str | None) -> float | None:
    """How long the token lasts, in seconds; None where the provider does not say."""
    life_s = _seconds(found)
    if life_s is None and isinstance(found, str):
        ends = _time(found)
        life_s = None if ends is None else (ends - (_http_date(date) or sent_at)).total_seconds()
    if life_s is None or not math.isfinite(life_s) or life_s <= 0:
        return None
    return min(life_s, LONGEST_LIFE_S)


def _seconds(found: Any) -> float | None:
    try:
        return None if isinstance(found, bool) or found is None else float(found)
    except (TypeError, ValueError, OverflowError):
        return None


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _http_date(date: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(date) if date else None
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found is not None and found.tzinfo is not None else None
