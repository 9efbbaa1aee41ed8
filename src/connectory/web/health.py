"""`/healthz`: whether this process and its database answer, and on demand the proof that it is ours (attack 119)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectory import __version__
from connectory.errors import ConnectoryError
from connectory.vault.keys import KeyRing
from connectory.web.proof import CHALLENGE, prove

DATABASE_TIMEOUT_S = 2.0
logger = logging.getLogger("connectory.web")


@dataclass(frozen=True, slots=True)
class HealthPage:
    """Answers probes. `ping` asks the database for something small and raises where it does not answer."""

    ping: Callable[[], Awaitable[object]]
    keys: KeyRing

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("/healthz", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """200 when all is well, 503 when the database does not answer within `DATABASE_TIMEOUT_S`."""
        answer: dict[str, str] = {"status": "ok", "version": __version__}
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT_S):
                await self.ping()
        except (ConnectoryError, TimeoutError) as error:
            logger.warning("The database does not answer: %s", error)
            answer["status"] = "database does not answer"
        challenge = request.query_params.get("challenge", "")
        server = request.scope.get("server")
        if server and CHALLENGE.fullmatch(challenge):
            answer["proof"] = prove(self.keys, challenge, server[0], server[1])
        return JSONResponse(answer, status_code=200 if answer["status"] == "ok" else 503)
