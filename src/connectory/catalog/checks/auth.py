"""Checks of the ways to sign in: fields, where credentials go, and the call that proves them (design 4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectory.catalog.checks.expressions import check_expression
from connectory.catalog.checks.facts import Sign, secret_fields, secrets_of, sign_in_facts
from connectory.catalog.checks.names import ALWAYS_KNOWN, Names, check_template, placeholders_of
from connectory.catalog.checks.oauth import check_oauth
from connectory.catalog.checks.requests import READ_INSTEAD, check_request, reads, would_change
from connectory.catalog.checks.servers import addresses_of, check_held, check_server_name
from connectory.catalog.checks.words import check_header_name, check_headers
from connectory.catalog.manifest import (
    AuthMethod,
    AuthMethodBase,
    CredentialField,
    FieldKind,
    JwtBearerMethod,
    Placement,
    Proof,
    TokenRequest,
    Verify,
)
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath

OF_CLIENT = frozenset({"client_id", "client_secret"})  # sent to the token endpoint, by the backend itself
OF_SECRETS = frozenset({"api_key", "basic", "fields"})
NOTHING_PLACED = frozenset({"none", "dsn", "oauth1"})


def check_auth(sign: Sign) -> Iterator[Finding]:
    """Yield what is wrong with the manifest's own ways to sign in, and with how they are proven."""
    for name, method in sign.manifest.auth.items():
        path: KeyPath = ("auth", name)
        yield from _check_fields(path, method, sign)
        yield from _check_placements(path, method, sign)
        yield from check_oauth(path, method, sign)
        if method.verify is not None:
            yield from _check_verify((*path, "verify"), method.verify, sign)
    yield from _check_verify_is_there(sign)
    if sign.manifest.verify is not None:
        yield from _check_verify(("verify",), sign.manifest.verify, sign)


def _check_fields(path: KeyPath, method: AuthMethod, sign: Sign) -> Iterator[Finding]:
    addresses = addresses_of(sign, str(path[-1]), method)
    for name, field in method.fields.items():
        here = (*path, "fields", name)
        yield from _check_field(here, name, field)
        yield from check_held(here, name, field, addresses)
    if method.method in OF_SECRETS and not secret_fields(method):
        hint = "Give the field that is one `kind: secret`; where nothing is, choose method none."
        place = (*path, "fields") if "fields" in method.model_fields_set else path
        yield Finding(place, f"Method {method.method} asks for no secret.", hint)
    told = list(sign_in_facts(method, certain=False))
    for name in sorted({name for name in told if told.count(name) > 1}):
        yield Finding(path, f"The fact '{name}' comes from two places.", "Name one of them otherwise.")


def _check_field(path: KeyPath, name: str, field: CredentialField) -> Iterator[Finding]:
    if ALWAYS_KNOWN in ([] if field.is_secret else [name, *field.gives]):
        yield Finding(path, "{connection.id} is the connection's own id.", "Choose another name.")
    if field.is_secret and field.default is not None:
        yield Finding((*path, "default"), "A secret has no default.", "Remove it.")
    if field.kind is FieldKind.CHOICE and field.pattern is not None:
        yield Finding((*path, "pattern"), "A choice needs no pattern: only its `choices` are taken.", "Remove it.")
    if field.default is not None and field.pattern is not None and not _fits(field.pattern, field.default):
        yield Finding((*path, "default"), "The default does not match the field's own pattern.")


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except (re.error, RecursionError, OverflowError):
        return True  # the pattern's own finding says it


def _check_placements(path: KeyPath, method: AuthMethod, sign: Sign) -> Iterator[Finding]:
    names = Names(facts=set(sign_in_facts(method, certain=False)), secrets=secrets_of(method), flat=True)
    places: list[tuple[KeyPath, Placement]] = [(path, method)]
    places += [((*path, "by_server", server), place) for server, place in method.by_server.items()]
    places += [((*path, "by_credential", name), place) for name, place in method.by_credential.items()]
    for here, place in places:
        yield from _check_placement(here, place, names, sign)
    if not sign.manifest.is_bundle:
        for server in method.by_server:
            yield from check_server_name((*path, "by_server", server), server, sign.manifest)
    if method.method in NOTHING_PLACED:
        yield from _check_nothing_placed(path, method)
    else:
        yield from _check_all_sent(path, method)


