"""An action does the same whichever way it goes: with the credential from here, or through Nango's proxy.

Every action of every packaged connector that Nango knows is sent both ways, to servers that remember what reached them;
the proxy is the double's. What must not go that way says why, and sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from pydantic import SecretStr
from tests.contracts.samples import sample
from tests.gate.doubles.serving import Double, Reaching, Reply, Request, running
from tests.gate.gate import packaged
from tests.nango.providers import load_providers
from tests.nango.serving import NangoDouble, nango_double
from tests.nango.state import Connection, Integration

from connectory.actions.executor import Outcome, Paging, Target
from connectory.actions.files import File
from connectory.actions.http import HttpExecutor
from connectory.actions.nango_proxy import NangoProxy, why_direct
from connectory.actions.raw import RawRequest
from connectory.auth.hosts import resolve_hosts
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Input, TokenRequest
from connectory.errors import ConnectoryError
from connectory.net.client import OutboundClient
from connectory.net.url import parse_url
from connectory.vault.credentials import Credentials, NangoReference, OAuthTokens, SecretFields

pytestmark = pytest.mark.slow
TOKEN = "s3cret-token-of-the-account"
FACTS = {
    "shop": "acme",
    "store": "https://shop.acme.example",
    "site": "acme",
    "domain": "acme.my.salesforce.com",
    "instance_url": "https://acme.my.salesforce.com",
    "api_domain": "https://www.zohoapis.eu",
    "cloud_id": "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f",
}
CONFIG = {
    "subdomain": "acme",
    "storeURL": "shop.acme.example",
    "instance_url": FACTS["instance_url"],
    "extension": "eu",
}
OF_THE_WAY = ("host", "content-length", "accept-encoding", "connection", "transfer-encoding")
CREDENTIAL = ("authorization", "x-shopify-access-token", "private-token")
ANSWERS = {
    404: Reply(404, {"message": "no such thing", "error": {"message": "no such thing"}}),
    429: Reply(429, {"message": "slow down"}, {"Retry-After": "999", "X-RateLimit-Remaining": "0"}),
    401: Reply(401, {"message": "who are you"}),
}


class Anything(Double):
    """A provider that answers every request with `reply`."""

    reply = Reply(200, {})

    def unknown(self, request: Request) -> Reply:
        """Whatever the test wants."""
        return self.reply


@dataclass
class BothWays:
    """One connection by two ways, and the provider behind both."""

    connector: Connector
    method: str
    facts: Mapping[str, str]
    providers: Mapping[str, Anything]  # by origin
    nango: NangoDouble
    client: OutboundClient
    out: OutboundClient
    reference: NangoReference

    @property
    def direct(self) -> Target:
        """With the credential from here."""
        hosts = hosts_of(self.connector, self.method, self.facts)
        facts = {**self.facts, "id": "cn_1"}
        return Target(self.connector, self.method, facts, hosts, credentials_of(self.connector, self.method), 20)

    @property
    def proxied(self) -> Target:
        """With Nango's."""
        return replace(self.direct, credentials=self.reference)

    def executor(self) -> HttpExecutor:
        """One whose idempotency keys are the same each time."""
        proxy = NangoProxy(self.out, self.nango.origin, SecretStr(self.nango.dev.key))
        return HttpExecutor(self.client, new_key=lambda: "one-key", proxy=proxy)

    async def run(self, target: Target, action: Action, arguments: Mapping[str, Any]) -> tuple[Any, list[Any]]:
        """What comes of an action, and what reached the provider."""
        return await self.told(self.executor().run(target, action, arguments, Paging(3)))

    async def told(self, call: Any) -> tuple[Any, list[Any]]:
        """What comes of a call, error or not, and what reached the provider."""
        for provider in self.providers.values():
            provider.received.clear()
        self.nango.state.windows.clear()  # its rate limit is another test's
        try:
            came: Any = outcome_of(await call)
        except ConnectoryError as error:
            came = (error.code, error.text, error.retry_after_s)
        return came, [(at, arrived(one)) for at, provider in self.providers.items() for one in provider.received]

    def answer(self, reply: Reply) -> None:
        """Let every server of the provider answer so."""
        for provider in self.providers.values():
            provider.reply = reply


def outcome_of(outcome: Outcome) -> Any:
    """All of an outcome; a file as its bytes and type."""
    file = outcome.file
    return replace(outcome, file=None), file and (file.data, file.media_type, file.name)


