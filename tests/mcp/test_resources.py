"""Kept results and files as MCP resources, in both protocol eras."""

from __future__ import annotations

import base64

import mcp_types as t
import pytest
from mcp import Client, MCPError
from tests.gateway.filing import filing, gives
from tests.mcp.test_tools import BOTH_ERAS, Era, client_of

from connectory.testing.application import make_principal

PDF = b"%PDF-1.7\x00\xff"


async def kept_ones(client: Client) -> list[t.Resource]:
    listed = (await client.list_resources()).resources
    return [one for one in listed if one.uri.startswith("connectory://results/")]


@BOTH_ERAS
async def test_a_file_is_listed_and_read_as_a_resource(era: Era) -> None:
    answer = gives(PDF, "application/pdf", **{"content-disposition": 'attachment; filename="report.pdf"'})
    async with filing(answer) as (application, principal, _), client_of(application, principal, era) as client:
        await client.call_tool("filing_download", {"id": "1"})
        [listed] = await kept_ones(client)
        [read] = (await client.read_resource(listed.uri)).contents

        assert (listed.name, listed.mime_type, listed.size) == ("report.pdf", "application/pdf", len(PDF))
        assert isinstance(read, t.BlobResourceContents)
        assert base64.b64decode(read.blob) == PDF


@BOTH_ERAS
async def test_a_text_file_is_read_as_text(era: Era) -> None:
    async with (
        filing(gives("é,b\n".encode(), "text/csv")) as (application, principal, _),
        client_of(application, principal, era) as client,
    ):
        await client.call_tool("filing_download", {"id": "1"})
        [listed] = await kept_ones(client)
        [read] = (await client.read_resource(listed.uri)).contents

        assert isinstance(read, t.TextResourceContents)
        assert (read.text, read.mime_type) == ("é,b\n", "text/csv")


@BOTH_ERAS
async def test_the_address_has_a_template(era: Era) -> None:
    async with filing(gives(PDF, "application/pdf")) as (application, principal, _):
        async with client_of(application, principal, era) as client:
            templates = (await client.list_resource_templates()).resource_templates

        assert "connectory://results/{id}" in [template.uri_template for template in templates]


@BOTH_ERAS
async def test_what_is_kept_for_somebody_else_is_neither_listed_nor_read(era: Era) -> None:
    async with filing(gives(PDF, "application/pdf")) as (application, principal, _):
        kept = (await application.gateway.call_action(principal, "filing_download", {"id": "1"})).kept
        bob = await make_principal(application, user="bob")
        async with client_of(application, bob, era) as client:
            assert (await client.list_resources()).resources == []
            with pytest.raises(MCPError, match=str(kept)):
                await client.read_resource(f"connectory://results/{kept}")


@BOTH_ERAS
@pytest.mark.parametrize("address", ["connectory://results/rs_aaaaaaaaaaaaaaaaaaaaaaaaaa", "test://anything"])
async def test_what_is_not_there_is_said_with_its_address(era: Era, address: str) -> None:
    async with filing(gives(PDF, "application/pdf")) as (application, principal, _):
        async with client_of(application, principal, era) as client:
            with pytest.raises(MCPError) as refusal:
                await client.read_resource(address)

        assert (refusal.value.error.code, refusal.value.error.data) == (-32602, {"uri": address})
