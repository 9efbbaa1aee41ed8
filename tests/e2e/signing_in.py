"""Sign in to any connector in a test: facts that fit its servers, credentials that a double knows again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.contracts.contract import Contract

from connectory.actions.filling import Values
from connectory.actions.request import credential_names, server_base
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import CredentialField, SignInFact, TokenRequest
from connectory.identity.principal import Principal
from connectory.net.url import parse_url
from connectory.testing.application import connect, grant_oauth
from connectory.wiring import Application

SECRET = "s3cretOfTheTest0123456789abcdef"
GUESSES = ("acme", "1234", "a", "us", "123e4567-e89b-12d3-a456-426614174000", "acme.example")
ORIGIN = "https://acme.example"


def ways(connector: Connector, contract: Contract) -> tuple[str, str]:
    """The way to sign in that the manifest names first, and one by a form where there is one."""
    if contract.signed_in_by is not None:
        return contract.signed_in_by, contract.signed_in_by
    names = [name for name, method in connector.auth.items() if method.method != "oauth1"]
    by_form = next((name for name in names if not isinstance(connector.auth[name], TokenRequest)), names[-1])
    return names[0], by_form


def facts_of(connector: Connector, contract: Contract, method: str) -> dict[str, str]:
    """What stands for each `{connection.NAME}`: what the contract says, or what fits."""
    way = connector.auth[method]
    fields: dict[str, CredentialField | SignInFact] = {
        name: field for name, field in way.fields.items() if not field.is_secret
    }
    if isinstance(way, TokenRequest):
        fields |= way.facts
    facts = {name: contract.facts.get(name) or _guess(name, field) for name, field in fields.items()}
    given = [(fact, of[facts[name]]) for name, field in way.fields.items() for fact, of in field.gives.items()]
    return facts | dict(given)


def secrets_of(connector: Connector, contract: Contract, method: str) -> dict[str, str]:
    """What stands for each secret of the form."""
    fields = {name: field for name, field in connector.auth[method].fields.items() if field.is_secret}
    return {name: contract.facts.get(name) or _guess_secret(name, field) for name, field in fields.items()}


def origins_of(connector: Connector, method: str, facts: Mapping[str, str]) -> list[str]:
    """The origins of all servers that a connection by this method reaches."""
    seen = connector.signed_in_by(method)
    return [parse_url(server_base(seen, name, Values({}, facts, {}))).origin for name in seen.manifest.servers]


async def sign_in(
    application: Application,
    principal: Principal,
    connector: Connector,
    method: str,
    facts: Mapping[str, str],
    secrets: Mapping[str, str],
) -> None:
    """Connect by the form of the method; where it leads to the provider, as if that had let the person in."""
    way = connector.auth[method]
    if isinstance(way, TokenRequest):
        further = {name: SECRET for place in way.placements for name in credential_names(place)}
        further.pop("access_token", None)
        await grant_oauth(application, principal, connector.name, method, token=SECRET, facts=facts, further=further)
        return
    values = {**{name: facts[name] for name in way.fields if name in facts}, **secrets}
    await connect(application, principal, connector.name, method=method, values=values)


def _guess(name: str, field: CredentialField | SignInFact) -> str:
    if field.choices:
        return next(iter(field.choices))
    default, placeholder = getattr(field, "default", None), getattr(field, "placeholder", "")
    guesses = [ORIGIN] if field.kind == "origin" else list(GUESSES)
    for text in (default, placeholder, *guesses, _spelled_out(field.pattern or "")):
        if text and (field.pattern is None or re.fullmatch(field.pattern, text)):
            return str(text)
    raise AssertionError(f"nothing known fits the fact '{name}': say one in the contract's `facts`")


def _guess_secret(name: str, field: CredentialField) -> str:
    for text in (SECRET, field.placeholder.partition("...")[0] + SECRET):
        if field.pattern is None or re.fullmatch(field.pattern, text):
            return text
    raise AssertionError(f"nothing known fits the secret '{name}': say one in the contract's `facts`")


def _spelled_out(pattern: str) -> str:
    """A text that a simple pattern means: of choices the first, and a word for a set of characters."""
    text = re.sub(r"\[[^\]]*\](\+|\*|\{[^}]*\})?", "acme", pattern)
    while (shorter := re.sub(r"\(([^()|]*)(\|[^()]*)?\)", r"\1", text)) != text:
        text = shorter
    return text.replace("\\", "")
