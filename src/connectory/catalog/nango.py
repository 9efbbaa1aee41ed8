"""Connectors that no manifest describes: one for each integration that only Nango knows (design 5.8).

A connector is made in memory of the integration and the entry of Nango's catalogue: no actions, raw requests within
the base address, always by Nango's proxy, which knows where the credential goes. Pure data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from connectory.catalog.checks import FIXED_TOOLS
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import CONNECTOR_NAME, Category, Manifest

METHOD = "nango"  # what the one way to sign in is called
SERVER = "api"
BASE = "base"  # the fact that is the whole origin
DOCS = "https://nango.dev/docs"
LONGEST_NAME, SUFFIX = 24, 6
HOST_PART = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_PLACE = re.compile(r"\$\{connectionConfig\.([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*)\}")
_DOCS = re.compile(r"https?://[^\s<>\"'\\]{1,480}")
_CATEGORIES = {
    "e-commerce": Category.ECOMMERCE,
    "crm": Category.CRM,
    "dev-tools": Category.DEVELOPMENT,
    "analytics": Category.ANALYTICS,
    "communication": Category.COMMUNICATION,
    "productivity": Category.PRODUCTIVITY,
    "ticketing": Category.PRODUCTIVITY,
    "knowledge-base": Category.PRODUCTIVITY,
    "support": Category.COMMUNICATION,
    "social": Category.COMMUNICATION,
    "marketing": Category.CRM,
}


@dataclass(frozen=True, slots=True)
class AtNango:
    """One integration and its provider, as far as a connector is made of them."""

    integration: str  # Nango's unique_key
    provider: str
    title: str
    base_url: str
    categories: Sequence[str] = ()
    docs: str | None = None


def connectors_of(known: Iterable[AtNango], taken: Collection[str]) -> dict[str, Connector]:
    """Return a connector for each that has an address without a secret in it, by name.

    `taken` are the names of all that have a manifest: those are never given again. Of one and the same integration the
    name is always the same, whatever others there are.
    """
    made: dict[str, Connector] = {}
    for one in known:
        name = name_of(one.integration, taken)
        connector = _connector(name, one)
        if connector is not None and name not in made:
            made[name] = connector
    return made


def name_of(integration: str, taken: Collection[str]) -> str:
    """Return the connector's name: the integration's own where that is one that is free, else with a mark behind it.

    The mark is of the integration's own name, so that a connector keeps its name when others come and go.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", integration.lower()).strip("-")
    if plain == integration and re.match(CONNECTOR_NAME, plain) and plain not in taken and not _is_like_a_tool(plain):
        return plain
    mark = hashlib.sha256(integration.encode()).hexdigest()[: SUFFIX - 1]
    stem = plain if plain[:1].isalpha() else f"n-{plain}"
    return f"{stem[: LONGEST_NAME - SUFFIX].strip('-')}-{mark}"


def _is_like_a_tool(name: str) -> bool:
    return any(f"{tool}_".startswith(f"{name.replace('-', '_')}_") for tool in FIXED_TOOLS)


def _connector(name: str, one: AtNango) -> Connector | None:
    base = _base(one.base_url)
    if base is None:
        return None
    title = "".join(character for character in one.title if character.isprintable()).strip()[:60] or name
    method: dict[str, Any] = {
        "method": "fields",
        "title": f"Sign in to {title}"[:60],
        "fields": base.fields,
        "nango": {"provider": one.provider, "facts": base.facts},
    }
    manifest = Manifest.model_validate(
        {
            "format": 1,
            "name": name,
            "title": title,
            "description": f"Use {title} through Nango, by raw requests to its API.",
            "category": _category(one.categories),
            "docs": one.docs if one.docs is not None and _DOCS.fullmatch(one.docs) else DOCS,
            "servers": {SERVER: base.server},
            "auth": {METHOD: method},
        }
    )
    return Connector(name, manifest, MappingProxyType({}), integration=one.integration)


@dataclass(frozen=True, slots=True)
class _Base:
    """Where the API is: as a server, and the facts that it is made of."""

    server: str
    fields: dict[str, Any]
    facts: dict[str, str]


def _base(base_url: str) -> _Base | None:
    """Read Nango's base address: `https://${connectionConfig.a}.x.com/v1 || https://x.com/v1`; None where it cannot be.

    Where the origin depends on the connection, it is one fact as a whole; so do alternatives that differ by it alone.
    """
    parts = [_split(alternative) for alternative in base_url.split(" || ")]
    if not base_url or any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    if len({path for _, path in known}) != 1 or "{" in _PLACE.sub("", base_url):
        return None
    path = known[0][1].rstrip("/")
    if len(known) == 1 and not _PLACE.search(known[0][0]):
        fields, facts, server = {}, {}, known[0][0]
    else:
        origin = " || ".join(_expression(text) for text, _ in known)
        fields = {BASE: {"title": "Address", "kind": "origin"}}
        facts, server = {BASE: origin}, f"{{connection.{BASE}}}"
    for place in dict.fromkeys(_PLACE.findall(path)):
        name = _fact_name(place, fields)
        fields[name] = {"title": place, "pattern": HOST_PART}
        facts[name] = _quoted(place)
        path = path.replace(f"${{connectionConfig.{place}}}", f"{{connection.{name}}}")
    return _Base(server + path, fields, facts)


def _split(address: str) -> tuple[str, str] | None:
    """Origin and path of one alternative; None where it is neither https nor begins with the connection's own."""
    whole = _PLACE.match(address)
    start = whole.end() if whole else len("https://") if address.startswith("https://") else 0
    if not start:
        return None
    at = address.find("/", start)
    return (address, "") if at < 0 else (address[:at], address[at:])


def _expression(origin: str) -> str:
    """JMESPath that gives an origin, or null where the connection lacks a part of it."""
    pieces: list[str] = []
    at = 0
    for found in _PLACE.finditer(origin):
        pieces += [_literal(origin[at : found.start()]), _quoted(found[1])]
        at = found.end()
    pieces.append(_literal(origin[at:]))
    places = [_quoted(place) for place in _PLACE.findall(origin)]
    joined = f"join('', [{', '.join(piece for piece in pieces if piece != _literal(''))}])"
    return f"({' && '.join([*places, joined])})" if places else _literal(origin)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _quoted(place: str) -> str:
    """A path of JMESPath; quoted, so that our own page does not ask for it: Nango's does, or fills it by itself."""
    return ".".join(f'"{part}"' for part in place.split("."))


def _fact_name(place: str, known: Collection[str]) -> str:
    word = re.sub(r"[^a-z0-9]+", "_", place.lower()).strip("_")
    return next(name for name in (word, f"{word}_2", f"p_{word}") if name[:1].isalpha() and name not in {*known, "id"})


def _category(categories: Sequence[str]) -> Category:
    return next((_CATEGORIES[one] for one in categories if one in _CATEGORIES), Category.OTHER)
