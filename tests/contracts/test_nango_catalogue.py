"""What the manifests say of Nango, against its own catalogue: where the API is, where the credential goes, scopes.

The catalogue is Nango's file of providers (0.71.4), which is in no package that may be copied: `TEST_SPECS_DIR`.
Every difference is listed in `nango_differences.py` with what comes of it; one that is not there fails, and so does one
that is there and gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jmespath
import pytest
from pydantic import SecretStr
from tests.contracts.nango_differences import ACCEPTED
from tests.contracts.openapi import IN_NO_PACKAGE
from tests.gate.gate import packaged
from tests.nango.placing import authorize
from tests.nango.providers import FILE, load_providers
from tests.nango.state import Connection, Integration
from tests.nango.templates import fill

from connectory.actions.filling import Values
from connectory.actions.request import PreparedRequest, server_base, with_credentials
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import AuthMethod, FieldKind, TokenRequest
from connectory.net.url import parse_url

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{IN_NO_PACKAGE}{FILE.name}; TEST_SPECS_DIR names their folder"
)
TOKEN = "T0KEN"
MODES = {
    "api_key": {"API_KEY", "BASIC"},
    "basic": {"BASIC"},
    "fields": {"BASIC", "API_KEY"},
    "oauth2": {"OAUTH2"},
    "client_credentials": {"OAUTH2_CC"},
    "jwt_bearer": {"JWT", "TWO_STEP"},
    "oauth1": {"OAUTH1"},
}
CREDENTIALS = {
    "OAUTH2": {"access_token": TOKEN},
    "OAUTH2_CC": {"token": TOKEN},
    "API_KEY": {"apiKey": TOKEN},
    "BASIC": {"username": TOKEN, "password": TOKEN},
    "TWO_STEP": {"token": TOKEN},
    "JWT": {"token": TOKEN},
}
CONFIG = {
    "subdomain": "acme",
    "storeURL": "shop.acme.example",
    "instance_url": "https://acme.my.salesforce.com",
    "api_domain": "https://acme.pipedrive.com",
    "hostname": "gitlab.acme.example",
    "cloudId": "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f",
}
FILLED_BY_SCRIPTS = {"jira": {"cloudId"}, "confluence": {"cloudId"}}  # after the sign-in, by Nango's own code
_NAME = re.compile(r"(?<![\w'\".])(?:\"([\w-]+)\"|([A-Za-z_]\w*))(?![\w(])")


@dataclass(frozen=True)
class Pair:
    """One way to sign in, and what it is at Nango."""

    connector: Connector
    name: str
    provider: str

    def __str__(self) -> str:
        return f"{self.connector.name} {self.name} {self.provider}"

    @property
    def method(self) -> AuthMethod:
        return self.connector.auth[self.name]

    @property
    def entry(self) -> dict[str, Any]:
        return load_providers()[self.provider]

    @property
    def config(self) -> Mapping[str, str]:
        own = {"extension": "eu", "api_domain": "https://www.zohoapis.eu"} if self.connector.name == "zoho" else {}
        return {**CONFIG, **own}

    @property
    def facts(self) -> Mapping[str, str]:
        """Those that Nango has, by the manifest's own expressions; the others come with the token."""
        assert self.method.nango is not None
        told = {name: jmespath.search(path, dict(self.config)) for name, path in self.method.nango.facts.items()}
        return {"api_domain": self.config["api_domain"], **told}


def pairs() -> list[Pair]:
    found = []
    for connector in packaged().connectors.values():
        for name, method in connector.auth.items():
            if method.nango is not None and not connector.manifest.is_bundle:
                known = connector.signed_in_by(name)
                found += [Pair(known, name, provider) for provider in method.nango.providers]
    return found


def differences(pair: Pair) -> set[str]:
    return {*_of_kind(pair), *_of_address(pair), *_of_separator(pair), *_of_headers(pair), *_of_names(pair)}


def _of_kind(pair: Pair) -> Iterator[str]:
    mode = pair.entry["auth_mode"]
    if mode not in MODES[pair.method.method]:
        yield f"auth_mode {mode}"


