"""Addresses are where credentials go: only facts that are held to something may build one (attacks 14, 57)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connectory.catalog.checks.facts import Sign, Ways, sign_in_facts
from connectory.catalog.checks.names import ALWAYS_KNOWN, Names, check_template, parsed
from connectory.catalog.checks.patterns import MAX_SQUARE, check_pattern
from connectory.catalog.manifest import (
    AuthMethodBase,
    CredentialField,
    FieldKind,
    Manifest,
    OAuth2Method,
    SignInFact,
    TokenRequest,
)
from connectory.catalog.problems import Finding
from connectory.catalog.template import Placeholder
from connectory.catalog.yaml_document import KeyPath
from connectory.errors import InvalidPath
from connectory.net.url import is_host_part, parse_url
from connectory.spelling import did_you_mean

# Values that would move a server's address to another host; no pattern of a field used there may match one whole.
ESCAPES = (
    "evil.example/",
    "evil.example#",
    "evil.example?",
    "evil.example\\",
    "x@evil.example",
    "evil.example:1",
    "x y",
    "",
    ".",
    "a\n",
)
OAUTH_ADDRESSES = (
    "authorize_url", "device_url", "token_url", "refresh_url", "request_token_url", "access_token_url",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a fact comes from, as far as it matters to an address."""

    kind: FieldKind
    pattern: str | None
    choices: Collection[str]


def check_servers(sign: Sign) -> Iterator[Finding]:
    """Yield what is wrong with the base addresses of a manifest."""
    ways, special = sign.ways or {}, sign.manifest.servers_by_method
    for name, text in sign.manifest.servers.items():
        usual = {way: method for way, method in ways.items() if name not in special.get(way, {})}
        yield from _check_server(("servers", name), text, sign, usual or ways)
    for way, servers in special.items():
        here: KeyPath = ("servers_by_method", way)
        if sign.ways is not None and way not in ways:
            hint = did_you_mean(way[:60], ways) or f"There are: {', '.join(ways)}."
            yield Finding(here, f"There is no way to sign in '{way[:60]}'.", hint)
        if not servers:
            yield Finding(here, "No server is named.", "Write one of `servers` with its other address, or remove this.")
        for name, text in servers.items():
            yield from check_server_name((*here, name), name, sign.manifest)
            if text == sign.manifest.servers.get(name):
                yield Finding((*here, name), "This is its address in `servers` already.", "Remove it here.")
            yield from _check_server((*here, name), text, sign, {way: ways[way]} if way in ways else ways)


def check_server_name(path: KeyPath, name: str, manifest: Manifest) -> Iterator[Finding]:
    """Yield a finding where the manifest has no server of this name."""
    if name not in manifest.servers:
        hint = did_you_mean(name[:60], manifest.servers) or f"There are: {', '.join(manifest.servers)}."
        yield Finding(path, f"There is no server '{name}'.", hint)


def _check_server(path: KeyPath, text: str, sign: Sign, ways: Ways) -> Iterator[Finding]:
    """One base address, for connections that signed in by one of these ways."""
    methods = list(ways.values())
    told = {name for method in methods for name in _told_by_calls(method, sign)}
    lacking = sign.lacking(ways)
    yield from check_template(path, text, Names(facts=sign.certain_facts_of(methods), lacking=lacking, flat=True))
    used = {item.name for item in _facts_in(text)}
    if used and sign.ways is None:  # what a member's family gives is not known yet: checked once it is at hand
        return
    for fact in sorted(used & told):
        hint = "Ask for it by a field, or take it from the token answer or callback; in a path it may stand."
        yield Finding(path, f"{{connection.{fact}}} is told by an answer, and cannot decide where requests go.", hint)
    if not used & told:
        yield from check_address(path, text, methods)


def check_address(
    path: KeyPath, text: str, methods: Collection[AuthMethodBase], *, is_base: bool = True
) -> Iterator[Finding]:
    """Yield what is wrong with an address whose facts come from `methods`; what is no fact is told elsewhere."""
    template = parsed(text)
    if template is None or any(item.scope != "connection" for item in template.placeholders):
        return
    for item in template.placeholders:
        if item.name == ALWAYS_KNOWN:
            yield Finding(path, "{connection.id} cannot be part of an address.", "Use a field with a pattern.")
            return
        for source in _sources(item.name, methods):
            if source.kind is FieldKind.TEXT and source.pattern is None:
                hint = f"Give '{item.name}' a `pattern`, or `kind: origin` if it is the whole server address."
                yield Finding(
                    path, f"{{connection.{item.name}}} decides where credentials are sent, and may be anything.", hint
                )
                return
    yield from _check_spelling(path, template.parts, methods, is_base=is_base)


