"""Kept results and files as MCP resources: `connectory://results/{id}`, for the principal they were kept for.

The address holds a handle and nothing else: no path, no name of a file of ours is ever opened by it (attack 41).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as t
from mcp import MCPError
from mcp.server.context import ServerRequestContext

from connectory.errors import UnknownResult
from connectory.gateway.gateway import Gateway
from connectory.gateway.kept_files import as_text
from connectory.identity.principal import Principal

NOT_FOUND = -32602  # resource not found (MCP 2026-07-28); legacy clients knew -32002 for it and take any
PREFIX = "connectory://results/"
TEMPLATE = t.ResourceTemplate(
    uri_template=f"{PREFIX}{{id}}",
    name="result",
    title="Kept result",
    description="The whole of an answer that was cut, or a file that an action gave; kept for an hour.",
)
JSON = "application/json"
Context = ServerRequestContext[Any]
_HANDLE = re.compile(r"rs_[a-z0-9]{26}")


class Resources:
    """Answers what clients ask about resources."""

    def __init__(self, gateway: Gateway, principal_of: Callable[[Context], Awaitable[Principal]]) -> None:
        self._gateway, self._principal_of = gateway, principal_of

    async def list(self, ctx: Context, _: t.PaginatedRequestParams | None) -> t.ListResourcesResult:
        """List what is kept for the principal, the newest first."""
        kept = await self._gateway.kept_results(await self._principal_of(ctx))
        return t.ListResourcesResult(
            resources=[
                t.Resource(
                    uri=f"{PREFIX}{entry.id}",
                    name=entry.file_name or entry.id,
                    title=entry.file_name or f"Result {entry.id}",
                    mime_type=entry.media_type or JSON,
                    size=entry.size,
                )
                for entry in kept
            ]
        )

    async def list_templates(self, _: Context, __: t.PaginatedRequestParams | None) -> t.ListResourceTemplatesResult:
        """Name the one form of address that there is."""
        return t.ListResourceTemplatesResult(resource_templates=[TEMPLATE])

    async def read(self, ctx: Context, params: t.ReadResourceRequestParams) -> t.ReadResourceResult:
        """Return a kept result whole. Raises `MCPError` for whatever is not there for this principal."""
        uri = params.uri
        handle = uri.removeprefix(PREFIX)
        if not uri.startswith(PREFIX) or not _HANDLE.fullmatch(handle):
            raise MCPError(NOT_FOUND, f"There is no resource {uri[:200]!r}. Resources are {TEMPLATE.uri_template}.")
        try:
            kept = await self._gateway.kept_result(await self._principal_of(ctx), handle)
        except UnknownResult as error:
            raise MCPError(NOT_FOUND, error.text) from None
        text = kept.body.decode() if kept.media_type is None else as_text(kept)
        media_type = kept.media_type or JSON
        if text is not None:
            return t.ReadResourceResult(contents=[t.TextResourceContents(uri=uri, mime_type=media_type, text=text)])
        blob = base64.b64encode(kept.body).decode()
        return t.ReadResourceResult(contents=[t.BlobResourceContents(uri=uri, mime_type=media_type, blob=blob)])
