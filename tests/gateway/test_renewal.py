"""A 401 from the provider: the sign-in is renewed once, the call is sent once more, then it is said what it means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from pydantic import SecretStr
from tests.auth.making import Clock

from connectory.actions.raw import RawRequest
from connectory.auth.backend import Account
from connectory.auth.members import hosts_of
from connectory.auth.sessions import ConnectSessions
from connectory.errors import ConnectoryError
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.credentials import OAuthTokens
from connectory.vault.entities import ConnectionId, FinishedSignIn, Grant, GrantStatus, StoredGrant, Use, new_id
from connectory.wiring import Application

ORIGIN = "https://acme.example"
ACME_YAML = """
format: 1
name: acme
title: Acme
description: Keep things.
category: other
docs: https://acme.example/docs
servers: {api: "https://acme.example/api"}
auth:
  oauth:
    method: oauth2
    authorize_url: https://acme.example/authorize
    token_url: https://acme.example/token
    headers: {Authorization: "Bearer {credential.access_token}"}
verify: {request: {get: /me}, account: {id: id, name: id}}
actions:
  list_things:
    title: List things
    description: List the things.
    effect: read
    request: {get: /things}
    docs: https://acme.example/docs/things
  create_thing:
    title: Create a thing
    description: Create a thing.
    effect: write
    inputs: {name: {type: string, required: true}}
    request: {post: /things, body: {name: "{name}"}}
    docs: https://acme.example/docs/things