def check_held(
    path: KeyPath, name: str, fact: CredentialField | SignInFact, addresses: Collection[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the pattern or choices of a fact, above all where it builds one of `addresses`."""
    broken = list(check_pattern((*path, "pattern"), fact.pattern, longest=MAX_SQUARE, is_whole=True))
    yield from broken
    hint = "It becomes part of a server's address: allow only what a host label holds, e.g. [a-z0-9-]{1,63}."
    built = {item.name for text in addresses for item in _facts_in(text)}
    for given, values in fact.gives.items() if isinstance(fact, CredentialField) else ():
        for choice, value in values.items():
            if given in built and not is_host_part(value):
                yield Finding((*path, "gives", given, choice), f"{value!r} is no part of a host.", hint)
    if fact.kind is FieldKind.ORIGIN or name not in built:
        return
    for choice in fact.choices:
        if not is_host_part(choice):
            yield Finding((*path, "choices", choice), f"The choice {choice!r} is no part of a host.", hint)
    if fact.pattern is None or broken:
        return
    pattern = re.compile(fact.pattern)
    escape = next((text for text in ESCAPES if pattern.fullmatch(text)), None)
    if escape is not None:
        yield Finding((*path, "pattern"), f"The pattern lets {escape!r} through.", hint)


def addresses_of(sign: Sign, way: str, method: AuthMethodBase) -> list[str]:
    """Return every address that facts of `method`, named `way`, may build."""
    revoke = method.revoke.url if isinstance(method, OAuth2Method) and method.revoke is not None else None
    servers = sign.manifest.servers_of(way).values()
    own = sign_in_addresses(method).values()
    return [text for text in (*servers, *own, revoke) if isinstance(text, str)]


def sign_in_addresses(method: AuthMethodBase) -> dict[str, str]:
    """Return the addresses of a sign-in by their key; a service account's `issuer` is a name and no address."""
    keys = [*OAUTH_ADDRESSES, *(["issuer", "resource"] if isinstance(method, OAuth2Method) else [])]
    return {key: text for key in keys if (text := getattr(method, key, None)) is not None}


def _facts_in(text: str) -> list[Placeholder]:
    template = parsed(text)
    return [item for item in template.placeholders if item.scope == "connection"] if template is not None else []


def _told_by_calls(method: AuthMethodBase, sign: Sign) -> Iterator[str]:
    """The facts that a provider's answer tells: nothing holds them to a pattern."""
    verify = sign.manifest.verify_of(method)
    told = set(verify.facts) if verify is not None else set()
    yield from told - set(method.fields) - set(sign_in_facts(method, certain=False))


def _sources(name: str, methods: Collection[AuthMethodBase]) -> Iterator[_Source]:
    for method in methods:
        if name not in sign_in_facts(method, certain=False):
            continue
        if name in method.fields:
            field = method.fields[name]
            yield _Source(field.kind, field.pattern, field.choices)
        elif isinstance(method, TokenRequest) and name in method.facts:
            fact = method.facts[name]
            yield _Source(fact.kind, fact.pattern, fact.choices)
        for field in method.fields.values():
            if name in field.gives:
                yield _Source(field.kind, None, field.gives[name].values())


def _check_spelling(
    path: KeyPath, parts: tuple[str | Placeholder, ...], methods: Collection[AuthMethodBase], *, is_base: bool
) -> Iterator[Finding]:
    filled = ""
    for part in parts:
        if isinstance(part, str):
            filled += part
            continue
        is_origin = any(source.kind is FieldKind.ORIGIN for source in _sources(part.name, methods))
        if is_origin and filled:
            yield Finding(path, f"{{connection.{part.name}}} is a whole origin: it must stand at the beginning.")
            return
        filled += "https://host.example" if is_origin else "x"
    try:
        target = parse_url(filled).target
    except InvalidPath:
        target = None
    if target is None or "#" in filled or (is_base and ("?" in filled or "//" in target)):
        what = "base address" if is_base else "address"
        like = (
            "https://api.example.com/v1: no query, user name or dots" if is_base else "https://example.com/oauth/token"
        )
        yield Finding(path, f"This is no {what}.", f"Write it like {like}.")
    elif not is_base and not filled.startswith("https://"):
        yield Finding(path, "A sign-in goes over https.", "Begin the address with https://.")
