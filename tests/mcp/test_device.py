"""`connect` with `CONNECTORY_SIGN_IN=device`: a code to type at the service, in the words and in what clients show."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs

import httpx2
import mcp_types as t
import pytest
from mcp import Client
from mcp.server.lowlevel import Server
from tests.auth.making import Clock

from connectory.catalog.catalog import Catalog
from connectory.cli.faces import list_changes, mcp_server
from connectory.errors import PageUnavailable
from connectory.identity.principal import Principal
from connectory.testing.application import NOTES_ORIGIN, make_application, make_principal, make_settings
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider
from connectory.wiring import Application

Era = Literal["auto", "legacy"]
BOTH_ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])
ORIGIN = "https://acme.example"
ACTIVATE = f"{ORIGIN}/activate"
CODES = ["AAAA-1111", "BBBB-2222", "CCCC-3333"]
ACME_YAML = """
format: 1
name: acme
title: Acme
description: Keep things.
category: other
docs: https://acme.example/docs
servers: {api: "https://acme.example"}
auth:
  oauth:
    method: oauth2
    authorize_url: https://acme.example/authorize
    device_url: https://acme.example/device
    token_url: https://acme.example/token
    client_authentication: none
    register: {url: "https://acme.example/apps/new"}
verify: {request: {get: /me}, account: {id: id, name: id}}
actions:
  get_me:
    title: Get me
    description: Get the account that is signed in.
    effect: read
    request: {get: /me}
    docs: https://acme.example/docs/me
"""
SITES_YAML = ACME_YAML.replace(
    "    register:",
    '    choose: {request: {get: /sites}, items: "@", id: id, name: name}\n'
    "    facts: {site: {chosen: id}}\n    register:",
)
TYPED_YAML = ACME_YAML.replace(
    'servers: {api: "https://acme.example"}', 'servers: {api: "https://{connection.shop}.acme.example"}'
).replace("    authorize_url:", "    fields: {shop: {title: Shop, pattern: '[a-z]+'}}\n    authorize_url:")


@dataclass
class Provider:
    """Gives codes in turn; `error` is what it says of the last one, none once the person has typed it."""

    error: str | None = "authorization_pending"
    account: str = "alice"
    given: int = 0
    status: int = 200

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path == "/device" and self.status == 200:
            self.given += 1
            code = {"device_code": f"d{self.given}", "user_code": CODES[self.given - 1], "verification_uri": ACTIVATE}
            return httpx2.Response(200, json={**code, "expires_in": 600, "interval": 1})
        if path == "/device":
            return httpx2.Response(self.status)
        if path == "/token":
            form = parse_qs(request.content.decode())
            assert form["device_code"] == [f"d{self.given}"]
            if self.error:
                return httpx2.Response(400, json={"error": self.error})
            return httpx2.Response(200, json={"access_token": "a-token", "token_type": "Bearer"})
        sites = [{"id": "s1", "name": "One"}, {"id": "s2", "name": "Two"}]
        return httpx2.Response(200, json=sites if path == "/sites" else {"id": self.account})


@dataclass
class Scene:
    """An agent's client, and the person whom it shows addresses."""

    application: Application
    principal: Principal
    provider: Provider
    clock: Clock
    server: Server[Any]
    then: str | None = None  # what the service says once the person was shown the address; none: signed in
    seen: list[t.ElicitRequestURLParams] = field(default_factory=list)

    @asynccontextmanager
    async def client(self, era: Era, **more: Any) -> AsyncIterator[Client]:
        async with Client(self.server, mode=era, **more) as client:
            yield client

    def type_code(self, error: str | None = None) -> None:
        """What the person does, and what comes of it; the next time to ask has come."""
        self.provider.error = error
        self.clock.pass_by(seconds=2)

    async def look(self, _: Any, asked: t.ElicitRequestParams) -> t.ElicitResult:
        assert isinstance(asked, t.ElicitRequestURLParams)
        self.seen.append(asked)
        self.type_code(self.then)
        return t.ElicitResult(action="accept")


@asynccontextmanager
async def scene(
    *, yaml: str = ACME_YAML, wait_s: float = 5.0, is_served: bool = False, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Scene]:
    async def presence() -> None:
        if not is_served:
            raise PageUnavailable("Nobody serves the page.", hint="Start it.")

    provider, clock = Provider(), Clock()
    given = {"CONNECTORY_SIGN_IN": "device", "ACME_CLIENT_ID": "one", "CONNECTORY_CONNECT_WAIT_S": str(wait_s)}
    mounts = {ORIGIN: httpx2.MockTransport(provider.answer), NOTES_ORIGIN: FakeProvider()}
    async with make_application(
        settings=make_settings(**{**given, **(environment or {})}), catalog=_catalog(yaml), mounts=mounts, now=clock,
        presence=presence,
    ) as application:  # fmt: skip
        principal = await make_principal(application)

        async def principal_of(_: Any) -> Principal:
            return principal

        server = mcp_server(application, principal_of, 40, list_changes(application))
        yield Scene(application, principal, provider, clock, server)


