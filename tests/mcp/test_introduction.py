"""How the server introduces itself: name, icon, instructions, titles, and what it promises; in both protocol eras."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import mcp_types as t
import pytest
from mcp import Client
from mcp.server.lowlevel import Server
from tests.attacks.face import FLEET, make_face, result_in
from tests.gateway.filing import filing, gives
from tests.mcp.test_tools import BOTH_ERAS, FIXED, Era, client_of

from connectory.cli.faces import list_changes, mcp_server
from connectory.errors import ConfirmationNeeded, NeedsReconnect, NotConnected
from connectory.mcp.introduction import INSTRUCTIONS, MOST_TOKENS
from connectory.mcp.tool_list import count_tokens
from connectory.testing.application import connect, make_application, make_principal

SERVER_INFO = "io.modelcontextprotocol/serverInfo"
MOST_ICON_BYTES = 500


def test_the_instructions_are_short_and_name_only_what_is_there() -> None:
    assert count_tokens(INSTRUCTIONS) < MOST_TOKENS == 300
    named = set(re.findall(r"[a-z]+_[a-z_]+|\b(?:connect|request)\b(?= answers| sends)", INSTRUCTIONS))
    codes = {error.code for error in (ConfirmationNeeded, NeedsReconnect, NotConnected)}
    assert named == (FIXED - {"disconnect"}) | codes | {"dry_run"}
    assert "Never ask for passwords, keys or tokens" in INSTRUCTIONS


@BOTH_ERAS
async def test_a_client_is_told_who_the_server_is_and_how_to_start(era: Era) -> None:
    async with (
        make_application() as application,
        client_of(application, await make_principal(application), era) as client,
    ):
        info = client.server_info
        assert info is not None
        assert (info.name, info.title) == ("connectory", "Connectory")
        assert info.description
        assert info.icons
        assert client.instructions == INSTRUCTIONS


@BOTH_ERAS
async def test_only_changes_of_the_tool_list_are_promised(era: Era) -> None:
    async with (
        make_application() as application,
        client_of(application, await make_principal(application), era) as client,
    ):
        offered = client.server_capabilities
        assert offered.tools == t.ToolsCapability(list_changed=True)
        assert offered.prompts == t.PromptsCapability(list_changed=False)
        assert offered.resources == t.ResourcesCapability(subscribe=False, list_changed=False)
        assert offered.completions is not None


async def test_a_stateless_server_promises_the_legacy_era_nothing() -> None:
    async with make_application() as application:
        principal = await make_principal(application)

        async def principal_of(_: Any) -> Any:
            return principal

        server: Server[Any] = mcp_server(application, principal_of, 40, list_changes(application), is_stateless=True)
        assert server.create_initialization_options().capabilities.tools == t.ToolsCapability(list_changed=False)


async def test_a_subscription_is_acknowledged_for_what_will_be_told_alone() -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        async with (
            client_of(application, principal, "auto") as client,
            client.listen(
                tools_list_changed=True, resources_list_changed=True, prompts_list_changed=True,
                resource_subscriptions=["connectory://connections/notes/default"],
            ) as subscription,
        ):  # fmt: skip
            honored = subscription.honored

    assert honored == t.SubscriptionFilter(tools_list_changed=True)


async def test_the_icon_is_sent_once_and_not_with_every_result_of_the_modern_era() -> None:
    async with make_face(environment={**FLEET}) as face:
        principal = await make_principal(face.application)
        await connect(face.application, principal)
        token = await face.token_of(principal)
        discovered = result_in(await face.post(token, "server/discover"))["result"]["_meta"][SERVER_INFO]
        methods = ("tools/list", "prompts/list", "resources/list")
        stamps = [result_in(await face.post(token, method))["result"]["_meta"][SERVER_INFO] for method in methods]
        called = await face.post(token, "tools/call", name="list_connections", arguments={})
        stamps.append(result_in(called)["result"]["_meta"][SERVER_INFO])

    assert discovered["icons"]
    assert all(set(stamp) == {"name", "title", "version"} for stamp in stamps)


async def everything_listed(client: Client) -> list[t.Tool | t.Prompt | t.Resource | t.ResourceTemplate]:
    return [
        *(await client.list_tools()).tools,
        *(await client.list_prompts()).prompts,
        *(await client.list_resources()).resources,
        *(await client.list_resource_templates()).resource_templates,
    ]


@BOTH_ERAS
async def test_everything_listed_has_a_title_and_a_description(era: Era) -> None:
    async with filing(gives(b"x", "text/csv")) as (application, principal, _):
        await application.gateway.call_action(principal, "filing_download", {"id": "1"})
        async with client_of(application, principal, era) as client:
            listed = await everything_listed(client)

    arguments = [argument for one in listed if isinstance(one, t.Prompt) for argument in one.arguments or []]
    assert {type(one) for one in listed} == {t.Tool, t.Prompt, t.Resource, t.ResourceTemplate}
    assert all(one.title and one.description for one in [*listed, *arguments])
    assert len({one.title for one in listed}) == len(listed)


def icons_of(listed: list[Any]) -> Iterator[t.Icon]:
    for one in listed:
        yield from one.icons or []


@BOTH_ERAS
async def test_icons_are_small_drawings_that_no_host_is_asked_for_and_tools_have_none(era: Era) -> None:
    async with filing(gives(b"x", "text/csv")) as (application, principal, _):
        await application.gateway.call_action(principal, "filing_download", {"id": "1"})
        async with client_of(application, principal, era) as client:
            listed = await everything_listed(client)
            icons = list(icons_of([client.server_info, *listed]))

    assert not list(icons_of([one for one in listed if isinstance(one, t.Tool)]))
    assert all(one.icons for one in listed if not isinstance(one, t.Tool))
    for icon in icons:
        head, _, drawing = icon.src.partition(",")
        assert (head, icon.mime_type) == ("data:image/svg+xml", "image/svg+xml")
        assert len(icon.src) < MOST_ICON_BYTES
        assert re.fullmatch(r"[!-~]+", icon.src)
        elements = list(ET.fromstring(unquote(drawing)).iter())
        assert elements[0].tag == "{http://www.w3.org/2000/svg}svg"
        assert not {"script", "image", "use", "foreignObject", "a"} & {one.tag.rpartition("}")[2] for one in elements}
        assert not any("://" in value or name.startswith("on") for one in elements for name, value in one.items())


@pytest.mark.parametrize(("title", "letter"), [("Notes", "N"), ("élan", "É"), ("<b>", "B"), ("&", "?"), ("…", "?")])
async def test_a_service_s_icon_is_its_first_letter(title: str, letter: str) -> None:
    from connectory.mcp.icons import icon_of
    from connectory.testing.connectors import NOTES_YAML, make_connector

    connector = make_connector(NOTES_YAML.replace("title: Notes", f'title: "{title}"'))
    drawing = ET.fromstring(unquote(icon_of(connector).src.partition(",")[2]))
    [text] = [one.text for one in drawing.iter() if one.tag.endswith("text")]
    assert text == letter
