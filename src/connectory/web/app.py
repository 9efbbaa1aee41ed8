"""Puts the pages, the guard and the error pages together. The command line adds `/mcp` to the same process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ExceptionHandler, Lifespan

from connectory.errors import ConnectoryError, Unauthenticated
from connectory.web.callback import CallbackPages
from connectory.web.confirm import ConfirmPages
from connectory.web.connect import ConnectPages
from connectory.web.failures import error_response, exception_handlers, wants_json
from connectory.web.guard import guard_middleware
from connectory.web.health import HealthPage
from connectory.web.home import HomePage
from connectory.web.origins import OurOrigins
from connectory.web.pages import load_templates
from connectory.web.services import WebServices
from connectory.web.signin import SignInPages, Visitors, signin_form
from connectory.web.slashes import WithoutLastSlash


def create_web_app(
    services: WebServices, *, routes: Sequence[BaseRoute] = (), lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """Return the whole ASGI app: the pages, `routes` beside them (such as `/mcp`), and the guard around everything."""
    load_templates()
    app = Starlette(
        routes=[*web_routes(services), *routes],
        middleware=[Middleware(WithoutLastSlash), *guard_middleware(services.settings)],
        exception_handlers=page_exception_handlers(),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def web_routes(services: WebServices) -> list[BaseRoute]:
    """Return the routes of the pages; they may be served only inside `guard_middleware` (`guard.py`)."""
    settings = services.settings
    visitors = Visitors(settings, services.vault, services.tokens)
    return [
        *HomePage(OurOrigins(settings), visitors, services.command).routes(),
        *HealthPage(partial(services.vault.workspaces.by_slug, "default"), services.vault.keys).routes(),
        *SignInPages(visitors).routes(),
        *ConnectPages(services, visitors).routes(),
        *CallbackPages(services, visitors).routes(),
        *ConfirmPages(services.confirmations, visitors).routes(),
        *_nango(services),
    ]


def _nango(services: WebServices) -> list[BaseRoute]:
    """The address for Nango's webhooks, where there is a Nango."""
    if services.nango is None:
        return []
    from connectory.web.nango import NangoWebhookPage

    return list(NangoWebhookPage(services.nango).routes())


def page_exception_handlers() -> dict[type[Exception], ExceptionHandler]:
    """Return the handlers for Starlette's `exception_handlers`."""
    return {**exception_handlers(), Unauthenticated: _ask_to_sign_in}


async def _ask_to_sign_in(request: Request, error: Exception) -> Response:
    """A page that needs a sign-in shows the form in its own place, whether or not there is such a page (attack 42)."""
    assert isinstance(error, ConnectoryError)
    if wants_json(request.headers.get("accept", ""), request.scope["path"]):
        return error_response(request, error)
    return signin_form(request.scope["path"], status=401)
