"""What a client can attach or read by an address: connections, kept results and files, and what an action takes.

`connectory://connections/{connector}/{alias}`, `connectory://results/{id}`, `connectory://actions/{action}`: each for
the principal alone. An address holds names and handles and nothing else: no path, no name of a file of ours is ever
opened by it (attack 41).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as t
from mcp import MCPError
from mcp.server.context import ServerRequestContext

from connectory.auth.connections import Found, describe_account
from connectory.errors import BadInput
from connectory.gateway.kept_files import as_text
from connectory.gateway.text import as_compact_text
from connectory.identity.principal import Principal
from connectory.mcp import icons
from connectory.mcp.describing import describe_action, describe_connection
from connectory.mcp.offers import Offers
from connectory.vault.entities import GrantStatus, KeptEntry

NOT_FOUND = -32602  # resource not found (MCP 2026-07-28); legacy clients knew -32002 for it and take any
JSON, PLAIN = "application/json", "text/plain"
CONNECTION = t.ResourceTemplate(
    uri_template="connectory://connections/{connector}/{alias}",
    name="connection",
    title="Connected account",
    description="One account: whose it is, whether it works, what can be done with it, and how it is mended.",
    mime_type=PLAIN,
    icons=[icons.SERVER],
)
RESULT = t.ResourceTemplate(
    uri_template="connectory://results/{id}",
    name="result",
    title="Kept result",
    description="The whole of an answer that was cut, or a file that an action gave; kept for an hour.",
    icons=[icons.RESULT],
)
ACTION = t.ResourceTemplate(
    uri_template="connectory://actions/{action}",
    name="action",
    title="Action",
    description="What one action does, what it takes, and whether it can be called now.",
    mime_type=PLAIN,
    icons=[icons.POSSIBLE],
)
TEMPLATES = (CONNECTION, RESULT, ACTION)
Context = ServerRequestContext[Any]
_FORMS = {
    "connections": re.compile(r"connectory://connections/([a-z][a-z0-9-]{0,23})/([a-z0-9][a-z0-9-]{0,31})"),
    "results": re.compile(r"connectory://results/(rs_[a-z0-9]{26})"),
    "actions": re.compile(r"connectory://actions/([a-z0-9_]{1,100})"),
}


class Resources:
    """Answers what clients ask about resources."""

    def __init__(self, offers: Offers, principal_of: Callable[[Context], Awaitable[Principal]]) -> None:
        self._offers, self._principal_of = offers, principal_of

    async def list(self, ctx: Context, _: t.PaginatedRequestParams | None) -> t.ListResourcesResult:
        """List the principal's connections, and what is kept for them, the newest first."""
        principal = await self._principal_of(ctx)
        by_name: dict[str, Found] = {}  # one's own stands before a shared one of the same name
        for found in await self._offers.auth.list_connections(principal):
            by_name.setdefault(found[0].name, found)
        kept = await self._offers.gateway.kept_results(principal)
        return t.ListResourcesResult(
            resources=[*map(self._listed_connection, by_name.values()), *map(_listed_result, kept)]
        )

    async def list_templates(self, _: Context, __: t.PaginatedRequestParams | None) -> t.ListResourceTemplatesResult:
        """Name the forms of address that there are."""
        return t.ListResourceTemplatesResult(resource_templates=list(TEMPLATES))

    async def read(self, ctx: Context, params: t.ReadResourceRequestParams) -> t.ReadResourceResult:
        """Return a resource whole. Raises `MCPError` for whatever is not there for this principal."""
        uri = params.uri
        principal = await self._principal_of(ctx)
        kind, parts = _read_address(uri)
        try:
            if kind == "results":
                return await self._result(principal, uri, *parts)
            text = await (self._connection if kind == "connections" else self._action)(principal, *parts)
        except BadInput as error:
            raise _not_there(error.text, uri) from None
        return t.ReadResourceResult(contents=[t.TextResourceContents(uri=uri, mime_type=PLAIN, text=text)])

    def _listed_connection(self, found: Found) -> t.Resource:
        connection, grant = found
        connector = self._offers.catalog.connectors.get(connection.connector)
        title = connector.title if connector else connection.connector
        works = "must be connected anew" if grant.status is GrantStatus.NEEDS_RECONNECT else "works"
        return t.Resource(
            uri=f"connectory://connections/{connection.name}",
            name=connection.name,
            title=f"{title}: {describe_account(grant)} ({connection.alias})",
            description=f"{'Shared' if connection.is_shared else 'Own'} account of {title}; its sign-in {works}.",
            mime_type=PLAIN,
            icons=[icons.icon_of(connector)] if connector else None,
        )

    async def _connection(self, principal: Principal, connector: str, alias: str) -> str:
        """All connections of this name: one's own and a shared one may have the same."""
        name = f"{connector}/{alias}"
        found = [one for one in await self._offers.auth.list_connections(principal) if one[0].name == name]
        if not found:
            await self._offers.auth.resolve(principal, name, writes=False)  # raises, and says what may be meant
        known = self._offers.catalog.connectors.get(connector)
        callable_now = await self._offers.gateway.callable_actions(principal)
        permitted = [action for action in callable_now if action.connector == connector]
        described = [
            describe_connection(one, known, permitted, against=await self._offers.against_renewing(principal, one[0]))
            for one in found
        ]
        return as_compact_text(described[0] if len(described) == 1 else described)

    async def _action(self, principal: Principal, tool: str) -> str:
        action = self._offers.catalog.action(tool)
        found = await self._offers.connections(principal, [self._offers.catalog.connector(action.connector)])
        is_permitted = bool(await self._offers.permitted(principal, [action]))
        return as_compact_text(describe_action(action, is_connected=bool(found), is_permitted=is_permitted))

    async def _result(self, principal: Principal, uri: str, handle: str) -> t.ReadResourceResult:
        kept = await self._offers.gateway.kept_result(principal, handle)
        text = kept.body.decode() if kept.media_type is None else as_text(kept)
        media_type = kept.media_type or JSON
        if text is not None:
            return t.ReadResourceResult(contents=[t.TextResourceContents(uri=uri, mime_type=media_type, text=text)])
        blob = base64.b64encode(kept.body).decode()
        return t.ReadResourceResult(contents=[t.BlobResourceContents(uri=uri, mime_type=media_type, blob=blob)])


def _listed_result(entry: KeptEntry) -> t.Resource:
    return t.Resource(
        uri=f"connectory://results/{entry.id}",
        name=entry.file_name or entry.id,
        title=entry.file_name or f"Whole answer, {_size(entry.size)}",
        description="A file that an action gave." if entry.media_type else "The whole of an answer that was cut.",
        mime_type=entry.media_type or JSON,
        size=entry.size,
        icons=[icons.RESULT],
    )


def _read_address(uri: str) -> tuple[str, tuple[str, ...]]:
    """The kind of resource and the parts of its address. Raises `MCPError` for any other."""
    for kind, form in _FORMS.items():
        if match := form.fullmatch(uri):
            return kind, match.groups()
    forms = ", ".join(template.uri_template for template in TEMPLATES)
    raise _not_there(f"There is no resource {uri[:200]!r}. Resources are {forms}.", uri)


def _not_there(words: str, uri: str) -> MCPError:
    """The error, with the address as data: the specification's SHOULD. Half characters cannot be sent back."""
    return MCPError(NOT_FOUND, words, {"uri": uri.encode(errors="replace").decode()})


def _size(size: int) -> str:
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