def _check_placement(path: KeyPath, place: Placement, names: Names, sign: Sign) -> Iterator[Finding]:
    yield from check_headers((*path, "headers"), place.headers, names)
    for parameter, text in place.query.items():
        yield from check_template((*path, "query", parameter), text, names)
    if place.basic is not None:
        yield from check_template((*path, "basic", "username"), place.basic.username, names)
        yield from check_template((*path, "basic", "password"), place.basic.password, names)
        if any(name.lower() == "authorization" for name in place.headers):
            yield Finding((*path, "headers"), "Basic sets the Authorization header itself.", "Leave it out.")
    common = {header.lower() for header in sign.manifest.headers}
    for header in place.headers:
        if header.lower() in common:
            yield Finding((*path, "headers", header), f"Header {header} stands in `headers` too.", "Keep one of them.")


def _check_nothing_placed(path: KeyPath, method: AuthMethod) -> Iterator[Finding]:
    for key in ("headers", "query", "basic", "by_server", "by_credential"):
        if getattr(method, key):
            yield Finding((*path, key), f"Method {method.method} places nothing in a request.", "Remove it.")
    if method.method == "none" and secret_fields(method):
        yield Finding(path, "Method none has nothing to sign in with.", "Choose api_key or fields.")


def _check_all_sent(path: KeyPath, method: AuthMethod) -> Iterator[Finding]:
    """A secret that goes nowhere was asked for in vain, or its placeholder is misspelt."""
    sent = _placed_secrets(method)
    if isinstance(method, TokenRequest):
        sent |= OF_CLIENT | {item.name for item in placeholders_of([method.token_parameters, method.token_headers])}
        for token in method.token_answer.further:
            if token not in sent:
                hint = f"Place {{credential.{token}}} under `by_credential` or `by_server`."
                yield Finding((*path, "token_answer", "further", token), f"The token '{token}' is never sent.", hint)
        if not method.placements[0].headers and not method.query and method.basic is None:
            yield Finding((*path, "headers"), "The token is never sent.", "Place {credential.access_token}.")
    if isinstance(method, JwtBearerMethod):
        sent |= {item.name for item in placeholders_of([method.key, method.issuer, method.subject, method.audience])}
    for name in sorted(secret_fields(method) - sent):
        yield Finding(
            (*path, "fields", name) if "fields" in method.model_fields_set else path,
            f"The secret '{name}' is never sent.",
            f"Place {{credential.{name}}} by `header` or `query`.",
        )


def _placed_secrets(method: AuthMethodBase) -> set[str]:
    texts = [[*place.headers.values(), *place.query.values()] for place in method.placements]
    basics = [place.basic for place in method.placements if place.basic is not None]
    halves = [[basic.username, basic.password] for basic in basics]
    return {item.name for item in placeholders_of([texts, halves]) if item.scope == "credential"}


def _check_verify_is_there(sign: Sign) -> Iterator[Finding]:
    manifest = sign.manifest
    if manifest.verify is not None or manifest.is_bundle:
        return
    unproven = [
        method for method in sign.methods if method.method != "none" and sign.manifest.verify_of(method) is None
    ]
    if unproven:
        hint = "Name a cheap call that proves the credentials and tells whose they are."
        yield Finding(("verify",), "'verify' is missing.", hint)


def _check_verify(path: KeyPath, verify: Verify, sign: Sign) -> Iterator[Finding]:
    yield from _check_proof(path, verify, sign)
    if verify.otherwise is None:
        return
    yield from _check_proof((*path, "otherwise"), verify.otherwise, sign)
    for name in sorted(verify.facts.keys() - verify.otherwise.facts.keys()):
        hint = "Give it there too, so that every connection has it."
        yield Finding((*path, "facts", name), f"`otherwise` does not give the fact '{name}'.", hint)


def _check_proof(path: KeyPath, verify: Proof, sign: Sign) -> Iterator[Finding]:
    request = (*path, "request")
    names = Names(facts=sign.facts_before_verify, lacking=sign.lacking(sign.ways, before_verify=True))
    yield from check_request(request, verify.request, sign, names, certain=sign.facts_before_verify)
    if not reads(verify.request):
        message = f"A verify call changes nothing: {would_change(verify.request)} would."
        yield Finding(request, message, READ_INSTEAD)
    if verify.request.method == "HEAD":
        yield Finding((*request, "head"), "A HEAD answer has no body to read the account from.", "Use get.")
    yield from check_expression((*path, "account", "id"), verify.account.id)
    yield from check_header_name((*path, "account", "header"), verify.account.header)
    yield from check_expression((*path, "account", "name"), verify.account.name)
    for name, text in verify.facts.items():
        if name == ALWAYS_KNOWN:
            yield Finding((*path, "facts", name), "{connection.id} is the connection's own id.", "Choose another name.")
        yield from check_expression((*path, "facts", name), text)
    if verify.scopes is not None:
        yield from check_header_name((*path, "scopes", "header"), verify.scopes.header)
        yield from check_expression((*path, "scopes", "body"), verify.scopes.body)
