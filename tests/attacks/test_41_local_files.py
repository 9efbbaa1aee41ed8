"""Attack 41: a path named by a caller, as a resource or where a file is due. None is ever opened."""

from __future__ import annotations

import pytest
from mcp import MCPError
from tests.gateway.filing import filing
from tests.mcp.test_tools import BOTH_ERAS, Era, client_of

from connectory.testing.provider import answers

ADDRESSES = [
    "file:///etc/passwd",
    "connectory://results/../../key",
    "connectory://results/..%2f..%2fkey",
    "connectory://results//etc/passwd",
    "connectory://results/rs_../../../../etc/passwd",
    "connectory://results/",
    "/etc/passwd",
]
PATHS = ["/etc/passwd", "@/etc/passwd", "~/.ssh/id_rsa", "file:///etc/passwd", "../../key"]


@BOTH_ERAS
@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_resource_is_never_a_file_of_ours(era: Era, address: str) -> None:
    async with filing(answers(200, {})) as (application, principal, _):
        async with client_of(application, principal, era) as client:
            with pytest.raises(MCPError) as refusal:
                await client.read_resource(address)

        assert refusal.value.error.code == -32602
        assert "root:" not in str(refusal.value)


@BOTH_ERAS
@pytest.mark.parametrize("path", PATHS)
async def test_a_file_argument_is_never_a_path(era: Era, path: str) -> None:
    async with filing(answers(201, {})) as (application, principal, provider):
        async with client_of(application, principal, era) as client:
            for content in (path, {"result": path}, {"base64": path}, {"path": path}, {"text": path, "path": path}):
                answer = await client.call_tool("filing_upload", {"folder": "f", "content": content})
                assert answer.is_error, content
            sent = await client.call_tool("filing_upload", {"folder": "f", "content": {"text": path, "name": path}})

        assert not sent.is_error
        [request] = provider.requests
        assert b"root:" not in request.content
        assert b"OPENSSH" not in request.content
