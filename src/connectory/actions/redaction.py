"""Take out of an answer what a provider repeats of our own credentials (attacks 89, 91).

Echo services, debug pages and careless errors repeat a request's headers or address; without this, an agent told to ask
such a place would read the key that it must never see. Done on the texts of the parsed answer, before anything is kept
or quoted: in the bytes a key can be escaped in too many ways, and one of digits alone could be a number.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from connectory.actions.filling import Values, fill_headers
from connectory.actions.request import basic_pair, credential_names
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Placement

MASK = "***"
SHORTEST = 8  # characters; a shorter one stands in many answers by chance
# What is secret in a key file in JSON (Google's private_key, Box's clientSecret): its addresses and ids are not.
_SECRET_MEMBER = re.compile(r"(?:key|secret|token|password|passphrase)s?$", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,60}-----((?:(?!-----).)+)-----END", re.DOTALL)  # RFC 7468


class Redactor:
    """The credentials of one connection, in whatever form they are sent or repeated."""

    def __init__(self, connector: Connector, auth_method: str, values: Values) -> None:
        whole = {one.get_secret_value() for one in values.secrets.values()} - {""}
        secrets = whole.union(*map(_parts, whole))
        self._secrets = sorted(secrets, key=len, reverse=True)
        places = connector.auth[auth_method].placements
        found = _spellings(self._secrets).union(*(_basic(place, values) for place in places))
        # A header whose secret is masked anyway keeps its first word: `Bearer ***`.
        headers = {
            line
            for place in places
            for line in fill_headers(place.headers, values).values()
            if any(one in line for one in secrets) and not any(one in line for one in found)
        }
        self._spellings = sorted({one for one in found | headers if len(one) >= SHORTEST}, key=len, reverse=True)
        self._bytes = [spelling.encode() for spelling in self._spellings]
        self._is_escaped = any("/" in one or json.dumps(one)[1:-1] != one for one in self._secrets)

    def may_stand_in(self, body: bytes) -> bool:
        r"""Whether JSON or text can hold a credential; cheap, and wrong only on the safe side (`\u0041` is an A)."""
        if b"\0" in body:  # UTF-16 or UTF-32, which JSON may also be in (RFC 4627 section 3)
            return bool(self._spellings)
        if b"\\u" in body or (self._is_escaped and b"\\" in body):
            return bool(self._spellings)
        return any(spelling in body for spelling in self._bytes)

    def clean(self, value: Any) -> Any:
        """Return a JSON value with the credentials masked in every text and key."""
        return _clean(value, self._spellings)

    def clean_bytes(self, data: bytes) -> bytes:
        """The same for a file: in its bytes, as UTF-8 or UTF-16 text holds them."""
        for spelling in self._spellings:
            for coding in ("utf-8", "utf-16-le", "utf-16-be"):
                data = data.replace(spelling.encode(coding), MASK.encode(coding))
        return data

    def clean_message(self, value: Any) -> Any:
        """The same for words about a failure: there also short credentials are masked, whatever else that hits."""
        return _clean(value, [*self._spellings, *self._secrets])


def _parts(secret: str) -> set[str]:
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


def _clean(value: Any, spellings: list[str]) -> Any:
    if isinstance(value, str):
        for spelling in spellings:
            if spelling in value:
                value = value.replace(spelling, MASK)
        return value
    if isinstance(value, list):
        return [_clean(item, spellings) for item in value]
    if isinstance(value, dict):
        return {_clean(key, spellings): _clean(item, spellings) for key, item in value.items()}
    return value


def _small(text: str) -> str:
    """Percent-encoding in small letters (RFC 3986 section 2.1 takes both for the same)."""
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _basic(place: Placement, values: Values) -> set[str]:
    """User name and password as HTTP Basic sends them (RFC 7617)."""
    if place.basic is None or not credential_names(place) <= values.secrets.keys():
        return set()  # one of `by_credential` that the connection lacks is not sent, and cannot come back
    pair = base64.b64encode(basic_pair(place.basic, values).encode()).decode()
    return {pair, pair.rstrip("=")}


def _spellings(secrets: Iterable[str]) -> set[str]:
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
