"""Where a manifest sends what it is given: the origins in its text, so that two of them can be compared.

It looks at the text's tree and not at a checked manifest: the present one may be broken, and is in use all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth2Method

SERVERS = ("servers", "servers_by_method")
MADE = ("auth", "verify", "nango_by_method")  # where facts of the connection come from
FOR_PEOPLE = frozenset({"docs", "help", "title", "placeholder"})  # texts that are shown; nothing is sent there
ADDRESS = re.compile(r"(?<![^\s/?#'\"`:])([^\s/?#'\"`:]*+)://([^/?#]*)")
KEYS_OF_ADDRESSES = re.compile(r"(?:.*_)?url|issuer|resource")
FACT = re.compile(r"\{\+?connection\.([a-z0-9_]+)")
SOURCES = ("token", "callback", "chosen", "default")
OF_A_KEY = "{credential."  # as the issuer that a key file names: a claim, which no address can be made of
USUAL_PORTS = {"https": ":443", "http": ":80"}


def destinations_in(manifest: Any) -> frozenset[str]:
    """Return the origins, placeholders included, to which credentials or calls may go.

    A fact of the connection that stands in one of them counts with what it is made of: `{connection.host} = ...`.
    """
    if not isinstance(manifest, Mapping):
        return frozenset()
    servers = [text for part in SERVERS for _, text in _texts(manifest.get(part), part)]
    others = [text for key, text in _texts(manifest.get("auth"), "auth") if _is_address(key, text)]
    facts = {name for text in (*servers, *others) for name in FACT.findall(text)}
    origins = [origin for text in (*servers, *others) for origin in _origins(text)]
    made = [pair for part in MADE for pair in _made_in(manifest.get(part))]
    return frozenset([*origins, *(f"{{connection.{name}}} = {value}" for name, value in made if name in facts)])


def destinations_of(connector: Connector) -> tuple[str, ...]:
    """Return the same of a checked connector, in order; of one that signs in by another's `auth`, where that leads."""
    parts = dict.fromkeys((*SERVERS, *MADE), True)
    tree = connector.manifest.model_dump(include=parts, by_alias=True)
    if connector.family is not None:
        tree |= connector.family.model_dump(include={"auth": True}, by_alias=True)
    return tuple(sorted(one for one in destinations_in(tree) if not one.startswith(OF_A_KEY)))


def calls_of_sign_in(connector: Connector) -> tuple[str, ...]:
    """Return what signing in calls by another method than GET: a manifest may name as its proof what changes things."""
    found = []
    for name, method in connector.auth.items():
        verify, servers = connector.verify_of(name), connector.signed_in_by(name).manifest.servers
        calls = [one.request for one in (verify, verify and verify.otherwise) if one is not None]
        calls += [method.choose.request] if isinstance(method, OAuth2Method) and method.choose is not None else []
        for call in calls:
            server = servers.get(call.server or next(iter(servers), ""), "")
            found += [f"{call.method} {server}{call.path}"] if call.method != "GET" else []
    return tuple(dict.fromkeys(found))


def _texts(tree: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every text with the key that it stands at, or the list that it stands in."""
    if isinstance(tree, str):
        yield key, tree
    for value in tree if isinstance(tree, list) else ():
        yield from _texts(value, key)
    for name, value in tree.items() if isinstance(tree, Mapping) else ():
        yield from _texts(value, str(name))


def _is_address(key: str, text: str) -> bool:
    return key not in FOR_PEOPLE and ("://" in text or KEYS_OF_ADDRESSES.fullmatch(key) is not None)


def _origins(text: str) -> Iterator[str]:
    found = ADDRESS.findall(text)
    for scheme, host in found:
        known = scheme.lower()
        whole = host.lower() if host.isascii() else host
        yield f"{known}://{whole.removesuffix(USUAL_PORTS.get(known, ''))}"
    if not found:
        yield text.split("/")[0]


def _made_in(tree: Any) -> Iterator[tuple[str, str]]:
    """What facts are made of, by name: in `fields` and `facts`, wherever they stand."""
    for value in tree if isinstance(tree, list) else ():
        yield from _made_in(value)
    for key, value in tree.items() if isinstance(tree, Mapping) else ():
        yield from _made_in(value)
        for name, how in value.items() if key in ("fields", "facts") and isinstance(value, Mapping) else ():
            yield from _values(str(name), how)


def _values(name: str, how: Any) -> Iterator[tuple[str, str]]:
    if isinstance(how, str):
        yield name, how
    if not isinstance(how, Mapping):
        return
    yield from ((name, str(how[source])) for source in SOURCES if how.get(source) is not None)
    choices, gives = how.get("choices"), how.get("gives")
    yield from ((name, str(one)) for one in (choices if isinstance(choices, list | Mapping) else ()))
    for fact, values in gives.items() if isinstance(gives, Mapping) else ():
        yield from ((str(fact), value) for _, value in _texts(values, str(fact)))
