"""The suite's tool that changes the tool list: for real, by connecting the demo or disconnecting it.

Who listens must hear of it from our own look at the list (`mcp/changes.py`); nothing is announced here.
"""

from __future__ import annotations

import mcp_types as t

from connectory.mcp.caller import principal_of_request
from connectory.testing.application import connect
from connectory.testing.conformance.precedence import Context, ToolFixture, make_tool, say
from connectory.wiring import Application


class ListToggle:
    """Makes the demo's actions come and go."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def tool(self) -> ToolFixture:
        """Return the tool."""
        return ToolFixture(make_tool("test_trigger_tool_change", "Changes the list of tools."), self._change)

    async def _change(self, ctx: Context, _: t.CallToolRequestParams) -> t.CallToolResult:
        principal = await principal_of_request(ctx)
        found = await self._application.auth.list_connections(principal, "demo")
        for connection, _grant in found:
            await self._application.auth.disconnect(principal, connection.id)
        if not found:
            await connect(self._application, principal, "demo", method="none", values={})
        return say("The list of tools has changed.")
