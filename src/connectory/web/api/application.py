"""The REST API as one ASGI app; `mount.py` builds it at the first request and puts it behind the guard."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware

from connectory import __version__
from connectory.web.api import (
    actions,
    audit,
    connections,
    custom_connectors,
    oauth_apps,
    policies,
    providers,
    tokens,
)
from connectory.web.api.callers import Door
from connectory.web.api.description import DESCRIPTION, complete, names_in
from connectory.web.api.refusals import handlers
from connectory.web.failures import FailureBarrier
from connectory.web.problems import DOCUMENT
from connectory.web.services import WebServices
from connectory.web.visitors import Visitors

NO_TELEMETRY: TelemetryConfig = {  # FastAPI's holds paths, queries and what did not fit: keys may be among them
    "tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False
}  # fmt: skip
SUBJECTS = (providers, connections, actions, policies, tokens, oauth_apps, audit, custom_connectors)


class Api(FastAPI):
    """FastAPI with our description; its pages of documentation come from elsewhere and are off."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made once."""
        if self.openapi_schema is None:
            door: Door = self.state.door
            self.openapi_schema = complete(super().openapi(), door.visitors.cookie)
        return self.openapi_schema


def create_api(services: WebServices, visitors: Visitors) -> Api:
    """Build it whole, with its document: all of that blocks for a moment."""
    api = Api(
        title="Connectory",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=DOCUMENT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        generate_unique_id_function=_operation_id,
        middleware=[Middleware(FailureBarrier)],  # FastAPI's own last resort would answer without a problem
    )
    api.state.door = Door(services, visitors)
    for subject in SUBJECTS:
        api.include_router(subject.router)
    api.exception_handlers.update(handlers(names_in(api.openapi()), services.settings.origin))
    return api


def _operation_id(route: APIRoute) -> str:
    return route.name