def arrived(request: Request) -> Any:
    """A request as the provider got it, but for what differs by the connection that carried it, and the credential."""
    headers = {name: value for name, value in request.headers.items() if name not in (*OF_THE_WAY, *CREDENTIAL)}
    body: Any = request.body
    if not body:
        headers.pop("content-type", None)  # some of Nango's entries set it for every request
    if request.content_type == "application/json" and body:
        body = request.json  # Nango reads it and writes it anew
    if request.content_type == "application/x-www-form-urlencoded" and body:
        body = request.form  # and this too
    boundary = re.search(r"boundary=\"?([^\";]+)", headers.get("content-type", ""))
    if boundary is not None:
        body = body.replace(boundary[1].encode(), b"-")
        headers["content-type"] = headers["content-type"].replace(boundary[1], "-")
    return request.method, request.path, request.query, headers, body


def hosts_of(connector: Connector, method: str, facts: Mapping[str, str]) -> Any:
    given = connector.auth[method]
    told = given.facts if isinstance(given, TokenRequest) else {}
    servers = connector.manifest.servers_of(method)
    return resolve_hosts(servers, given.fields, facts, private_confirmed=False, given=told)


def credentials_of(connector: Connector, method: str) -> Credentials:
    given = connector.auth[method]
    if isinstance(given, TokenRequest):
        further = {name: SecretStr(f"{name}-{TOKEN}") for name in given.token_answer.further}
        return OAuthTokens(access_token=SecretStr(TOKEN), further=further)
    return SecretFields(values={name: SecretStr(TOKEN) for name, one in given.fields.items() if one.is_secret})


def at_nango(provider: str) -> dict[str, Any]:
    """The same credentials as Nango keeps them."""
    match load_providers()[provider]["auth_mode"]:
        case "API_KEY":
            return {"type": "API_KEY", "apiKey": TOKEN}
        case "BASIC":
            return {"type": "BASIC", "username": TOKEN, "password": TOKEN}
        case "OAUTH2_CC":
            return {"type": "OAUTH2_CC", "token": TOKEN, "client_id": "c", "client_secret": "s", "raw": {}}
    return {"type": "OAUTH2", "access_token": TOKEN, "raw": {"access_token": TOKEN}}


@cache
def known() -> dict[str, tuple[str, str]]:
    """The packaged connectors that Nango has, each with a way to sign in and the provider there."""
    providers = load_providers()
    found: dict[str, tuple[str, str]] = {}
    for name, connector in packaged().connectors.items():
        for method, spec in connector.auth.items():
            fitting = [one for one in (spec.nango.providers if spec.nango is not None else ()) if one in providers]
            if fitting and not connector.manifest.is_bundle:
                found.setdefault(name, (method, fitting[0]))
    return found


def sendable(connector: Connector, method: str) -> Iterator[Action]:
    """The actions that go both ways."""
    for action in connector.actions.values():
        if not why_direct(connector, method, action.manifest):
            yield action


def value_of(spec: Input) -> Any:
    """A value for an input, a whole file where one is wanted; None where nothing is known that fits."""
    if spec.type == "file":
        return File(b"a,b\n1,2\n", "text/csv", "a.csv")
    if spec.type == "array" and spec.items is not None and spec.items.type == "file":
        return [value_of(spec.items)]
    try:
        return sample(spec)
    except ValueError:
        return None


def arguments_of(action: Action, *, whole: bool) -> dict[str, Any]:
    """A value for every input, or for those that must be given."""
    given = action.manifest.inputs.items()
    needed = {names[0] for names in action.manifest.needs}
    wanted = {name: spec for name, spec in given if whole or spec.required or spec.default or name in needed}
    values = {name: value_of(spec) for name, spec in wanted.items()}
    return {name: value for name, value in values.items() if value is not None}


