"""`POST /api/nango/webhook`: what Nango has to say, believed only so far as to look for ourselves (attack 102).

Whoever sends it is no person and has no token: the signature over the body speaks for it. What is signed is answered
with 200, whatever it is about: Nango repeats only what fails on our side, and a sender learns nothing of what we know.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectory.auth.nango.receiving import NangoWebhooks
from connectory.auth.nango.webhooks import SIGNATURE
from connectory.errors import ConnectoryError
from connectory.web.failures import failure_response

PATH = "/api/nango/webhook"


@dataclass(frozen=True, slots=True)
class NangoWebhookPage:
    """The one address; its bodies are limited by the guard."""

    webhooks: NangoWebhooks

    def routes(self) -> list[Route]:
        """The route."""
        return [Route(PATH, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """Take one webhook. A refusal is no page: nobody signs in here."""
        signatures = request.headers.getlist(SIGNATURE)
        try:
            await self.webhooks.receive(await request.body(), signatures[0] if len(signatures) == 1 else "")
        except ConnectoryError as error:
            status = 401 if error.code == "unauthenticated" else 503
            return failure_response(request.headers, status, error.message, error.hint, path=PATH, code=error.code)
        return JSONResponse({"received": True})
