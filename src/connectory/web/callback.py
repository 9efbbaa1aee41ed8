"""`/api/auth/callback/{family}`: where a provider sends the person back to (RFC 6749 section 4.1.2).

Only the browser that left may come back (attack 3): its cookie for the link is looked for, not one that anybody has.
The answer is a redirect to an address without code and state, so that neither stays in history or Referer (attack 17).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.backend import Callback, Connected
from connectory.auth.oauth.clients import CALLBACK, CLIENT_DOCUMENT
from connectory.errors import InvalidArguments, SessionExpired, UnknownObject
from connectory.web.binding import BrowserBinding
from connectory.web.services import WebServices
from connectory.web.signin import Visitors

LONGEST_QUERY = 16_384  # bytes
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
        family, callback = request.path_params["family"], _callback(request)
        session = await self.services.auth.session_of_callback(family, callback)
        if session is None or not self.visitors.may_see(visitor, session.workspace_id, session.user_id):
            raise _not_under_way()
        binding = BrowserBinding(request, session.link, is_https=self.visitors.is_https)
        if not binding.is_bound_to(session):
            raise _not_under_way()
        step = await self.services.auth.complete(session, binding.shown(session), family, callback)
        done = "/done" if isinstance(step, Connected) else ""
        return RedirectResponse(f"/connect/{session.link}{done}", status_code=303)

    async def document(self, request: Request) -> Response:
        """Who we are, for servers at which the address of this document is our client id."""
        found = self.services.clients.document(request.path_params["family"])
        if found is None or request.path_params["family"] not in self.services.catalog.connectors:
            raise UnknownObject("client document", request.path_params["family"][:40])
        return JSONResponse(found)


def _callback(request: Request) -> Callback:
    query = request.scope["query_string"]
    try:
        if len(query) > LONGEST_QUERY:
            raise ValueError
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise InvalidArguments("This answer of a provider cannot be read.", hint="Start the sign-in again.") from None
    return Callback(tuple(pairs))


def _not_under_way() -> SessionExpired:
    """One text for unknown, used, timed out and another browser's: the page must not tell which (attack 42)."""
    return SessionExpired(
        "No such sign-in is under way in this browser: it was finished, took too long, or began in another one.",
        hint="Open the connect link again, in the browser in which you sign in, and start from there.",
    )
