"""The texts of the catalogue, filled in: `${connectionConfig.f}`, `${apiKey}`, with ` || ` fallbacks."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\$\{([^}]+)\}")


def fill(text: str, config: Mapping[str, Any], credentials: Mapping[str, Any]) -> str | None:
    """Fill in a text; the first of its alternatives that has all it needs. None: something is missing in each."""
    for alternative in text.split(" || "):
        found = _filled(alternative.strip(), config, credentials)
        if found is not None:
            return found
    return None


def _filled(text: str, config: Mapping[str, Any], credentials: Mapping[str, Any]) -> str | None:
    is_whole = True

    def one(match: re.Match[str]) -> str:
        nonlocal is_whole
        value = _value(match[1], config, credentials)
        is_whole = is_whole and value is not None
        return value or ""

    found = _PLACE.sub(one, text)
    return found if is_whole else None


def _value(name: str, config: Mapping[str, Any], credentials: Mapping[str, Any]) -> str | None:
    if name.startswith("base64("):
        inner = _PLACE.sub(lambda match: _value(match[1], config, credentials) or "", name[7:].rstrip(")"))
        return base64.b64encode(inner.encode()).decode()
    if name.startswith("connectionConfig."):
        return _text(config.get(name.removeprefix("connectionConfig.")))
    if name == "accessToken":
        return _text(credentials.get("access_token") or credentials.get("token"))
    return _text(credentials.get(name.removeprefix("credentials.")))


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
