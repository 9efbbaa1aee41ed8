"""Calls of connections that Nango keeps: which go by its proxy, which with the token, and what the agent reads."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import SecretStr
from tests.auth.nango.scene import Scene, scene
from tests.gate.doubles.serving import Reply, Request
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.actions.raw import RawRequest
from connectory.auth.nango.hidden import secrets_of
from connectory.auth.nango.models import NangoConnection
from connectory.errors import ConnectoryError
from connectory.testing.provider import answers

BUT_CREDENTIALS = (
    "integrations:list", "integrations:read", "connect_sessions:write", "connections:list", "connections:read",
    "connections:update", "connections:delete", "proxy",
)  # fmt: skip
FILE: dict[str, Any] = {"book": "b", "path": "a/b.txt"}
TEXT = {"Content-Type": "text/plain"}


def by_proxy(s: Scene) -> list[Request]:
    """What reached the provider through Nango."""
    return [one for one in s.tokens.received if one.path.startswith("/v1/books")]


async def result(s: Scene, tool: str = "notes_read_file", **arguments: Any) -> str:
    return (await s.application.gateway.call_action(s.ann, tool, arguments or FILE)).text


async def refusal(s: Scene, tool: str, **arguments: Any) -> ConnectoryError:
    with pytest.raises(ConnectoryError) as error:
        await s.application.gateway.call_action(s.ann, tool, arguments)
    return error.value


async def test_by_default_calls_go_out_from_here_with_the_token() -> None:
    async with scene() as s:
        connection = await s.connected()
        s.provider.answer = answers(200, "the words")

        assert "the words" in await result(s)

        assert by_proxy(s) == []
        assert s.provider.requests[-1].headers["authorization"] == f"Bearer {await s.token(connection)}"


@BOTH_ERAS
async def test_always_by_the_proxy_if_that_is_set(era: Era) -> None:
    async with scene(NANGO_PROXY="always") as s:
        connection = await s.connected()
        s.tokens.queue.append(Reply(200, b"the words", TEXT))

        async with client_of(s.application, s.ann, era) as client:
            told, is_error = await call(client, "notes_read_file", **FILE)

        assert not is_error, told
        assert "the words" in told
        (request,) = by_proxy(s)
        assert request.path == "/v1/books/b/files/a/b.txt"
        there = await s.there(connection)
        assert request.headers["authorization"] == f"Bearer {there.credentials['access_token']}"
        assert s.provider.requests == []


async def test_what_is_paged_by_a_header_goes_with_the_token_all_the_same() -> None:
    async with scene(NANGO_PROXY="always") as s:
        connection = await s.connected()
        s.provider.answer = answers(200, [{"id": 1, "title": "t"}])

        await result(s, "notes_list_notes", book="b")

        assert by_proxy(s) == []
        there = await s.there(connection)
        assert s.provider.requests[-1].headers["authorization"] == f"Bearer {there.credentials['access_token']}"


async def test_with_a_key_that_may_not_read_credentials_it_says_why_it_cannot() -> None:
    async with scene(NANGO_PROXY="always") as s:
        s.nango.dev.keys[s.nango.dev.key] = frozenset(f"environment:{scope}" for scope in BUT_CREDENTIALS)
        await s.connected()
        s.tokens.queue.append(Reply(200, b"the words", TEXT))

        assert "the words" in await result(s)  # the others work

        error = await refusal(s, "notes_list_notes", book="b")
        assert error.code == "nango_refused"
        assert "notes_list_notes cannot go through Nango's proxy: its further pages are named in a header" in error.text
        assert "environment:connections:read_credentials" in error.text


async def test_a_dry_run_shows_the_providers_request() -> None:
    async with scene(NANGO_PROXY="always") as s:
        await s.connected()

        told = await result(s, **FILE, dry_run=True)

        assert "https://api.notes.example/v1/books/b/files/a/b.txt" in told
        assert "proxy" not in told
        assert by_proxy(s) == []


async def test_a_write_is_sent_once_and_a_read_again() -> None:
    async with scene(NANGO_PROXY="always") as s:
        await s.connected()
        s.tokens.stuck = Reply(503, {"message": "tired"}, {"Retry-After": "0"})

        await refusal(s, "notes_create_note", book="b", title="t")
        assert len(by_proxy(s)) == 1

        await refusal(s, "notes_read_file", **FILE)
        assert len(by_proxy(s)) == 1 + 3


async def test_one_401_may_be_about_that_request_alone() -> None:
    async with scene(NANGO_PROXY="always") as s:
        await s.connected()
        s.tokens.queue.append(Reply(401, {}))  # then the verify call is answered well

        error = await refusal(s, "notes_read_file", **FILE)

        assert error.code == "provider_forbidden"
        assert s.provider.requests == []


async def test_a_token_that_the_verify_call_is_refused_with_too_needs_the_person() -> None:
    async with scene(NANGO_PROXY="always") as s:
        connection = await s.connected()
        s.tokens.stuck = Reply(401, {})
        s.tokens.refuses = True

        error = await refusal(s, "notes_read_file", **FILE)

        assert error.code in ("needs_reconnect", "provider_unavailable")  # the forced refresh fails the first time
        s.clock.pass_by(minutes=6)  # what Nango gave out is asked for anew: it says that a refresh has failed
        error = await refusal(s, "notes_read_file", **FILE)
        assert error.code == "needs_reconnect"
        assert "/connect/" in error.text
        assert (await s.grant(connection)).status.value == "needs_reconnect"


async def test_a_connection_that_is_gone_at_nango_carries_the_link_that_mends_it() -> None:
    async with scene(NANGO_PROXY="always") as s:
        await s.connected()
        s.environment.connections.clear()

        error = await refusal(s, "notes_read_file", **FILE)

        assert error.code == "needs_reconnect"
        assert "/connect/" in error.text


@pytest.mark.parametrize("spelling", ["{}", "Bearer {}", "b64"])
async def test_a_token_that_the_provider_repeats_is_taken_out_of_its_answer(spelling: str) -> None:
    async with scene(NANGO_PROXY="always") as s:
        connection = await s.connected()
        token = str((await s.there(connection)).credentials["access_token"])
        said = base64.b64encode(token.encode()).decode() if spelling == "b64" else spelling.format(token)
        s.tokens.queue.append(Reply(200, {"you": {"sent": said}}))

        raw = await s.application.gateway.request(s.ann, "notes/default", RawRequest("GET", "/echo"))

        assert "***" in raw.text
        assert token not in raw.text
        assert said not in raw.text


async def test_an_error_that_repeats_it_does_not_either() -> None:
    async with scene(NANGO_PROXY="always") as s:
        connection = await s.connected()
        token = str((await s.there(connection)).credentials["access_token"])
        s.tokens.queue.append(Reply(400, {"message": f"bad token {token}"}))

        error = await refusal(s, "notes_read_file", **FILE)

        assert "bad token ***" in error.text
        assert token not in error.text


NOW = "2026-11-24T03:31:34Z"


@pytest.mark.parametrize(
    ("credentials", "config", "secrets"),
    [
        ({}, {}, set()),
        (
            {
                "type": "OAUTH2", "access_token": "access-1",
                "raw": {"access_token": "access-1", "authed_user": {"access_token": "user-1"}, "token_type": "bearer"},
            },
            {}, {"access-1", "user-1"},
        ),
        ({"type": "API_KEY", "apiKey": "key-1"}, {"apiKey": "config-1", "subdomain": "acme"}, {"key-1", "config-1"}),
        (
            {"type": "BASIC", "username": "ann", "password": "pass-1"}, {},
            {"pass-1", base64.b64encode(b"ann:pass-1").decode()},
        ),
        (
            {"type": "BASIC", "username": "rk_live", "password": ""}, {},
            {"rk_live", base64.b64encode(b"rk_live:").decode()},
        ),
        (
            {"type": "TWO_STEP", "token": "t-1", "privateKey": "pk-1", "raw": {"expires_in": "9"}}, {}, {"t-1", "pk-1"},
        ),
        (
            {"type": "CUSTOM", "raw": {}, "app": {"access_token": "app-1"}, "user": {"access_token": "user-1"}}, {},
            {"app-1", "user-1"},
        ),
    ],
)  # fmt: skip
def test_the_secrets_of_each_kind_are_known(
    credentials: dict[str, Any], config: dict[str, Any], secrets: set[str]
) -> None:
    connection = NangoConnection.model_validate(
        {
            "id": 1, "connection_id": "c", "provider_config_key": "i", "provider": "p", "created_at": NOW,
            "updated_at": NOW, "connection_config": config, "credentials": credentials,
        }
    )  # fmt: skip

    found = secrets_of(connection)

    assert {one.get_secret_value() for one in found} == secrets
    assert all(isinstance(one, SecretStr) for one in found)