def _of_address(pair: Pair) -> Iterator[str]:
    """The proxy's own address is one of our servers': else each call must name the one it goes to."""
    values = Values({}, pair.facts)
    ours = {parse_url(server_base(pair.connector, name, values)).origin for name in pair.connector.manifest.servers}
    base = fill(pair.entry["proxy"]["base_url"], dict(pair.config), {})
    assert base is not None
    if parse_url(base).origin not in ours:
        yield f"base_url {parse_url(base).origin}"


def _of_separator(pair: Pair) -> Iterator[str]:
    if isinstance(pair.method, TokenRequest) and pair.method.scopes:
        theirs = pair.entry.get("scope_separator", " ")
        if theirs != pair.method.scope_separator:
            yield f"scope_separator {theirs!r}"


def _of_headers(pair: Pair) -> Iterator[str]:
    """What Nango adds to a request by itself, and what we add: the credential, versions."""
    now = datetime.now(UTC)
    held = {"type": pair.entry["auth_mode"], **CREDENTIALS[pair.entry["auth_mode"]]}
    connection = Connection(1, "c", "i", held, now, now, connection_config=dict(pair.config))
    theirs = authorize(pair.entry, Integration("i", pair.provider, now, now), connection, "GET", "https://x.example")
    ours = _our_headers(pair)
    for name in sorted({*theirs, *ours}):
        if name not in ours:
            yield f"header {name} added"
        elif name not in theirs and TOKEN in ours[name]:
            yield f"header {name} missing"
        elif name in theirs and theirs[name] != ours[name]:
            yield f"header {name} differs"


def _our_headers(pair: Pair) -> dict[str, str]:
    method, connector = pair.method, pair.connector
    names = {name for name, one in method.fields.items() if one.is_secret}
    names |= {"access_token", *method.token_answer.further} if isinstance(method, TokenRequest) else set()
    typed = {name: TOKEN for name, one in method.fields.items() if one.kind is FieldKind.TEXT}
    values = Values({}, {**typed, **pair.facts}, {name: SecretStr(TOKEN) for name in names})
    request = PreparedRequest("GET", "https://x.example/", dict(connector.manifest.headers), None, "")
    sent = with_credentials(connector, pair.name, request, values)
    return {name.lower(): value for name, value in sent.headers.items()}


def _of_names(pair: Pair) -> Iterator[str]:
    """Each fact and credential is taken from something that Nango has."""
    assert pair.method.nango is not None
    config = {*pair.entry.get("connection_config", {}), *pair.entry.get("token_response_metadata", [])}
    config |= FILLED_BY_SCRIPTS.get(pair.connector.name, set())
    for fact, path in pair.method.nango.facts.items():
        yield from (f"fact {fact} of {name}" for name in _names(path) - config)
    held = {*CREDENTIALS[pair.entry["auth_mode"]], "raw"}
    for field, path in pair.method.nango.credentials.items():
        yield from (f"credential {field} of {name}" for name in _names(path) - held)


def _names(expression: str) -> set[str]:
    """The members that an expression begins at."""
    return {first or second for first, second in _NAME.findall(re.sub(r"'[^']*'", "''", expression))}


@pytest.mark.parametrize("pair", pairs(), ids=str)
def test_a_manifest_agrees_with_nangos_catalogue_but_for_what_is_listed(pair: Pair) -> None:
    assert pair.provider in load_providers(), "this Nango has no such provider"

    assert differences(pair) == set(ACCEPTED.get(str(pair), {}))


def test_nothing_is_listed_of_what_no_manifest_says() -> None:
    assert set(ACCEPTED) <= {str(pair) for pair in pairs()}


def test_every_listed_difference_says_what_comes_of_it() -> None:
    assert all(len(reason) > 20 for listed in ACCEPTED.values() for reason in listed.values())


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("subdomain", {"subdomain"}),
        ('"accounts-server"', {"accounts-server"}),
        ("join('', ['https://', storeURL])", {"storeURL"}),
        ("site.url", {"site"}),
        ("'https://gitlab.com'", set()),
    ],
)
def test_the_members_of_an_expression_are_found(expression: str, names: set[str]) -> None:
    assert _names(expression) == names
