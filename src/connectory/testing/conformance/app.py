"""The real application with the suite's fixtures before its MCP handlers.

Transports, sessions, guard, bearer check, server, seals and lists of changes are those that users get, and what is no
fixture's goes on to our own tools, resources and prompts. The suite cannot send a token, so one is put into its
requests (`CONNECTORY_TOKEN`), before anything of ours sees them.
"""

from __future__ import annotations

from typing import Any

from mcp.server.lowlevel import Server
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from connectory.cli.faces import make_app
from connectory.errors import InvalidSettings
from connectory.mcp.changes import ListChanges
from connectory.mcp.rounds import RoundSeals
from connectory.testing.conformance.asking import asking_tools
from connectory.testing.conformance.listing import ListToggle
from connectory.testing.conformance.precedence import add_prompts, add_resources, add_tools, add_utilities
from connectory.testing.conformance.rounds import round_tools
from connectory.testing.conformance.tools import plain_tools
from connectory.wiring import Application


class WithToken:
    """Puts a bearer token into every request that has none."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = MutableHeaders(scope=scope)
            headers.setdefault("authorization", f"Bearer {self._token}")
        await self._app(scope, receive, send)


def make_conformance_app(application: Application, changes: ListChanges, *, no_auth: bool = False) -> Starlette:
    """Return what `make_app` makes, and the fixtures in it. Raises `InvalidSettings` where there is no token."""
    token = application.settings.token
    if token is None:
        raise InvalidSettings(
            "The conformance suite cannot send a token.",
            hint="Set CONNECTORY_TOKEN; `connectory token create` makes it.",
        )

    def extend(server: Server[Any]) -> None:
        add_tools(
            server,
            [
                *plain_tools(),
                *asking_tools(),
                *round_tools(RoundSeals(application.vault.keys)),
                ListToggle(application).tool(),
            ],
        )
        add_resources(server)
        add_prompts(server)
        add_utilities(server)

    app = make_app(application, changes, no_auth=no_auth, extend=extend)
    app.add_middleware(WithToken, token=token.get_secret_value())
    return app
