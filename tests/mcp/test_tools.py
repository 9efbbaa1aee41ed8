"""The MCP face through the SDK's own client, in both protocol eras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client

from connectory.catalog.catalog import Catalog
from connectory.cli.faces import list_changes
from connectory.identity.principal import Principal
from connectory.mcp.fixed_tools import FIXED_TOOLS
from connectory.mcp.handlers import FixedTools
from connectory.mcp.offers import Offers
from connectory.mcp.rounds import RoundSeals
from connectory.mcp.server import build_server
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.wiring import Application

Era = Literal["auto", "legacy"]
BOTH_ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])
FIXED = {tool.name for tool in FIXED_TOOLS}


@asynccontextmanager
async def client_of(
    application: Application, principal: Principal, era: Era, max_tools: int = 40
) -> AsyncIterator[Client]:
    """A client inside the process, acting as `principal`."""

    async def principal_of(_: Any) -> Principal:
        return principal

    offers = Offers(application.catalog, application.auth, application.gateway)
    fixed = FixedTools(
        offers,
        application.audit,
        presence=application.presence,
        connect_wait_s=application.settings.connect_wait_s,
    )
    seals = RoundSeals(application.vault.keys)
    server = build_server(offers, fixed, principal_of, lambda _: (max_tools, 8000), list_changes(application), seals)
    async with Client(server, mode=era) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> tuple[str, bool]:
    result = await client.call_tool(tool, arguments)
    assert result.structured_content is None
    [block] = result.content
    assert block.type == "text"
    return block.text, bool(result.is_error)


@BOTH_ERAS
async def test_actions_become_tools_when_connected_and_leave_when_disconnected(era: Era) -> None:
    async with make_application(FakeProvider(answers(200, []))) as application:
        principal = await make_principal(application)
        async with client_of(application, principal, era) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == FIXED
            await connect(application, principal)
            assert "notes_list_notes" in {tool.name for tool in (await client.list_tools()).tools}
            text, failed = await call(client, "disconnect", connection="notes/default")
            assert not failed
            assert "Notes was not told: if it was a key" in text
            assert {tool.name for tool in (await client.list_tools()).tools} == FIXED


@BOTH_ERAS
async def test_connect_gives_the_link_at_once_and_then_the_connection(era: Era) -> None:
    settings = make_settings(CONNECTORY_CONNECT_WAIT_S="0")
    async with make_application(FakeProvider(answers(200, [])), settings=settings) as application:
        principal = await make_principal(application)
        async with client_of(application, principal, era) as client:
            first, _ = await call(client, "connect", connector="notes")
            waiting, _ = await call(client, "connect", connector="notes")
            link = first.partition("Notes: ")[2].split()[0]
            assert link.startswith("http://localhost:8765/connect/")
            assert "Still waiting" in waiting
            assert link in waiting
            await connect(application, principal)
            done, failed = await call(client, "connect", connector="notes")
            assert not failed
            assert "Connected: Notes as notes/default" in done
            assert "notes_list_notes" in done


@BOTH_ERAS
@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("list_connectors", {"querry": "x"}, "unknown argument 'querry' (did you mean query?)"),
        ("list_connectors", {"category": "music"}, "There are: productivity"),
        ("connect", {"connector": "note"}, "Did you mean 'notes'?"),
        ("connect", {"connector": "notes", "alias": "Not OK"}, "alias"),
        ("connect", {}, "'connector' is missing"),
        ("connect", {"connector": "notes", "api_key": "sk_live_1"}, "unknown argument 'api_key'"),
        ("disconnect", {"connection": "notes/default"}, "no connection"),
        ("search_actions", {"query": "x", "connector": "note"}, "Did you mean 'notes'?"),
        ("call_action", {"action": "notes_list"}, "Did you mean 'notes_list_notes'"),
        ("request", {"connection": "x/y", "method": "GET", "path": "/"}, "no connection"),
        ("read_result", {"result": "rs_x"}, "no kept result"),
        ("nope", {}, "no action 'nope'"),
    ],
)
async def test_bad_input_says_what_to_do(era: Era, tool: str, arguments: dict[str, Any], words: str) -> None:
    async with (
        make_application() as application,
        client_of(application, await make_principal(application), era) as client,
    ):
        text, failed = await call(client, tool, **arguments)

    assert failed
    assert words in text
    assert "sk_live_1" not in text


@BOTH_ERAS
async def test_search_says_what_an_action_takes_and_whether_it_can_be_called_now(era: Era) -> None:
    async with (
        make_application() as application,
        client_of(application, await make_principal(application), era) as client,
    ):
        text, _ = await call(client, "search_actions", query="create a note")

    assert "action: notes_create_note" in text
    assert "connected: false" in text
    assert "title: string, required" in text


@BOTH_ERAS
async def test_an_action_runs_by_its_name_and_through_call_action_alike(era: Era) -> None:
    provider = FakeProvider(answers(200, [{"id": 1, "title": "One"}]))
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, era) as client:
            direct, _ = await call(client, "notes_list_notes", book="b")
            through, _ = await call(client, "call_action", action="notes_list_notes", arguments={"book": "b"})
            listed, _ = await call(client, "list_connections")

    assert direct == through
    assert "title: One" in direct
    assert "account: user-s3cre" in listed


@BOTH_ERAS
async def test_the_list_stays_in_its_budget_and_what_is_left_out_can_still_be_called(era: Era) -> None:
    second = make_connector(NOTES_YAML.replace("name: notes", "name: memos").replace("title: Notes", "title: Memos"))
    catalog: Catalog = make_catalog(make_connector(), second)
    async with make_application(FakeProvider(answers(200, [])), catalog=catalog) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        await connect(application, principal, "memos")
        async with client_of(application, principal, era, max_tools=11) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            _, failed = await call(client, "memos_read_file", book="b", path="x")

    assert len(names) == 11
    assert {name.partition("_")[0] for name in names[8:]} == {"notes", "memos"}
    assert not failed


def test_every_fixed_tool_fits_what_clients_accept() -> None:
    for tool in FIXED_TOOLS:
        schema = tool.input_schema
        assert len(tool.name) <= 40
        assert schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf", "$ref"} & set(schema)
        assert tool.output_schema is None
        assert tool.annotations
        hints = tool.annotations.model_dump(exclude={"title"})
        assert all(isinstance(hint, bool) for hint in hints.values())
        for name in schema.get("required", []):
            assert "Required." in schema["properties"][name]["description"]


class Broken(FakeProvider):
    """Fails in a way that nobody foresaw."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/notes"):
            raise ZeroDivisionError("inner detail")
        return await super().handle_async_request(request)


@BOTH_ERAS
async def test_a_fault_of_our_own_shows_no_trace(era: Era) -> None:
    async with make_application(Broken()) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, era) as client:
            text, failed = await call(client, "notes_list_notes", book="b")

    assert failed
    assert text.startswith("internal_error: Connectory itself failed.")
    assert "inner detail" not in text