def answer_to(action: Action) -> Reply:
    """An answer in which the list is where the action looks for it, when its path is plain."""
    answer = action.manifest.answer
    if answer.kind != "json":
        return Reply(
            200, b"a,b\n1,2\n", {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="a.csv"'}
        )
    item = {"id": 7, "name": "Ann", "created": "2026-11-24T03:31:34Z"}
    body: Any = item if answer.items is None else [item, {**item, "id": 8}]
    for key in reversed(
        (answer.items or "@").removeprefix("@").split(".") if re.fullmatch(r"[\w.@]+", answer.items or "@") else []
    ):
        body = {key: body} if key else body
    return Reply(200, body, {"ETag": '"v1"', "X-Request-Id": "r-1"})


@pytest.fixture(scope="module")
def nango() -> Iterator[NangoDouble]:
    with nango_double() as double:
        double.state.rate_limit = 100_000
        yield double


@pytest.fixture(params=sorted(known()))
async def ways(request: pytest.FixtureRequest, nango: NangoDouble) -> AsyncIterator[BothWays]:
    method, provider_name = known()[request.param]
    connector = packaged().connector(request.param).signed_in_by(method)
    given = connector.auth[method]
    names = {*given.fields, *(given.facts if isinstance(given, TokenRequest) else ())}
    origins = {name for name, one in given.fields.items() if one.is_origin}
    facts = {name: FACTS.get(name, "https://server.acme.example" if name in origins else "x") for name in names}
    now = datetime.now(UTC)
    nango.dev.integrations["it"] = Integration("it", provider_name, now, now)
    held = at_nango(provider_name)
    nango.dev.connections["it", "c 1"] = Connection(1, "c 1", "it", held, now, now, connection_config=dict(CONFIG))
    providers = {parse_url(rule.origin).origin: Anything() for rule in hosts_of(connector, method, facts)}
    async with running(*providers.values()):
        for origin, provider in providers.items():
            nango.place(origin, provider.origin)
        client = OutboundClient(mounts={origin: Reaching(provider) for origin, provider in providers.items()})
        out = OutboundClient(allow_hosts=(nango.origin.removeprefix("http://"),))
        reference = NangoReference(connection_id="c 1", integration="it", sign_in="s")
        yield BothWays(connector, method, facts, providers, nango, client, out, reference)
        await client.aclose()
        await out.aclose()


async def test_an_action_sends_and_gives_the_same_both_ways(ways: BothWays) -> None:
    for action in sendable(ways.connector, ways.method):
        ways.answer(answer_to(action))
        reached = 0
        for whole in (True, False):
            arguments = arguments_of(action, whole=whole)

            from_here = await ways.run(ways.direct, action, arguments)
            by_nango = await ways.run(ways.proxied, action, arguments)

            assert by_nango == from_here, action.tool
            reached += len(from_here[1])
        assert reached, f"{action.tool} sent nothing"


@pytest.mark.parametrize("status", [404, 429, 401])
async def test_an_error_of_the_provider_is_the_same_both_ways(ways: BothWays, status: int) -> None:
    ways.answer(ANSWERS[status])
    for action in list(sendable(ways.connector, ways.method))[:3]:
        arguments = arguments_of(action, whole=False)

        from_here = await ways.run(ways.direct, action, arguments)

        assert await ways.run(ways.proxied, action, arguments) == from_here, action.tool


async def test_a_raw_request_is_the_same_both_ways_but_for_headers(ways: BothWays) -> None:
    ways.answer(Reply(200, {"a": 1}, {"ETag": '"v1"'}))
    for raw in (
        RawRequest("GET", "/things/a%2Fb", query={"q": "a b", "n": [1, 2]}, headers={"If-None-Match": '"v0"'}),
        RawRequest("POST", "/things", body={"a": [1.5, None, "ü"]}, headers={"Idempotency-Key": "k"}),
        RawRequest("PUT", "/things/1", body="a=1&b=%20", headers={"Content-Type": "application/x-www-form-urlencoded"}),
        RawRequest("DELETE", "/things/1"),
        RawRequest("PATCH", "/things/1", body="<a/>", headers={"Content-Type": "application/xml"}),
    ):
        outcome, sent = await ways.told(ways.executor().send_raw(ways.direct, raw))
        assert outcome[0].headers == {"etag": '"v1"'}

        by_nango = await ways.told(ways.executor().send_raw(ways.proxied, raw))

        assert by_nango == ((replace(outcome[0], headers={}), None), sent), raw.method


async def test_a_preview_shows_the_same_both_ways_and_sends_nothing(ways: BothWays) -> None:
    for action in ways.connector.actions.values():
        arguments = arguments_of(action, whole=True)

        shown = await ways.told(ways.executor().preview(ways.proxied, action, arguments, Paging(3)))

        assert shown == await ways.told(ways.executor().preview(ways.direct, action, arguments, Paging(3)))
        assert shown[1] == []


async def test_what_needs_the_credential_says_so_and_sends_nothing(ways: BothWays) -> None:
    for action in ways.connector.actions.values():
        why = why_direct(ways.connector, ways.method, action.manifest)
        if why:
            outcome, sent = await ways.run(ways.proxied, action, arguments_of(action, whole=False))

            assert outcome[0] == "backend_unavailable"
            assert why in outcome[1]
            assert sent == []
