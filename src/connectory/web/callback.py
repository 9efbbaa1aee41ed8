"""`/api/auth/callback/{family}`: where a provider sends the person back to (RFC 6749 section 4.1.2).

Only the browser that left may come back (attack 3): its cookie for the link is looked for, not one that anybody has.
The answer is a redirect to an address without code and state, so that neither stays in history or Referer (attack 17).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.backend import Callback, Connected
from connectory.auth.oauth.clients import CALLBACK, CLIENT_DOCUMENT
from connectory.errors import RoleDenied, UnknownObject
from connectory.identity.principal import Principal, local_principal
from connectory.identity.rights import require_writing
from connectory.vault.entities import ConnectSession, Role
from connectory.web.acting import session_of
from connectory.web.binding import BrowserBinding
from connectory.web.services import WebServices
from connectory.web.visitors import Visitors

LONGEST_PARAMETER = 8_192  # bytes, escaped; what is longer is cut: the state of a refusal a megabyte long is spent too
MOST_PARAMETERS = 50


@dataclass(frozen=True, slots=True)
class CallbackPages:
    """The callback, and the document that says to authorization servers who we are."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of both."""
        return [
            Route(f"{CALLBACK}/{{family}}", self.receive, methods=["GET"]),
            Route(f"{CLIENT_DOCUMENT}/{{family}}", self.document, methods=["GET"]),
        ]

    async def receive(self, request: Request) -> Response:
        """Take what the provider's redirect brought."""
        visitor = await self.visitors.require(request)
        family, callback = request.path_params["family"], callback_of(request)
        session = await self.services.auth.sign_in.session_of(family, callback)
        if session is None or not self.visitors.may_see(visitor, session.workspace_id, session.user_id):
            await self._refuse(visitor, None, family)
        binding = BrowserBinding(request, session.link, is_https=self.visitors.is_https)
        if not binding.is_bound_to(session):
            await self._refuse(visitor, session, family)
        by = await session_of(self.visitors, request, session.workspace_id, session.user_id)
        if by is not None:
            require_writing(by)
        step = await self.services.auth.sign_in.complete(session, binding.shown(session), family, callback)
        done = "/done" if isinstance(step, Connected) else ""
        return RedirectResponse(f"/connect/{session.link}{done}", status_code=303)

    async def document(self, request: Request) -> Response:
        """Who we are, for servers at which the address of this document is our client id."""
        found = self.services.clients.document(request.path_params["family"])
        if found is None or request.path_params["family"] not in self.services.catalog.connectors:
            raise UnknownObject("client document", request.path_params["family"][:40])
        return JSONResponse(found)

    async def _refuse(self, visitor: Principal | None, session: ConnectSession | None, family: str) -> NoReturn:
        """Put on record what was not taken: with whoever came, on one machine with whoever the link was for."""
        if visitor is None and session is not None:
            visitor = Principal(session.workspace_id, session.user_id, Role.VIEWER)
        if visitor is None:
            with suppress(RoleDenied):  # nobody acts on this machine without a token: then there is no record to keep
                visitor = await local_principal(self.services.vault)
        await self.services.auth.sign_in.refuse_callback(visitor, family)


def callback_of(request: Request) -> Callback:
    """The parameters, as they came; none of what is no query at all."""
    raw = request.scope["query_string"].split(b"&")
    try:
        if len(raw) > MOST_PARAMETERS:
            raise ValueError
        text = "&".join(one[:LONGEST_PARAMETER].decode("ascii") for one in raw)
    except ValueError:
        return Callback(())
    return Callback(tuple(parse_qsl(text, keep_blank_values=True)))
