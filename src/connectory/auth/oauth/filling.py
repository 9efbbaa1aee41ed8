"""Addresses and parameters of a sign-in, filled with what is known of the connection (design 4.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import SecretStr

from connectory.auth.hosts import fill_address
from connectory.catalog.manifest import FieldKind, OAuth1Method, TokenRequest
from connectory.catalog.template import parse_template
from connectory.errors import InvalidPath
from connectory.net.url import parse_url


def origins_of(method: TokenRequest | OAuth1Method) -> set[str]:
    """Return the names of the facts that are whole origins."""
    typed = {name for name, field in method.fields.items() if field.is_origin}
    told = method.facts if isinstance(method, TokenRequest) else {}
    return typed | {name for name, fact in told.items() if fact.kind is FieldKind.ORIGIN}


def address(template: str, method: TokenRequest | OAuth1Method, facts: Mapping[str, str]) -> str:
    """Return an address of the sign-in. Raises `InvalidPath` on a fact that is missing or no part of an address."""
    return str(parse_url(fill_address(template, origins_of(method), facts)))


def texts(
    templates: Mapping[str, str],
    facts: Mapping[str, str],
    secrets: Mapping[str, SecretStr] | None = None,
    *,
    optional: Collection[str] = (),
) -> dict[str, str]:
    """Return parameters or headers with their values; one whose fact is `optional` and missing is left out.

    They are escaped where they are written. Raises `InvalidPath` on a fact that is missing.
    """
    filled = {name: text(template, facts, secrets) for name, template in templates.items()}
    lacking = next((name for name, value in filled.items() if value is None and name not in optional), None)
    if lacking is not None:
        raise InvalidPath(f"The sign-in's '{lacking}' needs something that was left empty.", hint="Fill it in.")
    return {name: value for name, value in filled.items() if value is not None}


def text(template: str, facts: Mapping[str, str], secrets: Mapping[str, SecretStr] | None = None) -> str | None:
    """Return one of them, None where a fact is missing."""
    parts: list[str] = []
    for part in parse_template(template).parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        secret = (secrets or {}).get(part.name) if part.scope == "credential" else None
        value = secret.get_secret_value() if secret is not None else facts.get(part.name)
        if value is None:
            return None
        parts.append(value)
    return "".join(parts)
