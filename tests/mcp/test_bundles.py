"""A bundle through the tools, in both protocol eras; and what a connector's ways to sign in mean for an agent."""

from __future__ import annotations

import pytest
from tests.auth.making import SUITE
from tests.auth.test_ways import DSN, OAUTH, notes, without_token
from tests.mcp.test_connect import desk, link_in
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.auth.backend import Connected, Entry
from connectory.errors import BackendUnavailable
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog
from connectory.testing.provider import FakeProvider, answers
from connectory.wiring import Application


def suite(**statuses: int) -> dict[str, FakeProvider]:
    account = {"id": "1", "name": "ann@example.com"}
    return {
        f"https://{name}.suite.example": FakeProvider(answers(statuses.get(name, 200), account))
        for name in ("mail", "files")
    }


async def sign_in(application: Application, said: str) -> None:
    session = await application.auth.sign_in.find(link_in(said))
    assert session is not None
    done = await application.auth.sign_in.submit(session, "b", Entry("token", {"token": "s3cret-token"}))
    assert isinstance(done, Connected)


@BOTH_ERAS
@pytest.mark.parametrize("files", [200, 403])
async def test_connecting_a_bundle_names_each_connection_and_what_was_left_out(era: Era, files: int) -> None:
    settings = make_settings(CONNECTORY_CONNECT_WAIT_S="0")
    mounts = suite(files=files)
    async with make_application(catalog=make_catalog(*SUITE), mounts=mounts, settings=settings) as application:
        principal = await make_principal(application)
        async with client_of(application, principal, era) as client:
            first, _ = await call(client, "connect", connector="suite")
            assert "sign in to Suite, which connects Mail, Files at once: http" in first
            await sign_in(application, first)

            done, failed = await call(client, "connect", connector="suite")
            listed, _ = await call(client, "list_connectors", connected=True)
            tools = {tool.name for tool in (await client.list_tools()).tools}

    assert not failed
    assert "s3cret" not in first + done + listed
    if files == 200:
        assert done.startswith("Connected: Mail as mail/default, Files as files/default.\nActions")
        assert "files_list_files, mail_list_mails" in done
        assert "name: suite" in listed
    else:
        assert done.startswith("Connected: Mail as mail/default.\nNot all of it: Files was not connected: ")
        assert "name: suite" not in listed
    assert ("files_list_files" in tools) is (files == 200)


async def test_a_bundle_is_listed_with_what_it_includes_and_is_connected_when_all_of_that_is() -> None:
    mounts = suite()
    async with make_application(catalog=make_catalog(*SUITE), mounts=mounts) as application:
        principal = await make_principal(application)
        async with client_of(application, principal, "auto") as client:
            before, _ = await call(client, "list_connectors", query="at once")
            await sign_in(application, (await call(client, "connect", connector="mail"))[0])
            half, _ = await call(client, "list_connectors", query="at once")
            await sign_in(application, (await call(client, "connect", connector="suite"))[0])
            whole, _ = await call(client, "list_connectors", query="at once")

    assert "includes:" in before
    assert "connections: []" in before
    assert "connections: []" in half
    assert "mail/default" in whole
    assert "files/default" in whole


async def test_an_agent_is_told_which_way_works_here() -> None:
    async with desk(catalog=make_catalog(notes(DSN))) as d:
        said = "Notes can be connected here with an API key."

        assert said in await d.call("list_connectors")
        assert (await d.call("connect", connector="notes")).startswith(said)


async def test_an_agent_is_told_which_way_needs_an_app_first_and_gets_a_link_all_the_same() -> None:
    async with desk(catalog=make_catalog(without_token(OAUTH))) as d:
        said = "Notes can be connected here with “Sign in with Notes” once somebody has registered an OAuth app there"

        assert said in await d.call("list_connectors")
        linked = await d.call("connect", connector="notes")

    assert linked.startswith(said)
    assert "/connect/" in linked


async def test_a_way_whose_oauth_client_is_known_works_as_any_other() -> None:
    settings = make_settings(NOTES_CLIENT_ID="our-app")
    async with desk(catalog=make_catalog(without_token(OAUTH)), settings=settings) as d:
        assert "sign_in" not in await d.call("list_connectors")
        assert (await d.call("connect", connector="notes")).startswith("Ask the person")


async def test_where_every_way_works_nothing_is_said_about_it() -> None:
    async with desk() as d:
        assert "sign_in" not in await d.call("list_connectors")
        assert (await d.call("connect", connector="notes")).startswith("Ask the person")


async def test_a_connector_that_no_way_leads_to_is_told_and_no_link_is_offered() -> None:
    async with desk(catalog=make_catalog(without_token(DSN))) as d:
        said = await d.call("list_connectors")
        assert "cannot be connected here: the server does not offer a database address (dsn)" in said

        with pytest.raises(BackendUnavailable, match="a database address") as refusal:
            await d.call("connect", connector="notes")

        assert "/connect/" not in refusal.value.text
