"""Build one HTTP request from a manifest, a connection and values. Pure: nothing is sent here."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlencode

from connectory.actions.addresses import is_below
from connectory.actions.encoding import Encoded, encode, readable
from connectory.actions.filling import (
    Values,
    absent,
    fill_body,
    fill_headers,
    fill_path,
    fill_plain,
    fill_query,
    fill_tree,
    header_value,
    merge_headers,
)
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import BasicCredentials, IdempotencyKey, Placement, Request
from connectory.catalog.template import parse_template
from connectory.errors import InvalidArguments, InvalidPath, MissingScope, UnexpectedResponse
from connectory.net.url import is_host_part, parse_url


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """What will be sent, credentials included; `base` is the URL prefix that every page of it must keep."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    base: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, without any credential. `body` is a JSON tree or a text; a file is told, not shown."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any


def prepare(
    connector: Connector,
    auth_method: str,
    request: Request,
    values: Values,
    *,
    credential: str | None = None,
    key: str | None = None,
) -> PreparedRequest:
    """Fill `request` for one connection.

    `credential` names one of the method's `by_credential`; `key` is the idempotency key to place as the manifest says.
    Raises `InvalidPath` or `InvalidArguments` on values that cannot be sent, `MissingScope` on a credential that the
    connection lacks.
    """
    draft = _draft(connector, request, values, key)
    prepared = PreparedRequest(draft.method, draft.url, draft.headers, draft.encoded.data, draft.base)
    return with_credentials(connector, auth_method, prepared, values, server=request.server, credential=credential)


def preview(connector: Connector, request: Request, values: Values, *, key: str | None = None) -> Preview:
    """Return what `prepare` would make, without credentials and for a reader. Raises as `prepare` does."""
    draft = _draft(connector, request, replace(values, secrets={}), key)
    headers = {name: value.partition("; boundary=")[0] for name, value in draft.headers.items()}
    return Preview(draft.method, draft.url, headers, None if draft.encoded.data is None else readable(draft.tree))


def server_base(connector: Connector, server: str | None, values: Values) -> str:
    """Return the base URL of the named server, or of the first.

    Raises `InvalidPath` for a name the manifest lacks, and for a fact that would leave its place in the address.
    """
    servers = connector.manifest.servers
    name = _server_name(connector, server)
    if name not in servers:
        raise InvalidPath(f"{connector.title} has no server '{name}'.", hint=f"Use one of: {', '.join(servers)}.")
    parts = enumerate(parse_template(servers[name]).parts)
    return "".join(
        part if isinstance(part, str) else _slot(fill_plain(str(part), values), part.name, is_origin=index == 0)
        for index, part in parts
    ).rstrip("/")


def with_credentials(
    connector: Connector,
    auth_method: str,
    request: PreparedRequest,
    values: Values,
    *,
    server: str | None = None,
    credential: str | None = None,
) -> PreparedRequest:
    """Put the credentials where the manifest says for `server` (the first where None), over whatever stood there.

    Raises `MissingScope` where the connection lacks the named `credential`.
    """
    place = _placement(connector, auth_method, values, server=server, credential=credential)
    headers = fill_headers(place.headers, values)
    if place.basic is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(basic_pair(place.basic, values).encode()).decode()}"
    url = _with_query(request.url, fill_query(place.query, values))
    return replace(request, url=url, headers=merge_headers(request.headers, headers))


def basic_pair(basic: BasicCredentials, values: Values) -> str:
    """Return user name and password as HTTP Basic joins them (RFC 7617)."""
    return f"{fill_plain(basic.username, values)}:{fill_plain(basic.password, values)}"


@dataclass(frozen=True, slots=True)
class _Draft:
    method: str
    url: str
    headers: Mapping[str, str]
    tree: Any
    encoded: Encoded
    base: str


