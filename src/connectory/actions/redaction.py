"""Take out of an answer what a provider repeats of our own credentials (attacks 89, 91).

Echo services, debug pages and careless errors repeat a request's headers or address; without this, an agent told to ask
such a place would read the key that it must never see. Done on the texts of the parsed answer, before anything is kept
or quoted: in the bytes a key can be escaped in too many ways, and one of digits alone could be a number.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from connectory.actions.filling import Values, fill_headers
from connectory.actions.request import basic_pair, credential_names
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Placement
from connectory.vault.spellings import MASK, SHORTEST, masked, parts_of, spellings_of


class Redactor:
    """The credentials of one connection, in whatever form they are sent or repeated."""

    def __init__(self, connector: Connector, auth_method: str, values: Values) -> None:
        whole = {one.get_secret_value() for one in values.secrets.values()} - {""}
        secrets = whole.union(*map(parts_of, whole))
        self._secrets = sorted(secrets, key=len, reverse=True)
        places = connector.auth[auth_method].placements
        found = spellings_of(self._secrets).union(*(_basic(place, values) for place in places))
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
        return masked(value, self._spellings)

    def clean_bytes(self, data: bytes) -> bytes:
        """The same for a file: in its bytes, as UTF-8 or UTF-16 text holds them."""
        for spelling in self._spellings:
            for coding in ("utf-8", "utf-16-le", "utf-16-be"):
                data = data.replace(spelling.encode(coding), MASK.encode(coding))
        return data

    def clean_message(self, value: Any) -> Any:
        """The same for words about a failure: there also short credentials are masked, whatever else that hits."""
        return masked(value, [*self._spellings, *self._secrets])


def _basic(place: Placement, values: Values) -> set[str]:
    """User name and password as HTTP Basic sends them (RFC 7617)."""
    if place.basic is None or not credential_names(place) <= values.secrets.keys():
        return set()  # one of `by_credential` that the connection lacks is not sent, and cannot come back
    pair = base64.b64encode(basic_pair(place.basic, values).encode()).decode()
    return {pair, pair.rstrip("=")}
