"""A secret in all the ways in which somebody may repeat it, so that it can be taken out again (attacks 89, 91).

It stands below both `actions`, which cleans a provider's answers, and `auth`, which cleans a token endpoint's words.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 8  # characters; a shorter one stands in many answers by chance
# What is secret in a key file in JSON (Google's private_key, Box's clientSecret): its addresses and ids are not.
_SECRET_MEMBER = re.compile(r"(?:key|secret|token|password|passphrase)s?$", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,60}-----((?:(?!-----).)+)-----END", re.DOTALL)  # RFC 7468


def parts_of(secret: str) -> set[str]:
    """What is a secret of its own in a key file: members of its JSON, and the lines of a key in PEM."""
    if "\n" not in secret and not secret.startswith("{"):
        return set()
    try:
        found = set(_secret_members(json.loads(secret)))
    except (ValueError, RecursionError):  # no JSON
        found = set()
    for block in [block for text in (secret, *found) for block in _PEM.findall(text)]:
        lines = block.split()
        found |= {"".join(lines), *lines}
    return {part for part in found if len(part) >= SHORTEST}


def spellings_of(secrets: Iterable[str]) -> set[str]:
    """Each secret plain, escaped for addresses and JSON (some write `/` as `\\/`), and in base64."""
    found = set()
    for secret in secrets:
        code = base64.b64encode(secret.encode()).decode().rstrip("=")
        forms = {secret, quote(secret, safe=""), quote_plus(secret), code, code.translate({43: "-", 47: "_"})}
        forms |= {
            html.escape(secret),
            html.escape(secret, quote=False),
            secret.encode().hex(),
            _small(quote(secret, safe="")),
        }
        escaped = {json.dumps(form, ensure_ascii=only)[1:-1] for form in forms for only in (True, False)}
        found |= {text for form in forms | escaped for text in (form, form.replace("/", "\\/"))}
    return {one for one in found if len(one) >= SHORTEST}


def masked(value: Any, spellings: Sequence[str]) -> Any:
    """Return a JSON value with each of the spellings masked in every text and key; give longer ones first."""
    if isinstance(value, str):
        for spelling in spellings:
            if spelling in value:
                value = value.replace(spelling, MASK)
        return value
    if isinstance(value, list):
        return [masked(item, spellings) for item in value]
    if isinstance(value, dict):
        return {masked(key, spellings): masked(item, spellings) for key, item in value.items()}
    return value


def without(text: str, secrets: Iterable[str]) -> str:
    """Return words about a failure without the secrets: short ones are masked too, whatever else that hits."""
    whole = set(secrets) - {""}
    found = whole.union(*map(parts_of, whole))
    return str(masked(text, sorted(found | spellings_of(found), key=len, reverse=True)))


def _secret_members(value: Any) -> Iterator[str]:
    """Yield the texts of a JSON value that stand under a secret's name."""
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str) and _SECRET_MEMBER.search(name):
                yield item
            else:
                yield from _secret_members(item)
    elif isinstance(value, list):
        for item in value:
            yield from _secret_members(item)


def _small(text: str) -> str:
    """Percent-encoding in small letters (RFC 3986 section 2.1 takes both for the same)."""
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)
