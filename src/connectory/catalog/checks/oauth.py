"""Checks of OAuth as a manifest declares it: endpoints, scopes, facts, tokens (RFC 6749, 8414, 8628)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from connectory.catalog.checks.expressions import check_expression
from connectory.catalog.checks.facts import Sign, secret_fields
from connectory.catalog.checks.names import ALWAYS_KNOWN, Names, check_template, placeholders_of
from connectory.catalog.checks.requests import READ_INSTEAD, check_request, reads, would_change
from connectory.catalog.checks.servers import addresses_of, check_address, check_held, sign_in_addresses
from connectory.catalog.checks.words import check_headers
from connectory.catalog.manifest import (
    AppRegistration,
    AuthMethod,
    ClientCredentialsMethod,
    Input,
    JwtBearerMethod,
    OAuth1Method,
    OAuth2Method,
    TokenRequest,
)
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath

REVOKING = {"client_id": Input(type="string"), "client_secret": Input(type="string")}
REGISTERING = {"redirect_uri": Input(type="string"), "scopes": Input(type="string")}


class _Known(NamedTuple):
    """Which facts are known at a step of the sign-in."""

    typed: set[str]  # before the browser leaves
    called_back: set[str]  # when the code is exchanged
    signed_in: set[str]  # when a token is refreshed or withdrawn


def check_oauth(path: KeyPath, method: AuthMethod, sign: Sign) -> Iterator[Finding]:
    """Yield what is wrong with the parts of a way to sign in that only OAuth has."""
    if not isinstance(method, TokenRequest | OAuth1Method):
        return
    known = _known(method)
    yield from _check_addresses(path, method, known)
    if method.register_app is not None:
        yield from _check_registration((*path, "register"), method.register_app)
    if isinstance(method, OAuth1Method):
        yield from _check_texts((*path, "authorize_parameters"), method.authorize_parameters, Names(facts=known.typed))
        return
    yield from _check_token_request(path, method, sign, known)
    yield from _check_scopes(path, method)
    if isinstance(method, OAuth2Method):
        yield from _check_code_flow(path, method, sign, known)
    else:
        yield from _check_client(path, method)
    if isinstance(method, JwtBearerMethod):
        names = Names(facts=known.typed, secrets=secret_fields(method), flat=True)
        optional = replace(names, facts={name for name, field in method.fields.items() if not field.is_secret})
        for key in ("key", "issuer", "subject", "audience"):
            if (text := getattr(method, key)) is not None:
                yield from check_template((*path, key), text, optional if key == "subject" else names)
        if not any(item.scope == "credential" for item in placeholders_of(method.key)):
            yield Finding((*path, "key"), "The private key is a secret.", "Write it like {credential.account}.")


def _known(method: TokenRequest | OAuth1Method) -> _Known:
    fields = method.fields.items()
    typed = {name for name, field in fields if not field.is_secret and (field.required or field.default is not None)}
    told = method.facts if isinstance(method, TokenRequest) else {}
    called_back = typed | {name for name, fact in told.items() if fact.callback is not None}
    return _Known(typed, called_back, called_back | set(told))


def _check_addresses(path: KeyPath, method: TokenRequest | OAuth1Method, known: _Known) -> Iterator[Finding]:
    at = {"token_url": known.called_back, "refresh_url": known.signed_in, "access_token_url": known.called_back}
    for key, text in sign_in_addresses(method).items():
        yield from _check_one_address((*path, key), text, method, at.get(key, known.typed))
    if isinstance(method, OAuth2Method) and method.revoke is not None:
        here, spec = (*path, "revoke"), method.revoke
        names = Names(inputs=REVOKING, facts=known.signed_in)
        url = spec.url.replace("{client_id}", "id")
        yield from _check_one_address((*here, "url"), url, method, known.signed_in)
        yield from _check_texts((*here, "parameters"), spec.parameters, names)
        yield from check_headers((*here, "headers"), spec.headers, replace(names, secrets=set()))


def _check_one_address(
    path: KeyPath, text: str, method: TokenRequest | OAuth1Method, facts: set[str]
) -> Iterator[Finding]:
    broken = list(check_template(path, text, Names(facts=facts, flat=True)))
    yield from broken
    if not broken:
        yield from check_address(path, text, [method], is_base=False)


def _check_registration(path: KeyPath, app: AppRegistration) -> Iterator[Finding]:
    yield from check_template((*path, "url"), app.url, Names(inputs=REGISTERING))
    if not app.url.startswith("https://"):
        yield Finding((*path, "url"), "A client is registered over https.", "Begin the address with https://.")


def _check_token_request(path: KeyPath, method: TokenRequest, sign: Sign, known: _Known) -> Iterator[Finding]:
    names = Names(facts=known.called_back, secrets=secret_fields(method), flat=True)
    yield from _check_texts((*path, "token_parameters"), method.token_parameters, names)
    yield from check_headers((*path, "token_headers"), method.token_headers, names)
    answer = method.token_answer
    for key in ("access_token", "refresh_token", "expires_in", "scope", "error"):
        yield from check_expression((*path, "token_answer", key), getattr(answer, key), converters=False)
    for name, text in answer.further.items():
        yield from check_expression((*path, "token_answer", "further", name), text, converters=False)
    addresses = addresses_of(sign, str(path[-1]), method)
    for name, fact in method.facts.items():
        here = (*path, "facts", name)
        if name == ALWAYS_KNOWN:
            yield Finding(here, "{connection.id} is the connection's own id.", "Choose another name.")
        yield from check_expression((*here, "token"), fact.token, converters=False)
        yield from check_expression((*here, "chosen"), fact.chosen, converters=False)
        if fact.chosen is not None and (not isinstance(method, OAuth2Method) or method.choose is None):
            yield Finding((*here, "chosen"), "Nothing is chosen after this sign-in.", "Say what by `choose`.")
        yield from check_held(here, name, fact, addresses)


def _check_client(path: KeyPath, method: ClientCredentialsMethod | JwtBearerMethod) -> Iterator[Finding]:
    """Without a browser the client proves itself by what the person enters (RFC 6749 section 4.4.2)."""
    here = (*path, "client_authentication")
    if method.client_authentication == "private_key_jwt":
        yield Finding(here, f"Method {method.method} has no place for the client's key.", "Use client_secret_post.")
    if not isinstance(method, ClientCredentialsMethod):
        return
    if method.client_authentication == "none":
        yield Finding(here, "A client without a secret has no rights of its own.", "Use client_secret_post.")
    for name in ("client_id", "client_secret"):
        field = method.fields.get(name)
        written = f"{name}: {{title: ..., kind: secret}}" if name == "client_secret" else f"{name}: {{title: ...}}"
        if field is None:
            hint = f"The client's id and secret are fields of these very names: write `{written}`."
            yield Finding((*path, "fields", name), f"'{name}' is missing.", hint)
        elif not field.required:
            yield Finding((*path, "fields", name), "No token is given without it.", "Remove `required: false`.")
        elif name == "client_secret" and not field.is_secret:
            yield Finding((*path, "fields", name), "The client's secret is one.", "Write `kind: secret`.")


def _check_scopes(path: KeyPath, method: TokenRequest) -> Iterator[Finding]:
    always = method.always_scopes if isinstance(method, OAuth2Method) else []
    named: list[tuple[KeyPath, str]] = [(("scopes", scope), scope) for scope in method.scopes]
    named += [(("always_scopes", at), scope) for at, scope in enumerate(always)]
    for tail, scope in named:
        if not scope or any(character.isspace() for character in scope) or method.scope_separator in scope:
            yield Finding((*path, *tail), f"{scope!r} is not one scope.", "Write each scope by itself.")


def _check_code_flow(path: KeyPath, method: OAuth2Method, sign: Sign, known: _Known) -> Iterator[Finding]:
    yield from _check_texts((*path, "authorize_parameters"), method.authorize_parameters, Names(facts=known.typed))
    taken = {"client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"}
    for name in sorted(taken & method.authorize_parameters.keys()):
        yield Finding((*path, "authorize_parameters", name), f"'{name}' is set by the sign-in itself.", "Leave it out.")
    if method.choose is None:
        return
    choose, here = method.choose, (*path, "choose")
    before = known.signed_in - {name for name, fact in method.facts.items() if fact.chosen is not None}
    yield from check_request((*here, "request"), choose.request, sign, Names(facts=before), certain=before)
    if not reads(choose.request):
        message = f"This call only reads: {would_change(choose.request)} would change something."
        yield Finding((*here, "request"), message, READ_INSTEAD)
    for key in ("items", "id", "name"):
        yield from check_expression((*here, key), getattr(choose, key))


def _check_texts(path: KeyPath, texts: dict[str, str], names: Names) -> Iterator[Finding]:
    for name, text in texts.items():
        yield from check_template((*path, name), text, names)
