"""Raw requests: what an agent may send beyond the declared actions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urlencode

from connectory.actions.filling import Values, fill_headers, header_value, merge_headers
from connectory.actions.request import PreparedRequest, server_base, with_credentials
from connectory.actions.scalars import as_text, is_single
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Placement
from connectory.errors import BadInput, HeaderRefused, InvalidArguments, InvalidPath, SecretInChat

RAW_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HARMLESS_HEADERS = frozenset(
    {
        "accept",
        "accept-language",
        "content-type",
        "idempotency-key",
        "prefer",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
    }
)
SECRET_HEADER = re.compile(
    r"authorization|cookie|token|secret|api[-_]?key|signature|credential|password|auth-", re.IGNORECASE
)
METHOD_OVERRIDES = frozenset({"method", "httpmethod", "xhttpmethod", "xhttpmethodoverride", "methodoverride"})
MOST_PARTS = 1000
MOST_PATH = 2000  # characters
_METHODS = frozenset({*RAW_METHODS, "MERGE", "OPTIONS"})
_BORDERS = re.compile(r"[&;\r\n]")
_MULTIPART_NAME = re.compile(r"name=[\"']?([^\"';\r\n]*)", re.IGNORECASE)
_PATH = re.compile(r"/(?!/)[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*")


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request in the agent's own words, inside a connection's servers."""

    method: str
    path: str
    server: str | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def check_raw(raw: RawRequest, connector: Connector) -> None:
    """Raise a `BadInput` for a method, path, query or header that may not be sent; each says what would be right."""
    if raw.method.upper() not in RAW_METHODS:
        raise InvalidArguments(f"'{raw.method}' is no method to send.", hint=f"Use one of {', '.join(RAW_METHODS)}.")
    _check_path(raw.path)
    if _overrides_method(raw):
        raise InvalidArguments("A field named like _method would change the method.", hint="Set `method` instead.")
    placed = {name.lower() for place in _places(connector) for name in place.query}
    if own := [name for name in raw.query if str(name).lower() in placed]:
        raise SecretInChat(
            f"Query parameter '{own[0]}' carries this service's credentials, which never belong in a tool call.",
            hint="Leave it out: the connection adds its own. For another account call connect.",
        )
    for name in raw.headers:
        _check_header(name, connector)


def prepare_raw(raw: RawRequest, connector: Connector, auth_method: str, values: Values) -> PreparedRequest:
    """Build the request. Call `check_raw` first."""
    base = server_base(connector, raw.server, values)
    query = [(key, as_text(item)) for key, value in raw.query.items() for item in _many(value)]
    url = base + raw.path + (f"?{urlencode(query)}" if query else "")
    own = {name: header_value(name, value) for name, value in raw.headers.items()}
    headers = merge_headers(fill_headers(connector.manifest.headers, values), own)
    body = None
    if raw.body is not None:
        body = raw.body.encode() if isinstance(raw.body, str) else json.dumps(raw.body, ensure_ascii=False).encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    request = PreparedRequest(raw.method.upper(), url, headers, body, base)
    return with_credentials(connector, auth_method, request, values, server=raw.server)


def _overrides_method(raw: RawRequest) -> bool:
    """Whether a field would make some frameworks take the request for one of another method.

    They read names loosely (`_method`, `.method`, ` _method`), from the query, a form, a multipart body or JSON.
    """
    for name, value in [*raw.query.items(), *_fields(raw.body)]:
        letters = re.sub(r"[^a-z]", "", unquote_plus(str(name)).lower())
        if letters not in METHOD_OVERRIDES:
            continue
        is_plain_word = str(name)[:1].isalpha()  # `method=search` is many a provider's own parameter
        if not is_plain_word or str(value).strip().upper() in _METHODS:
            return True
    return False


def _fields(body: Any) -> Iterator[tuple[object, object]]:
    """The names and values on top of a body, whichever way a framework may read it."""
    if isinstance(body, Mapping):
        yield from body.items()
    elif isinstance(body, list):
        for item in body[:MOST_PARTS]:
            yield from item.items() if isinstance(item, Mapping) else ()
    elif isinstance(body, str):
        try:
            yield from _fields(json.loads(body))
        except (ValueError, RecursionError):
            for part in _BORDERS.split(body):
                name, _, value = part.partition("=")
                yield name, unquote_plus(value)
            yield from ((name, "") for name in _MULTIPART_NAME.findall(body))


def _check_path(path: str) -> None:
    """The path is appended to the server's base, so it must not be able to change host, climb, or carry a query."""
    hint = "Write it like /items/42, without host, '..' or query (give `query` separately)."
    if len(path) > MOST_PATH:
        raise InvalidPath(f"The path has more than {MOST_PATH} characters.", hint=hint)
    if not _PATH.fullmatch(path):
        suggestion = quote(path, safe="/%") if path.startswith("/") and not path.startswith("//") else None
        extra = f" Escaped it would be {suggestion}." if suggestion and "?" not in path and "\\" not in path else ""
        raise InvalidPath(f"The path {path!r:.200} cannot be sent.", hint=hint + extra)
    decoded = unquote(unquote(path)).replace("\\", "/")
    if any(segment.partition(";")[0] in (".", "..") for segment in decoded.split("/")):
        raise InvalidPath(f"The path {path!r:.200} climbs with dot segments.", hint=hint)
    if any(ord(character) < 32 or ord(character) == 127 for character in decoded):
        raise InvalidPath("The path holds a control character.", hint=hint)


def _check_header(name: str, connector: Connector) -> None:
    lowered = name.lower()
    placed = {header.lower() for place in _places(connector) for header in place.headers}
    if lowered in placed or SECRET_HEADER.search(lowered):
        raise SecretInChat(
            f"Header '{name}' carries credentials, which never belong in a tool call.",
            hint="Leave it out: the connection adds its own. For another account call connect.",
        )
    if lowered not in HARMLESS_HEADERS:
        raise HeaderRefused(
            f"Header '{name}' may not be set.", hint=f"Allowed are {', '.join(sorted(HARMLESS_HEADERS))}."
        )


def _places(connector: Connector) -> Iterator[Placement]:
    """Every place in which some way to sign in puts a credential."""
    for method in connector.auth.values():
        yield from method.placements


def _many(value: Any) -> Sequence[Any]:
    if isinstance(value, Mapping) or (isinstance(value, list) and not all(map(is_single, value))):
        raise BadInput("A query value must be a text, number, truth value, or list of these.", hint="Flatten it.")
    return value if isinstance(value, list) else [value]
