"""The gate: packaged connectors, run through the real gateway against doubles on sockets (issue "format")."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from tests.gate.doubles.serving import Double, reaching, running
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.errors import ConnectoryError
from connectory.gateway.results import Result
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.testing.application import make_application, make_principal
from connectory.wiring import Application

__all__ = ["BOTH_ERAS", "Era", "Gate", "gate", "packaged"]


@cache
def packaged() -> Catalog:
    """The packaged manifests, read once."""
    return load_catalog([packaged_folder()], index_dir=None)


@dataclass(frozen=True)
class Gate:
    """An application with one principal, before the doubles that it reaches."""

    application: Application
    principal: Principal

    async def call(self, tool: str, /, **arguments: Any) -> Result:
        """Call an action through the gateway."""
        return await self.application.gateway.call_action(self.principal, tool, arguments)

    async def refused(self, tool: str, /, **arguments: Any) -> ConnectoryError:
        """Call an action that must fail, and return its error."""
        with pytest.raises(ConnectoryError) as refusal:
            await self.call(tool, **arguments)
        return refusal.value

    async def by_mcp(self, era: Era, tool: str, /, **arguments: Any) -> tuple[str, bool]:
        """Call a tool through the MCP face; return what the agent reads, and whether it is told as an error."""
        async with client_of(self.application, self.principal, era) as client:
            return await call(client, tool, **arguments)


@asynccontextmanager
async def gate(*doubles: tuple[str, Double], settings: Settings | None = None) -> AsyncIterator[Gate]:
    """Open the gate before doubles, each with the origin of the provider that it stands for; one may have several."""
    catalog = await asyncio.to_thread(packaged)
    async with (
        running(*{id(double): double for _, double in doubles}.values()),
        make_application(catalog=catalog, mounts=reaching(*doubles), settings=settings) as application,
    ):
        yield Gate(application, await make_principal(application))
