"""`oauth-apps`: what an owner has registered at providers, for everybody in the workspace."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from connectory.web.api.callers import ApiRoute, By
from connectory.web.api.shapes import MAX_TEXT, OAuthAppBody, OAuthAppInfo, Success
from connectory.web.api.views import view_app

router = APIRouter(prefix="/api/workspace/{slug}/oauth-apps", route_class=ApiRoute, tags=["OAuth apps"])
ConnectorParameter = Annotated[str, Path(max_length=100, description="The connector that signs in with the app.")]


@router.get("")
async def list_oauth_apps(by: By) -> list[OAuthAppInfo]:
    """The workspace's apps, for owners; never a secret."""
    return [view_app(app) for app in await by.services.oauth_apps.all(by.principal)]


@router.put("/{connector}")
async def set_oauth_app(by: By, connector: ConnectorParameter, body: OAuthAppBody) -> OAuthAppInfo:
    """Keep the app that a connector signs in with, in the place of an earlier one."""
    secret = body.client_secret.get_secret_value() if body.client_secret is not None else None
    await by.services.catalog.settled(connector)
    app = await by.services.oauth_apps.put(by.principal, connector, body.client_id, secret, server=body.server)
    return view_app(app)


@router.delete("/{connector}")
async def remove_oauth_app(
    by: By, connector: ConnectorParameter, server: Annotated[str, Query(max_length=MAX_TEXT)] = ""
) -> Success:
    """Forget an app; accounts that signed in with it cannot be renewed any more."""
    await by.services.catalog.settled(connector)
    await by.services.oauth_apps.remove(by.principal, connector, server=server)
    return Success()