def _draft(connector: Connector, request: Request, values: Values, key: str | None) -> _Draft:
    """Everything but the credentials."""
    base = server_base(connector, request.server, values)
    place = connector.manifest.idempotency if key is not None else None
    query = fill_query(request.query, values)
    tree = _with_key(_body(request, values), place, key)
    encoded = encode("json" if request.graphql is not None else request.encoding, tree, request.content_type)
    url = _with_query(_address(request, base, values), query)
    if place is not None and place.query is not None:
        url = _with_query(url, [(place.query, str(key))])
    headers = merge_headers(
        fill_headers(connector.manifest.headers, values),
        fill_headers(request.headers, values),
        {"Content-Type": encoded.content_type} if encoded.content_type else {},
        {place.header: header_value(place.header, key)} if place and place.header else {},
    )
    return _Draft(request.method, url, headers, tree, encoded, base)


def _address(request: Request, base: str, values: Values) -> str:
    """The path below the base, or the address that an earlier step gave: it must lie below the base as well."""
    if not request.is_address:
        return base + fill_path(request.path, values)
    given = fill_tree(request.path, values)
    if not isinstance(given, str) or not is_below(given, base):
        raise UnexpectedResponse(
            "The provider gave an address outside of its own server.",
            hint="What is kept elsewhere cannot be had through this connection.",
        )
    return given


def _body(request: Request, values: Values) -> Any:
    """The body's tree, or None where there is none."""
    if request.graphql is not None:
        return {"query": request.graphql, "variables": fill_body(request.variables, values)}
    if request.body is None:
        return None
    filled = fill_body(request.body, values)
    return None if absent(filled) else filled


def _with_key(tree: Any, place: IdempotencyKey | None, key: str | None) -> Any:
    if place is not None and place.variable is not None:
        return {**tree, "variables": {**tree["variables"], place.variable: key}}
    if place is None or place.body is None:
        return tree
    if tree is not None and not isinstance(tree, Mapping):
        raise InvalidArguments("The body is no object, so it cannot take the key of this call.", hint="Give an object.")
    return {**(tree or {}), place.body: key}


def _placement(
    connector: Connector, auth_method: str, values: Values, *, server: str | None, credential: str | None
) -> Placement:
    method = connector.auth[auth_method]
    if credential is None:
        return method.placement(_server_name(connector, server))
    place = method.by_credential.get(credential)
    if place is None or any(name not in values.secrets for name in credential_names(place)):
        raise MissingScope(
            f"This needs a further sign-in to {connector.title}, '{credential}', which the connection does not hold.",
            hint=f"Ask the person to connect {connector.title} again and to grant '{credential}' too.",
        )
    return place


def credential_names(place: Placement) -> set[str]:
    """Return the names of the secrets that a placement sends."""
    texts = [*place.headers.values(), *place.query.values()]
    texts += [place.basic.username, place.basic.password] if place.basic else []
    parts = (part for text in texts for part in parse_template(text).placeholders)
    return {part.name for part in parts if part.scope == "credential"}


def _server_name(connector: Connector, server: str | None) -> str:
    return server or next(iter(connector.manifest.servers))


def _slot(value: str, name: str, *, is_origin: bool) -> str:
    """A fact is part of a host or path and nothing more, or the whole origin (attack 14); stored ones are old words."""
    if is_origin:
        url = parse_url(value)
        if url.target == "/" and "?" not in value and "#" not in value:
            return url.origin
    elif is_host_part(value):
        return value
    raise InvalidPath(
        f"The connection's '{name}' cannot be part of a server's address.",
        hint="Reconnect it: letters, digits, dots and hyphens are right.",
    )


def _with_query(url: str, query: list[tuple[str, str]]) -> str:
    """Set parameters of a URL: those of the same names go, the others stay as they are spelled."""
    if not query:
        return url
    path, _, old = url.partition("#")[0].partition("?")
    names = {name for name, _ in query}
    kept = [pair for pair in old.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in names]
    return f"{path}?{'&'.join([*kept, urlencode(query, quote_via=quote_plus)])}"
