"""`connectors/available` and `connectors/connect`: what can be connected, and connecting it."""

from __future__ import annotations

import asyncio
from typing import get_args

from fastapi import APIRouter
from starlette.responses import Response

from connectory.catalog.connector import Connector
from connectory.web.api.callers import ApiRoute, By
from connectory.web.api.connecting import connect_at_once, make_link
from connectory.web.api.shapes import AuthKind, AvailableConnector, ConnectBody, ConnectedAnswer, LinkAnswer
from connectory.web.pages import logo_source

router = APIRouter(prefix="/api/workspace/{slug}/connectors", route_class=ApiRoute, tags=["connectors"])
KINDS: dict[str, AuthKind] = {"oauth2": "oauth", "oauth1": "oauth", "api_key": "apikey"}


@router.get("/available")
async def list_available_connectors(by: By) -> list[AvailableConnector]:
    """The services that can be connected here."""
    names = await by.services.auth.supported_providers(by.principal)
    connectors = by.services.catalog.connectors
    known = (connectors.get(name) for name in names)  # one of Nango's may have gone meanwhile
    return await asyncio.to_thread(lambda: [_describe(one) for one in known if one is not None])


@router.post("/connect", response_model=ConnectedAnswer | LinkAnswer, response_model_exclude_none=True)
async def connect(by: By, body: ConnectBody) -> ConnectedAnswer | LinkAnswer | Response:
    """Connect a service: at once by what `config` holds, else by a link for a person's browser."""
    if body.config.api_key is None and body.config.custom_fields is None:
        return await make_link(by, body)
    return await connect_at_once(by, body)


def _describe(connector: Connector) -> AvailableConnector:
    kinds = {KINDS.get(way.method, "custom") for way in connector.auth.values()}
    manifest = connector.manifest
    return AvailableConnector(
        id=connector.name,
        name=connector.title,
        description=manifest.description,
        logo=logo_source(manifest.logo),
        auth_methods=[kind for kind in get_args(AuthKind) if kind in kinds],
        category=manifest.category.value,
    )
