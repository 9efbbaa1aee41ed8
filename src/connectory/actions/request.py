"""Build one HTTP request from a manifest, a connection and values. Pure: nothing is sent here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

from connectory.actions.filling import (
    Values,
    absent,
    as_pairs,
    fill_headers,
    fill_path,
    fill_plain,
    fill_query,
    fill_tree,
)
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import BasicCredentials, Request
from connectory.errors import InvalidPath


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """What will be sent, credentials included; `base` is the URL prefix that every page of it must keep."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    base: str


def prepare(connector: Connector, auth_method: str, request: Request, values: Values) -> PreparedRequest:
    """Fill `request` for one connection. Raises `InvalidPath` or `InvalidArguments` on unsafe values."""
    base = server_base(connector, request.server, values)
    query = fill_query(request.query, values)
    url = _join(base, fill_path(request.path, values), query)
    content_type, body = _encode(
        request.encoding, fill_tree(request.body, values) if request.body is not None else None
    )
    headers = {
        **fill_headers(connector.manifest.headers, values),
        **fill_headers(request.headers, values),
        **content_type,
    }
    return with_credentials(connector, auth_method, PreparedRequest(request.method, url, headers, body, base), values)


def server_base(connector: Connector, server: str | None, values: Values) -> str:
    """Return the base URL of the named server, or of the first. Raises `InvalidPath` for a name the manifest lacks."""
    servers = connector.manifest.servers
    name = server or next(iter(servers))
    if name not in servers:
        raise InvalidPath(f"{connector.title} has no server '{name}'.", hint=f"Use one of: {', '.join(servers)}.")
    return fill_plain(servers[name], values).rstrip("/")


def with_credentials(
    connector: Connector, auth_method: str, request: PreparedRequest, values: Values
) -> PreparedRequest:
    """Put the credentials where the manifest says, over whatever stood there."""
    method = connector.manifest.auth[auth_method]
    headers = {**request.headers, **fill_headers(method.header, values)}
    if method.basic is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(basic_pair(method.basic, values).encode()).decode()}"
    url = _with_query(request.url, fill_query(method.query, values))
    return PreparedRequest(request.method, url, headers, request.body, request.base)


def basic_pair(basic: BasicCredentials, values: Values) -> str:
    """Return user name and password as HTTP Basic joins them (RFC 7617)."""
    return f"{fill_plain(basic.username, values)}:{fill_plain(basic.password, values)}"


def _join(base: str, path: str, query: list[tuple[str, str]]) -> str:
    return _with_query(base + path, query)


def _with_query(url: str, query: list[tuple[str, str]]) -> str:
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query, quote_via=quote_plus)}"


def _encode(encoding: str, body: Any) -> tuple[dict[str, str], bytes | None]:
    """Return the Content-Type header and the bytes. No body: neither."""
    if body is None or absent(body):
        return {}, None
    if encoding == "form":
        return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(as_pairs(body)).encode()
    return {"Content-Type": "application/json"}, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
