"""Take out of an answer what a provider repeats of our own credentials (attacks 89, 91).

Echo services, debug pages and careless errors repeat a request's headers or address; without this, an agent told to ask
such a place would read the key that it must never see. Done on the bytes, before anything is parsed, kept or quoted.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from connectory.actions.filling import Values
from connectory.actions.request import basic_pair
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import BasicMethod

MASK = b"***"
SHORTEST = 8  # bytes; a shorter one stands in many answers by chance


def without_credentials(body: bytes, connector: Connector, auth_method: str, values: Values) -> bytes:
    """Return `body` with every credential of the connection masked, in whatever form it was sent."""
    for spelling in _spellings(_sent(connector, auth_method, values)):
        if spelling in body:
            body = body.replace(spelling, MASK)
    return body


def _sent(connector: Connector, auth_method: str, values: Values) -> Iterator[str]:
    """The credentials as they are, and what HTTP Basic makes of them (RFC 7617)."""
    method = connector.manifest.auth[auth_method]
    if isinstance(method, BasicMethod):
        yield base64.b64encode(basic_pair(method, values).encode()).decode()
    for secret in values.secrets.values():
        yield secret.get_secret_value()


def _spellings(secrets: Iterable[str]) -> list[bytes]:
    """Each secret plain, escaped for addresses and JSON (some write `/` as `\\/`), and in base64; the longest first."""
    found = set()
    for secret in secrets:
        code = base64.b64encode(secret.encode()).decode().rstrip("=")
        forms = {secret, quote(secret, safe=""), quote_plus(secret), code, code.translate({43: "-", 47: "_"})}
        escaped = {json.dumps(form, ensure_ascii=only)[1:-1] for form in forms for only in (True, False)}
        found |= {text.encode() for form in forms | escaped for text in (form, form.replace("/", "\\/"))}
    return sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True)
