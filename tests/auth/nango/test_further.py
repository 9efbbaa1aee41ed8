"""Integrations that no manifest knows are connectors by themselves: listed, connected, used by the proxy alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from tests.auth.nango.scene import Scene, add_integration, scene
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of
from tests.nango.state import Fault

from connectory.actions.raw import RawRequest
from connectory.auth.backend import Elsewhere, Entry
from connectory.auth.nango.further import FurtherConnectors
from connectory.catalog.nango import METHOD
from connectory.errors import ConnectoryError, UnknownConnector
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.vault.entities import Connection, PolicyEffect, SessionStatus

ACME = {
    "display_name": "Acme",
    "categories": ["popular", "crm"],
    "docs": "https://nango.dev/docs/acme",
    "auth_mode": "API_KEY",
    "proxy": {"base_url": "https://api.notes.example/v1", "headers": {"x-acme": "${apiKey}"}},
    "credentials": {"apiKey": {"type": "string", "title": "Key"}},
}
SITES = {**ACME, "display_name": "Sites", "proxy": {"base_url": "https://${connectionConfig.site}.sites.example/v1"}}


@asynccontextmanager
async def acme(*keys: str, **environment: str) -> AsyncIterator[Scene]:
    """A scene whose Nango has integrations of providers without a manifest."""
    async with scene(**environment) as s:
        s.nango.state.providers |= {"acme": ACME, "sites": SITES}
        for key in keys or ("acme",):
            add_integration(s.nango, key, "sites" if key.startswith("sites") else "acme")
        await look(s)
        yield s


def further(s: Scene) -> FurtherConnectors:
    assert s.application.nango is not None
    return s.application.nango.further


async def look(s: Scene) -> dict[str, str | None]:
    """What there is after Nango was asked; the integration of each connector."""
    s.backend.integrations.forget()
    await further(s).refresh()
    return {name: one.integration for name, one in s.application.catalog.connectors.items()}


async def connected(s: Scene, name: str = "acme") -> Connection:
    session = await s.application.auth.connect(s.ann, name)
    step = await s.application.auth.sign_in.submit(session, "browser", Entry(METHOD, {}, backend="nango"))
    assert isinstance(step, Elsewhere), step
    await s.type_key(step.url)
    done = await s.poll(session)
    assert done.status is SessionStatus.CONNECTED, done.problem
    return (await s.application.auth.made_by(s.ann, done))[0]


async def test_what_no_manifest_names_comes_and_goes_while_we_run() -> None:
    async with acme("acme", "sites-eu") as s:
        assert await look(s) == {"notes": None, "acme": "acme", "sites-eu": "sites-eu"}

        del s.environment.integrations["acme"]

        assert await look(s) == {"notes": None, "sites-eu": "sites-eu"}


async def test_what_a_manifest_names_is_no_connector_of_its_own() -> None:
    async with acme("notes-2") as s:
        s.environment.integrations["notes-2"].provider = "notes"

        assert await look(s) == {"notes": None}


async def test_a_manifests_name_is_never_taken() -> None:
    async with acme("notes") as s:  # the key of Notes' own integration, now of another provider
        found = await look(s)

        assert found.pop("notes") is None
        ((name, integration),) = found.items()
        assert integration == "notes"
        assert name.startswith("notes-")
        assert s.application.catalog.connector("notes").manifest.title == "Notes"


async def test_it_is_connected_at_nangos_page_and_used_by_the_proxy_alone() -> None:
    async with acme() as s:
        connection = await connected(s)

        result = await s.application.gateway.request(s.ann, "acme/default", RawRequest("GET", "/me"))

        assert result.value == {"id": "id-of-", "login": "user-"}
        (sent,) = [one for one in s.tokens.received if one.path == "/v1/me"]
        assert sent.headers["x-acme"] == "alice-key"
        assert s.provider.requests == []  # nothing went out from here
        assert [rule.origin for rule in connection.hosts] == ["https://api.notes.example"]
        assert "alice-key" not in (await s.grant(connection)).facts.values()


async def test_its_address_is_made_of_what_nango_knows_of_the_connection() -> None:
    async with acme("sites") as s:
        s.nango.place("https://north.sites.example", s.tokens.origin)
        session = await s.application.auth.connect(s.ann, "sites")
        step = await s.application.auth.sign_in.submit(session, "browser", Entry(METHOD, {}, backend="nango"))
        assert isinstance(step, Elsewhere)
        await s.type_key(step.url)
        (made,) = s.environment.connections.values()
        made.connection_config = {"site": "north"}

        assert (await s.poll(session)).status is SessionStatus.CONNECTED
        result = await s.application.gateway.request(s.ann, "sites/default", RawRequest("GET", "/me"))

        assert result.value["login"] == "user-"
        assert s.tokens.received[-1].host == s.tokens.origin.removeprefix("http://")


@pytest.mark.parametrize("site", ["north.evil.example/x", "169.254.169.254/", "a b", "", "x@evil.example", "[::1]"])
async def test_an_address_that_nango_could_be_led_to_is_not_believed(site: str) -> None:
    async with acme("sites") as s:
        session = await s.application.auth.connect(s.ann, "sites")
        step = await s.application.auth.sign_in.submit(session, "browser", Entry(METHOD, {}, backend="nango"))
        assert isinstance(step, Elsewhere)
        await s.type_key(step.url)
        (made,) = s.environment.connections.values()
        made.connection_config = {"site": site}

        done = await s.poll(session)

        assert done.status is SessionStatus.BOUND
        assert done.problem
        assert await s.application.auth.list_connections(s.ann) == []


@pytest.mark.parametrize("path", ["/../me", "/%2e%2e/me", "//x.example/me"])
async def test_a_request_stays_below_the_base_address(path: str) -> None:
    async with acme() as s:
        await connected(s)
        before = len(s.tokens.received)

        with pytest.raises(ConnectoryError) as refusal:
            await s.application.gateway.request(s.ann, "acme/default", RawRequest("GET", path))

        assert refusal.value.code == "invalid_path"
        assert len(s.tokens.received) == before


async def test_no_other_backend_offers_it() -> None:
    async with acme() as s:
        serving = await s.application.auth.provider_config(s.ann, "acme")

        assert [config.backend for config in serving] == ["nango"]
        assert [form.through for config in serving for form in config.methods] == ["Nango"]


async def test_a_new_integration_is_found_when_it_is_named() -> None:
    async with acme() as s:
        add_integration(s.nango, "acme-2", "acme")

        await s.application.catalog.settled("acme-2")  # too soon after the last look
        assert "acme-2" not in s.application.catalog.connectors
        further(s)._asked_at -= 60

        session = await s.application.auth.connect(s.ann, "acme-2")

        assert session.connector == "acme-2"


async def test_a_nango_that_is_down_takes_nothing_away() -> None:
    async with acme() as s:
        await connected(s)
        s.nango.fail(500, times=20)

        assert await look(s) == {"notes": None, "acme": "acme"}


async def test_names_that_nobody_has_do_not_ask_a_slow_nango_once_each() -> None:
    async with acme() as s:
        further(s)._asked_at = float("-inf")
        before, may_end = s.asked("GET", "/integrations"), threading.Event()
        late = Fault(500, may_end=may_end)
        s.nango.state.faults.append(late)
        async with asyncio.TaskGroup() as tasks:
            for number in range(20):
                tasks.create_task(further(s).settled(f"nope-{number}"))
                tasks.create_task(s.backend.integrations.known_soon())
            assert await asyncio.to_thread(late.has_begun.wait, 30)
            may_end.set()

        assert s.asked("GET", "/integrations") == before + 1


async def test_a_start_without_nango_goes_on_and_a_connection_says_why() -> None:
    async with acme() as s:
        await connected(s)
        s.application.catalog.put_further({})  # as after a start
        s.nango.fail(500, times=20)
        further(s)._asked_at = float("-inf")

        with pytest.raises(ConnectoryError) as refusal:
            await s.application.gateway.request(s.ann, "acme/default", RawRequest("GET", "/me"))

        assert refusal.value.code == "nango_unavailable"
        assert "'acme'" in refusal.value.text
        with pytest.raises(UnknownConnector):  # of another name nothing is claimed
            await s.application.auth.connect(s.ann, "acne")


async def test_when_its_integration_is_gone_a_connection_says_so_and_can_be_disconnected() -> None:
    async with acme() as s:
        connection = await connected(s)
        del s.environment.integrations["acme"]
        await look(s)

        with pytest.raises(ConnectoryError) as refusal:
            await s.application.gateway.request(s.ann, "acme/default", RawRequest("GET", "/me"))

        assert refusal.value.code == "backend_unavailable"
        assert "no integration any more" in refusal.value.text
        await s.application.auth.disconnect(s.ann, connection.id)
        assert await s.application.auth.list_connections(s.ann) == []


async def test_a_connection_made_in_nango_is_adopted_as_the_connector_of_its_integration() -> None:
    async with acme("acme", "acme-2") as s:
        assert s.application.nango is not None
        made = s.make("acme-2", credentials={"type": "API_KEY", "apiKey": "bobby-key"})

        found = await s.application.nango.adoption.found(s.ann)
        done = await s.application.nango.adoption.adopt(s.ann, made.connection_id)

        assert [one.connectors for one in found] == [("acme-2",)]
        assert done.connection.connector == "acme-2"


@BOTH_ERAS
async def test_the_agent_finds_and_uses_it(era: Era) -> None:
    async with acme() as s:
        async with client_of(s.application, s.ann, era) as client:
            listed, _ = await call(client, "list_connectors", query="acme")
            link, is_error = await call(client, "connect", connector="acme")
            assert not is_error, link
        await connected(s)
        async with client_of(s.application, s.ann, era) as client:
            answer, is_error = await call(client, "request", connection="acme/default", method="GET", path="/me")
            searched, _ = await call(client, "search_actions", query="contacts", connector="acme")

        assert "Use Acme through Nango, by raw requests to its API." in listed
        assert "/connect/" in link
        assert not is_error, answer
        assert "user-" in answer
        assert "request" in searched


async def test_a_write_is_judged_as_a_request_of_the_connector() -> None:
    async with acme() as s:
        await connected(s)
        await s.application.policies.add(s.ann, PolicyEffect.DENY, ["acme_request"])

        with pytest.raises(ConnectoryError) as refusal:
            await s.application.gateway.request(s.ann, "acme/default", RawRequest("POST", "/me", body={}))

        assert refusal.value.code == "policy_denied"


async def test_a_nango_that_never_answers_delays_no_start() -> None:
    let_go: list[asyncio.StreamWriter] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side gives up
        writer.close()
        let_go.append(writer)

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = make_settings(NANGO_SECRET_KEY=str(uuid4()), NANGO_HOST=f"http://127.0.0.1:{port}")
        clock = asyncio.get_running_loop()
        began = clock.time()
        async with make_application(settings=settings) as application:
            started_s = clock.time() - began
            principal = await make_principal(application)

            listed = await application.auth.supported_providers(principal)

            listed_s = clock.time() - began - started_s
        async with asyncio.timeout(10):
            while not let_go:  # noqa: ASYNC110 # the server has seen that it is over
                await asyncio.sleep(0.01)
            for writer in let_go:
                await writer.wait_closed()

    assert started_s < 3
    assert listed == ["notes"]
    assert listed_s < 12  # what Nango may know is waited for some seconds, not for ever
