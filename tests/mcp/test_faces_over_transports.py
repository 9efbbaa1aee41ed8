"""Resources, prompts, completion and the introduction over every transport, in both protocol eras."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2
import mcp_types as t
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from tests.e2e.listening import client_of as client_of_process
from tests.e2e.programs import Install, say
from tests.mcp.test_tools import BOTH_ERAS, Era

from connectory.cli.faces import make_app
from connectory.identity.principal import Principal
from connectory.mcp.introduction import INSTRUCTIONS
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.wiring import Application

SESSIONS = pytest.mark.parametrize("sessions", ["stateless", "stateful"])


@asynccontextmanager
async def over_http(application: Application, principal: Principal, era: Era) -> AsyncIterator[Client]:
    """A client of `/mcp` as it is served, with a token of the principal."""
    token = (await application.tokens.create(principal, "client"))[1]
    app = make_app(application)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        http = await stack.enter_async_context(
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=app), headers={"Authorization": f"Bearer {token}"}, timeout=30
            )
        )
        transport = streamable_http_client("http://localhost:8765/mcp", http_client=http)
        yield await stack.enter_async_context(Client(transport, mode=era))


async def seen_by(client: Client, connector: str) -> dict[str, object]:
    """What the client is told of its connections to `connector`, by every way there is."""
    listed = (await client.list_resources()).resources
    prompt = await client.get_prompt("what_can_you_do", {"connector": connector})
    [message] = prompt.messages
    assert isinstance(message.content, t.TextContent)
    ref = t.ResourceTemplateReference(type="ref/resource", uri="connectory://connections/{connector}/{alias}")
    aliases = await client.complete(ref, {"name": "alias", "value": ""}, {"connector": connector})
    return {
        "resources": [one.uri for one in listed],
        "prompt knows": "Connected are" in message.content.text,
        "aliases": aliases.completion.values,
    }


@BOTH_ERAS
@SESSIONS
async def test_over_http_each_token_sees_its_own(era: Era, sessions: str) -> None:
    settings = make_settings(CONNECTORY_HTTP_SESSIONS=sessions)
    async with make_application(settings=settings) as application:
        vic = await make_principal(application, user="vic")
        eve = await make_principal(application, "other", "eve")
        await connect(application, vic, alias="work")
        uri = "connectory://connections/notes/work"
        async with over_http(application, vic, era) as client:
            assert client.instructions == INSTRUCTIONS
            assert client.server_info
            assert client.server_info.icons
            assert await seen_by(client, "notes") == {"resources": [uri], "prompt knows": True, "aliases": ["work"]}
            [content] = (await client.read_resource(uri)).contents
            assert isinstance(content, t.TextResourceContents)
            assert "account: user-s3cre" in content.text
        async with over_http(application, eve, era) as client:
            assert await seen_by(client, "notes") == {"resources": [], "prompt knows": False, "aliases": []}
            with pytest.raises(MCPError, match="There is no connection 'notes/work'"):
                await client.read_resource(uri)


@BOTH_ERAS
@pytest.mark.slow
async def test_over_stdio_all_of_it_is_there(era: Era, tmp_path: Path) -> None:
    install = Install(tmp_path)
    await asyncio.to_thread(install.run, "connect", "demo")
    async with client_of_process(install, "stdio", era) as client:
        assert client.instructions == INSTRUCTIONS
        uri = "connectory://connections/demo/default"
        assert await seen_by(client, "demo") == {"resources": [uri], "prompt knows": True, "aliases": ["default"]}
        assert "demo/default" in await say(client, "list_connections")
        [content] = (await client.read_resource(uri)).contents
        assert isinstance(content, t.TextResourceContents)
        assert "demo_list_tasks" in content.text
        names = {prompt.name for prompt in (await client.list_prompts()).prompts}
        assert names == {"connect_service", "what_can_you_do"}
