"""The faces that a process shows: MCP over whatever transport, and the ASGI app of the page and `/mcp`.

How long a process serves them, and which of several serves the page, is the business of `serving.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from connectory.cli.acting import principal_of
from connectory.cli.registering import command_path
from connectory.cli.surroundings import reach_hint
from connectory.wiring import Application

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server
    from starlette.applications import Starlette

    from connectory.mcp.changes import ListChanges
    from connectory.mcp.server import PrincipalOf
    from connectory.web.services import WebServices

FEWEST_TOOLS, MOST_TOOLS = 8, 1000  # the fixed tools are always there


def list_changes(application: Application) -> ListChanges:
    """Who listens to changed tool lists in this process, over whatever transport."""
    from connectory.mcp.changes import ListChanges
    from connectory.mcp.server import list_view
    from connectory.mcp.streams import OpenStreams

    view = partial(list_view, application.gateway)
    return ListChanges(application.vault.workspaces.revisions, application.tokens.renew, view, OpenStreams())


def mcp_server(
    application: Application,
    principal: PrincipalOf,
    max_tools: int,
    changes: ListChanges,
    *,
    is_stateless: bool = False,
) -> Server[Any]:
    """The MCP face. A client may ask for fewer or more tools in the address: `/mcp?max_tools=N` (design 6.1)."""
    from connectory.mcp.handlers import FixedTools
    from connectory.mcp.offers import Offers
    from connectory.mcp.rounds import RoundSeals
    from connectory.mcp.server import build_server

    offers = Offers(application.catalog, application.auth, application.gateway)
    fixed = FixedTools(
        offers,
        application.audit,
        presence=application.presence,
        connect_wait_s=application.settings.connect_wait_s,
        result_tokens=application.settings.result_tokens,
        reach=partial(reach_hint, application.settings),
        by_code=application.settings.sign_in == "device",
    )

    def budget(ctx: ServerRequestContext[Any]) -> tuple[int, int]:
        asked = ctx.request.query_params.get("max_tools", "") if ctx.request is not None else ""
        tools = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else max_tools
        return min(max(tools, FEWEST_TOOLS), MOST_TOOLS), application.settings.list_tokens

    seals = RoundSeals(application.vault.keys)
    return build_server(offers, fixed, principal, budget, changes, seals, is_stateless=is_stateless)


def make_app(
    application: Application,
    changes: ListChanges | None = None,
    *,
    no_auth: bool = False,
    extend: Callable[[Server[Any]], None] = lambda _: None,
) -> Starlette:
    """The page and `/mcp` as one ASGI app. `changes`: the process's; without it nobody looks for any.

    `extend` may add handlers to the MCP face before it is served.
    """
    from connectory.mcp.caller import LocalOrBearer, bearer_only, principal_of_request
    from connectory.mcp.http import HttpEndpoint
    from connectory.web.app import create_web_app

    settings, verify = application.settings, application.tokens.verify
    changes = changes or list_changes(application)
    is_stateless = settings.http_sessions == "stateless"
    server = mcp_server(application, principal_of_request, settings.max_tools, changes, is_stateless=is_stateless)
    extend(server)
    local = partial(principal_of, application)
    backend = LocalOrBearer(local, verify, settings.origin) if no_auth else bearer_only(verify, settings.origin)
    endpoint = HttpEndpoint(server, backend, changes.streams, is_stateless=is_stateless)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with endpoint.running():
            yield

    app = create_web_app(_web_services(application), routes=endpoint.routes, lifespan=lifespan)
    if no_auth:
        from connectory.cli.no_auth import LocalOnly

        app.add_middleware(LocalOnly)  # outside the guard, which takes a proxy's headers away
    return app


def _web_services(application: Application) -> WebServices:
    from connectory.web.services import WebServices

    return WebServices(
        settings=application.settings,
        catalog=application.catalog,
        vault=application.vault,
        auth=application.auth,
        gateway=application.gateway,
        tokens=application.tokens,
        web_sessions=application.web_sessions,
        workspaces=application.workspaces,
        policies=application.policies,
        audit=application.audit,
        activity=application.activity,
        custom_connectors=application.custom_connectors,
        drafts=application.drafts,
        confirmations=application.confirmations,
        oauth_apps=application.oauth_apps,
        clients=application.clients,
        nango=application.nango.webhooks if application.nango is not None else None,
        openid=application.openid,
        command=command_path(),
    )
