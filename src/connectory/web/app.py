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
from connectory.web.activity import ActivityPages
from connectory.web.api.mount import ApiMount
from connectory.web.callback import CallbackPages
from connectory.web.confirm import ConfirmPages
from connectory.web.connect import ConnectPages
from connectory.web.connection import ConnectionPages
from connectory.web.connectors import ConnectorPages
from connectory.web.failures import error_response, exception_handlers, wants_json
from connectory.web.guard import guard_middleware
from connectory.web.health import HealthPage
from connectory.web.home import HomePage
from connectory.web.live import LivePages
from connectory.web.logos import LogoPages
from connectory.web.origins import OurOrigins
from connectory.web.pages import load_templates
from connectory.web.services import WebServices
from connectory.web.settings.pages import settings_routes
from connectory.web.signin import SignInPages
from connectory.web.slashes import WithoutLastSlash
from connectory.web.static_files import static_routes
from connectory.web.trying import TryPages
from connectory.web.visitors import Visitors


def create_web_app(
    services: WebServices, *, routes: Sequence[BaseRoute] = (), lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """Return the whole ASGI app: the pages, `routes` beside them (such as `/mcp`), and the guard around everything."""
    load_templates()
    visitors = Visitors(services.settings, services.vault, services.web_sessions)
    signing_in = SignInPages(visitors, services.command, services.openid.name if services.openid else None)
    app = Starlette(
        routes=[
            *signing_in.routes(),
            *_openid(services, visitors, signing_in),
            *web_routes(services, visitors),
            *routes,
        ],
        middleware=[Middleware(WithoutLastSlash), *guard_middleware(services.settings)],
        exception_handlers=page_exception_handlers(signing_in),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def web_routes(services: WebServices, visitors: Visitors) -> list[BaseRoute]:
    """Return the routes of the pages; they may be served only inside `guard_middleware` (`guard.py`)."""
    connecting = ConnectPages(services, visitors)
    return [
        *static_routes(),
        *HomePage(OurOrigins(services.settings), visitors, services.command).routes(),
        *HealthPage(partial(services.vault.workspaces.by_slug, "default"), services.vault.keys).routes(),
        *connecting.routes(),
        *CallbackPages(services, visitors).routes(),
        *ConfirmPages(services.confirmations, visitors).routes(),
        *LivePages(visitors).routes(),
        *ConnectorPages(services, visitors, connecting).routes(),
        *ConnectionPages(services, visitors).routes(),
        *TryPages(services, visitors).routes(),
        *ActivityPages(services, visitors).routes(),
        *settings_routes(services, visitors),
        *LogoPages(services.catalog, visitors).routes(),
        *_nango(services),
        *ApiMount(services, visitors).routes(),
    ]


def _openid(services: WebServices, visitors: Visitors, signing_in: SignInPages) -> list[BaseRoute]:
    """Signing in at an issuer, where one is set."""
    if services.openid is None:
        return []
    from connectory.web.openid import OpenIdPages

    return list(OpenIdPages(services.openid, visitors, services.vault.keys, signing_in.form).routes())


def _nango(services: WebServices) -> list[BaseRoute]:
    """The address for Nango's webhooks, where there is a Nango."""
    if services.nango is None:
        return []
    from connectory.web.nango import NangoWebhookPage

    return list(NangoWebhookPage(services.nango).routes())


def page_exception_handlers(signing_in: SignInPages) -> dict[type[Exception], ExceptionHandler]:
    """Return the handlers for Starlette's `exception_handlers`."""

    async def ask_to_sign_in(request: Request, error: Exception) -> Response:
        assert isinstance(error, ConnectoryError)
        if wants_json(request.headers.get("accept", ""), request.scope["path"]):
            return error_response(request, error)
        return await signing_in.ask(request)

    return {**exception_handlers(signing_in.visitors), Unauthenticated: ask_to_sign_in}
