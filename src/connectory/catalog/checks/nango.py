"""Checks of what a manifest says of Nango: whether a sign-in that is kept there gives all that requests need."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from connectory.catalog.checks.expressions import check_expression
from connectory.catalog.checks.facts import Sign, secret_fields, secrets_of, sign_in_facts
from connectory.catalog.checks.names import ALWAYS_KNOWN, placeholders_of
from connectory.catalog.manifest import AuthMethod, BasicMethod, NangoSignIn, TokenRequest
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean

NOT_KEPT_THERE = frozenset({"none", "dsn"})
OF_BASIC = frozenset({"username", "password"})  # what Nango calls the two in the credentials of BASIC


def check_nango(sign: Sign) -> Iterator[Finding]:
    """Yield what is wrong with `nango` in the ways to sign in, and with a member's `nango_by_method`."""
    for name, method in sign.manifest.auth.items():
        if method.nango is not None:
            yield from _check_sign_in(("auth", name, "nango"), name, method, method.nango, sign)
    for name, nango in sign.manifest.nango_by_method.items():
        here: KeyPath = ("nango_by_method", name)
        method_of_family = (sign.ways or {}).get(name)
        if method_of_family is not None:
            yield from _check_sign_in(here, name, method_of_family, nango, sign)
        elif sign.ways is not None:
            hint = did_you_mean(name[:60], sign.ways) or f"There are: {', '.join(sign.ways)}."
            yield Finding(here, f"There is no way to sign in '{name[:60]}'.", hint)


def _check_sign_in(path: KeyPath, name: str, method: AuthMethod, nango: NangoSignIn, sign: Sign) -> Iterator[Finding]:
    if method.method in NOT_KEPT_THERE:
        yield Finding(path, f"Nango keeps no sign-ins of method {method.method}.", "Remove it.")
        return
    if len(set(nango.providers)) < len(nango.providers):
        yield Finding((*path, "provider"), "A provider is named twice.", "Remove one.")
    facts = set(sign_in_facts(method, certain=False))
    yield from _check_paths((*path, "facts"), nango.facts, facts, "no fact that this sign-in gives")
    secrets = secrets_of(method) | method.fields.keys()
    yield from _check_paths((*path, "credentials"), nango.credentials, secrets, "no field or token of this method")
    yield from _check_secrets(path, method, nango)
    given = _given_facts(method, nango)
    for fact in sorted(_needed_facts(name, method, sign) & facts - given):
        hint = f"Say under `facts` where Nango has it, e.g. {{{fact}: NAME}}."
        yield Finding(path, f"Requests need {{connection.{fact}}}, and nothing says where Nango has it.", hint)


def _check_paths(path: KeyPath, paths: dict[str, str], known: Collection[str], what: str) -> Iterator[Finding]:
    for name, text in paths.items():
        if name not in known:
            hint = did_you_mean(name[:60], known) or (f"There are: {', '.join(sorted(known))}." if known else "")
            yield Finding((*path, name), f"'{name[:60]}' is {what}.", hint or "Remove it.")
        yield from check_expression((*path, name), text, converters=False)


def _check_secrets(path: KeyPath, method: AuthMethod, nango: NangoSignIn) -> Iterator[Finding]:
    """Of a typed way to sign in, every secret comes from what Nango calls otherwise, or from nowhere."""
    if isinstance(method, TokenRequest) or method.method == "oauth1":
        return
    secrets = secret_fields(method)
    alone = len(secrets) == 1
    for name in sorted(secrets - nango.credentials.keys()):
        if not method.fields[name].required or (alone and not isinstance(method, BasicMethod)) or name in OF_BASIC:
            continue
        hint = f"Say under `credentials` where it is, e.g. {{{name}: password}}."
        yield Finding(path, f"Nothing says where Nango has the secret '{name}'.", hint)


def _given_facts(method: AuthMethod, nango: NangoSignIn) -> set[str]:
    by_token = method.facts.items() if isinstance(method, TokenRequest) else ()
    return {
        *nango.facts,
        *nango.credentials,
        *(name for name, source in by_token if source.token is not None),
        *(OF_BASIC if isinstance(method, BasicMethod) else ()),
    }


def _needed_facts(name: str, method: AuthMethod, sign: Sign) -> set[str]:
    """The facts that every request needs: for its address, and for what always goes with it."""
    manifest = sign.manifest
    placed = [[place.headers, place.query, place.basic and place.basic.username] for place in method.placements]
    used = placeholders_of([manifest.servers_of(name), manifest.headers, placed])
    return {item.name for item in used if item.scope == "connection" and item.name != ALWAYS_KNOWN}