"""


@dataclass
class AcmeServer(httpx2.AsyncBaseTransport):
    """Takes the access tokens in `good`, those in `narrow` for `/me` alone, and gives new ones for a refresh token."""

    good: set[str] = field(default_factory=lambda: {"at-1", "at-2"})
    narrow: set[str] = field(default_factory=set)
    refusal: httpx2.Response | None = None  # of token requests
    seen: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.meanwhile()
        body = (await request.aread()).decode()
        if request.url.path == "/token":
            self.seen.append(f"refresh {parse_qs(body)['refresh_token'][0]}")
            return self.refusal or self._tokens(sum(one.startswith("refresh") for one in self.seen))
        token = request.headers["authorization"].removeprefix("Bearer ")
        path = request.url.path.removeprefix("/api")
        self.seen.append(f"{request.method} {path} {token}")
        if token not in self.good or (token in self.narrow and path != "/me"):
            return httpx2.Response(401, json={"message": "no"})
        return httpx2.Response(200, json={"id": "alice"})

    def _tokens(self, number: int) -> httpx2.Response:
        tokens = {"access_token": f"at-{number}", "refresh_token": f"rt-{number}", "expires_in": 3600}
        return httpx2.Response(200, json={**tokens, "token_type": "bearer"})


@dataclass
class Place:
    """The application, one signed-in account, and what the provider saw."""

    application: Application
    principal: Principal
    server: AcmeServer
    clock: Clock

    async def call(self, tool: str = "acme_list_things", **arguments: Any) -> Any:
        return (await self.application.gateway.call_action(self.principal, tool, arguments)).value

    async def request(self) -> Any:
        raw = RawRequest("GET", "/other")
        return (await self.application.gateway.request(self.principal, "acme/default", raw)).value

    async def verify(self) -> Account:
        [(row, _)] = await self.application.auth.list_connections(self.principal)
        return await self.application.auth.verify(self.principal, row.id)

    async def error(self, ask: Callable[[], Any] | None = None) -> ConnectoryError:
        with pytest.raises(ConnectoryError) as refusal:
            await (ask or self.call)()
        return refusal.value

    async def grant(self) -> Grant:
        [(_, grant)] = await self.application.auth.list_connections(self.principal)
        return grant


@asynccontextmanager
async def signed_in(server: AcmeServer | None = None, *, left_s: float = 3600) -> AsyncIterator[Place]:
    """An account whose access token `at-0` the provider has stopped taking; `left_s` by its own word it would last."""
    server, clock = server or AcmeServer(), Clock()
    settings = make_settings(ACME_CLIENT_ID="id", ACME_CLIENT_SECRET="cs")
    catalog = make_catalog(make_connector(ACME_YAML))
    async with make_application(catalog=catalog, settings=settings, mounts={ORIGIN: server}, now=clock) as application:
        principal = await make_principal(application)
        await _store(application, principal, clock, left_s)
        yield Place(application, principal, server, clock)


async def _store(application: Application, principal: Principal, clock: Clock, left_s: float) -> None:
    """Store what a finished sign-in leaves."""
    expires_at = clock() + timedelta(seconds=left_s)
    tokens = OAuthTokens(
        access_token=SecretStr("at-0"), refresh_token=SecretStr("rt-0"), expires_at=expires_at, lifetime_s=3600
    )
    sessions = ConnectSessions(application.vault, clock)
    owner = str(principal.user_id)
    session = await sessions.bind(
        await sessions.create(principal, owner, "acme", "default", "builtin", (), None), "browser"
    )
    grant = StoredGrant("builtin", "acme", "oauth", "acme", "alice", "alice", tokens, {}, (), expires_at, "id")
    hosts = hosts_of(application.catalog.connector("acme"), "oauth", {}, private_confirmed=False)
    use = Use("acme", ConnectionId(new_id("cn")), hosts)
    await application.vault.sessions.finish(session, FinishedSignIn((use,), grant))


async def test_after_a_401_the_sign_in_is_renewed_and_the_call_sent_once_more() -> None:
    async with signed_in() as place:
        answer = await place.call()

        assert answer == {"id": "alice"}
        assert place.server.seen == ["GET /things at-0", "refresh rt-0", "GET /things at-1"]
        assert (await place.grant()).version == 2

        await place.call()
        assert place.server.seen[3:] == ["GET /things at-1"]


async def test_a_write_answered_401_has_done_nothing_and_is_sent_once_more() -> None:
    async with signed_in() as place:
        await place.call("acme_create_thing", name="a thing")
        await place.application.audit.flush()
        lines = await place.application.vault.audit.list(place.principal.workspace_id)

        assert place.server.seen == ["POST /things at-0", "refresh rt-0", "POST /things at-1"]
        assert [(line.action, line.outcome) for line in lines if line.action == "acme_create_thing"] == [
            ("acme_create_thing", "ok")
        ]


async def test_a_raw_request_too() -> None:
    async with signed_in() as place:
        assert await place.request() == {"id": "alice"}
        assert place.server.seen == ["GET /other at-0", "refresh rt-0", "GET /other at-1"]


async def test_many_calls_refused_at_once_are_renewed_once_and_each_sent_once_more() -> None:
    async with signed_in() as place:
        await asyncio.gather(*(place.call() for _ in range(20)))

        assert place.server.seen.count("refresh rt-0") == 1
        assert sum(one.startswith("refresh") for one in place.server.seen) == 1
        assert place.server.seen.count("GET /things at-1") == 20


@pytest.mark.parametrize("ask", [Place.call, Place.request], ids=["action", "raw"])
async def test_a_second_401_is_about_this_request_where_the_verify_call_says_so(ask: Any) -> None:
    async with signed_in(AcmeServer(narrow={"at-1"})) as place:
        error = await place.error(lambda: ask(place))

        assert error.code == "provider_forbidden"
        assert [one.partition(" ")[0] for one in place.server.seen] == ["GET", "refresh", "GET", "GET"]
        assert place.server.seen[-2:] == [place.server.seen[0].replace("at-0", "at-1"), "GET /me at-1"]
        assert (await place.grant()).status is GrantStatus.ACTIVE


@pytest.mark.parametrize("ask", [Place.call, Place.request], ids=["action", "raw"])
async def test_a_second_401_ends_the_sign_in_where_the_verify_call_is_refused_too(ask: Any) -> None:
    async with signed_in(AcmeServer(good=set())) as place:
        error = await place.error(lambda: ask(place))
        seen = len(place.server.seen)
        again = await place.error(lambda: ask(place))

        assert error.code == again.code == "needs_reconnect"
        assert "http://localhost:8765/connect/" in error.hint
        assert "http://localhost:8765/connect/" in again.hint
        assert [one for one in place.server.seen if "refresh" in one] == ["refresh rt-0"]
        assert len(place.server.seen) == seen == 4
        assert (await place.grant()).status is GrantStatus.NEEDS_RECONNECT


async def test_it_is_renewed_once_for_one_call_however_long_the_provider_takes() -> None:
    async with signed_in(AcmeServer(narrow={"at-1", "at-2"})) as place:
        place.server.meanwhile = lambda: place.clock.pass_by(seconds=90)
        error = await place.error()

        assert error.code == "provider_forbidden"
        assert place.server.seen == ["GET /things at-0", "refresh rt-0", "GET /things at-1", "GET /me at-1"]


async def test_a_token_that_was_renewed_within_a_minute_is_not_renewed_for_another_401() -> None:
    async with signed_in(AcmeServer(narrow={"at-1"})) as place:
        await place.error()
        first = len(place.server.seen)
        await place.error()
        place.clock.pass_by(seconds=61)
        place.server.good = {"at-2"}
        await place.call()

        assert place.server.seen[first:] == [
            "GET /things at-1",
            "GET /me at-1",
            "GET /things at-1",
            "refresh rt-1",
            "GET /things at-2",
        ]


async def test_a_refresh_that_fails_for_now_is_the_error_and_leaves_the_sign_in_alone() -> None:
    async with signed_in(AcmeServer(refusal=httpx2.Response(503))) as place:
        errors = [await place.error(ask) for ask in (place.call, place.request)]

        assert [one.code for one in errors] == ["provider_unavailable", "provider_unavailable"]
        assert errors[1].retry_after_s == 5
        assert "/connect/" not in errors[0].text
        assert (await place.grant()).status is GrantStatus.ACTIVE
        assert place.server.seen == ["GET /things at-0", "refresh rt-0", "GET /other at-0"]

        place.server.refusal = None
        place.clock.pass_by(seconds=6)
        place.server.good = {"at-2"}
        assert await place.call() == {"id": "alice"}


@pytest.mark.parametrize("takes_the_old_token", [False, True])
async def test_a_refused_refresh_ends_the_sign_in_with_the_link_that_mends_it(takes_the_old_token: bool) -> None:
    server = AcmeServer(refusal=httpx2.Response(400, json={"error": "invalid_grant"}))
    server.good, server.narrow = ({"at-0"}, {"at-0"}) if takes_the_old_token else (set(), set())
    async with signed_in(server) as place:
        error = await place.error()
        seen = list(server.seen)
        later = [await place.error() for _ in range(3)]

        assert {one.code for one in (error, *later)} == {"needs_reconnect"}
        assert all("http://localhost:8765/connect/" in one.hint for one in (error, *later))
        assert "GET /things at-0" in seen
        assert [one for one in server.seen if "refresh" in one] == ["refresh rt-0"]
        assert server.seen == seen
        assert (await place.grant()).status is GrantStatus.NEEDS_RECONNECT


async def test_a_token_that_has_ended_is_renewed_before_anything_is_sent() -> None:
    async with signed_in(left_s=-1) as place:
        await place.call()

        assert place.server.seen == ["refresh rt-0", "GET /things at-1"]


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (httpx2.Response(503), "provider_unavailable"),
        (httpx2.Response(400, json={"error": "invalid_client"}), "backend_unavailable"),
        (httpx2.Response(400, json={"error": "invalid_grant"}), "needs_reconnect"),
    ],
)
async def test_a_token_that_has_ended_and_cannot_be_renewed_sends_nothing(refusal: httpx2.Response, code: str) -> None:
    async with signed_in(AcmeServer(refusal=refusal), left_s=-1) as place:
        error = await place.error()

        assert error.code == code
        assert error.hint
        assert ("/connect/" in error.hint) == (code == "needs_reconnect")
        assert place.server.seen == ["refresh rt-0"]


async def test_a_key_is_not_sent_a_second_time() -> None:
    provider = FakeProvider(answers(401))
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        with pytest.raises(ConnectoryError):
            await application.gateway.call_action(principal, "notes_list_notes", {"book": "b"})

    assert len(provider.requests) == 1


async def test_a_test_of_the_sign_in_renews_it_and_asks_once_more() -> None:
    async with signed_in() as place:
        assert (await place.verify()).id == "alice"

        assert place.server.seen == ["GET /me at-0", "refresh rt-0", "GET /me at-1"]
        assert (await place.grant()).status is GrantStatus.ACTIVE


@pytest.mark.parametrize(
    ("refusal", "seen"),
    [
        (None, ["GET /me at-0", "refresh rt-0", "GET /me at-1"]),
        (httpx2.Response(400, json={"error": "invalid_grant"}), ["GET /me at-0", "refresh rt-0"]),
    ],
    ids=["renewed", "not renewed"],
)
async def test_a_test_of_a_sign_in_that_stays_refused_ends_it(refusal: httpx2.Response | None, seen: list[str]) -> None:
    async with signed_in(AcmeServer(good=set(), refusal=refusal)) as place:
        first, again = await place.error(place.verify), await place.error(place.verify)

        assert (first.code, again.code) == ("provider_unauthorized", "needs_reconnect")
        assert place.server.seen == seen
        assert (await place.grant()).status is GrantStatus.NEEDS_RECONNECT


async def test_a_test_that_cannot_renew_for_now_leaves_the_sign_in_alone() -> None:
    async with signed_in(AcmeServer(refusal=httpx2.Response(503))) as place:
        assert (await place.error(place.verify)).code == "provider_unavailable"
        assert (await place.grant()).status is GrantStatus.ACTIVE
