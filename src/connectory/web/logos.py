"""The connectors' logos: files of their own, so that a browser keeps them and no script in one ever runs (attack 67).

Only what a manifest holds is sent. An `<img>` shows it; whoever opens the address itself is given it to save.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.web.visitors import Visitors

KIND = "image/svg+xml"
KEPT = "private, max-age=31536000, immutable"
UNNAMED = "private, no-cache"  # asked for with the digest of another one


@dataclass(frozen=True, slots=True)
class LogoPages:
    """`/workspaces/{slug}/logos/{connector}.svg`."""

    catalog: Catalog
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/workspaces/{slug}/logos/{connector}.svg", self.send, methods=["GET"])]

    async def send(self, request: Request) -> Response:
        """Send a logo to whoever may open the workspace's pages."""
        await self.visitors.member(request)
        name = request.path_params["connector"]
        connector = self.catalog.connectors.get(name)
        if connector is None or connector.manifest.logo is None:
            raise HTTPException(404)
        is_named = request.query_params.get("v") == _digest(connector.manifest.logo)
        headers: Mapping[str, str] = {
            "Cache-Control": KEPT if is_named else UNNAMED,
            "Content-Disposition": f'attachment; filename="{name}.svg"',
        }
        return Response(connector.manifest.logo, media_type=KIND, headers=headers)


def logo_url(slug: str, connector: Connector | None) -> str | None:
    """The address of a connector's logo, for as long as the logo is this one; None where it has none."""
    if connector is None or connector.manifest.logo is None:
        return None
    return f"/workspaces/{slug}/logos/{connector.name}.svg?v={_digest(connector.manifest.logo)}"


@functools.lru_cache(maxsize=1024)
def _digest(logo: str) -> str:
    return hashlib.sha256(logo.encode()).hexdigest()[:16]