def _catalog(yaml: str) -> Catalog:
    return make_catalog(make_connector(yaml), make_connector(NOTES_YAML))


async def say(client: Client, connector: str = "acme", **arguments: Any) -> str:
    result = await client.call_tool("connect", {"connector": connector, **arguments})
    [block] = result.content
    assert block.type == "text"
    return block.text


@BOTH_ERAS
async def test_the_first_call_gives_code_and_address_and_the_second_the_connection(era: Era) -> None:
    async with scene() as s, s.client(era) as client:
        told = await say(client)
        s.type_code()
        done = await say(client)

    assert f"open {ACTIVATE} in any browser, type the code AAAA-1111 there, and sign in to Acme." in told
    assert "for 10 minutes" in told
    assert "/connect/" not in told
    assert done.startswith("Connected: Acme as acme/default")
    assert "a-token" not in done


@BOTH_ERAS
async def test_while_the_person_types_it_the_same_code_is_told_again(era: Era) -> None:
    async with scene(wait_s=0.05) as s, s.client(era) as client:
        await say(client)
        s.clock.pass_by(minutes=5)

        told = await say(client)

    assert told.startswith("Still waiting for the person. ")
    assert "AAAA-1111" in told
    assert "for 5 minutes" in told
    assert s.provider.given == 1


@BOTH_ERAS
async def test_a_client_that_shows_addresses_shows_the_services_own_with_the_code(era: Era) -> None:
    async with scene() as s, s.client(era, elicitation_callback=s.look) as client:
        done = await say(client)

    [asked] = s.seen
    assert (asked.url, asked.message) == (ACTIVATE, "Sign in to Acme. Type this code there: AAAA-1111")
    assert "Connected: Acme as acme/default" in done


@BOTH_ERAS
@pytest.mark.parametrize(
    ("error", "told"), [("access_denied", "You did not allow it"), ("expired_token", "has expired")]
)
async def test_a_no_ends_the_code_and_the_next_call_gives_another(era: Era, error: str, told: str) -> None:
    async with scene() as s, s.client(era) as client:
        await say(client)
        s.type_code(error)
        refused = await say(client)
        again = await say(client)

    assert refused.startswith("acme was not connected: ")
    assert told in refused
    assert "Call connect again for a new code." in refused
    assert "link" not in refused
    assert "BBBB-2222" in again


@BOTH_ERAS
async def test_a_no_is_not_waited_out_where_the_client_asks_in_rounds(era: Era) -> None:
    async with scene(wait_s=45.0) as s:
        s.then = "access_denied"
        async with s.client(era, elicitation_callback=s.look) as client:
            refused = await say(client)

    assert "You did not allow it" in refused
    assert len(s.seen) == 1


@BOTH_ERAS
async def test_a_code_whose_time_is_over_is_replaced(era: Era) -> None:
    async with scene() as s, s.client(era) as client:
        await say(client)
        s.clock.pass_by(minutes=11)

        assert "BBBB-2222" in await say(client)


@BOTH_ERAS
async def test_what_a_code_cannot_ask_for_is_said_at_once(era: Era) -> None:
    async with scene(yaml=SITES_YAML, wait_s=45.0) as s, s.client(era) as client:
        await say(client)
        s.type_code()
        told = await say(client)

        assert "one must be chosen: One, Two." in told
        assert "`connectory connect acme --alias default --device`" in told
        assert await s.application.auth.list_connections(s.principal) == []
        assert "BBBB-2222" in await say(client)


@BOTH_ERAS
@pytest.mark.parametrize(
    ("connector", "how"),
    [("notes", {}), ("acme", {"environment": {"ACME_CLIENT_ID": ""}}), ("acme", {"yaml": TYPED_YAML})],
    ids=["typed", "no app", "a field first"],
)
async def test_where_there_is_no_code_the_link_is_given_by_a_page_that_is_served(
    era: Era, connector: str, how: dict[str, Any]
) -> None:
    async with scene(is_served=True, **how) as s, s.client(era) as client:
        assert "http://localhost:8765/connect/" in await say(client, connector)
    async with scene(**how) as s, s.client(era) as client:
        assert "page_unavailable" in await say(client, connector)


@BOTH_ERAS
async def test_a_service_that_gives_no_code_now_can_be_asked_again(era: Era) -> None:
    async with scene() as s, s.client(era) as client:
        s.provider.status = 503
        refused = await say(client)
        s.provider.status = 200

        assert "sign_in_failed" in refused
        assert "AAAA-1111" in await say(client)


@BOTH_ERAS
async def test_in_a_browser_is_the_usual_way(era: Era) -> None:
    async with scene(is_served=True, environment={"CONNECTORY_SIGN_IN": "browser"}) as s, s.client(era) as client:
        assert "http://localhost:8765/connect/" in await say(client)
        assert s.provider.given == 0
