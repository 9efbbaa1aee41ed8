"""The home page and the static files: what this is and how a client is registered; nothing of anybody's data."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.web.origins import OurOrigins
from connectory.web.pages import FOLDER, render
from connectory.web.signin import Visitors

STATIC_FILES = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
STATIC_AGE = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class HomePage:
    """`/`, and `/static/...`."""

    origins: OurOrigins
    visitors: Visitors
    command: str

    def routes(self) -> list[Route]:
        """The routes; the files are read now, so that no request waits for the disk."""
        files = {name: (FOLDER / "static" / name).read_bytes() for name in STATIC_FILES}
        static = [Route(f"/static/{name}", partial(_send, files[name], kind)) for name, kind in STATIC_FILES.items()]
        return [Route("/", self.show, methods=["GET"]), *static]

    async def show(self, request: Request) -> Response:
        """Say in plain words what this is."""
        return render(
            "home",
            address=f"{self.origins.canonical}/mcp",
            client_entry=_client_entry(self.command),
            command=shlex.quote(self.command),
            is_local=self.visitors.is_local,
            visitor=await self.visitors.name_of(request),
        )


def _client_entry(command: str) -> str:
    return json.dumps({"mcpServers": {"connectory": {"command": command, "args": ["stdio"]}}}, indent=2)


async def _send(content: bytes, kind: str, _request: Request) -> Response:
    return Response(content, media_type=kind, headers={"Cache-Control": STATIC_AGE, "Vary": "Accept-Encoding"})
