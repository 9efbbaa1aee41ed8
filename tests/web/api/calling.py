"""The API over a real application in memory, as programs and pages call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.applications import Starlette
from tests.auth.making import OPEN_YAML
from tests.web.browsing import make_token, services_of

from connectory.catalog.catalog import Catalog
from connectory.identity.principal import Principal
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import FakeProvider
from connectory.web.app import create_web_app
from connectory.wiring import Application

ORIGIN = "http://localhost:8765"
HOME = "/api/workspace/default"
KEY = "s3cret-token-value"
SIGNED_YAML = """
format: 1
name: signed
title: Signed
description: Sign in in the browser.
category: crm
docs: https://signed.example/docs
servers: {api: "https://api.signed.example/v1"}
auth:
  oauth:
    method: oauth2
    authorize_url: https://signed.example/authorize
    token_url: https://signed.example/token
    scopes: {read: Read it all.}
  key: {method: api_key, headers: {Authorization: "Bearer {credential.token}"}}
  account:
    method: basic
    fields: {username: {title: Name}, password: {title: Password, kind: secret}}
    basic: {username: "{connection.username}", password: "{credential.password}"}
verify: {request: {get: /me}, account: {id: id, name: login}}
"""


def catalog_of_three() -> Catalog:
    """A key, nothing at all, or one of several ways."""
    return make_catalog(make_connector(), make_connector(OPEN_YAML), make_connector(SIGNED_YAML))


@dataclass
class World:
    """An application, its web app, and an owner with a token."""

    application: Application
    app: Starlette
    client: httpx2.AsyncClient
    owner: Principal
    token: str

    async def call(
        self, method: str, path: str, *, token: str | None = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        """Send one request below the workspace, as the owner unless `token` says who else, or `headers` how else."""
        given = {"Authorization": f"Bearer {token or self.token}"} if headers is None else dict(headers)
        url = path if path.startswith("/api/") else f"{HOME}{path}"
        return await self.client.request(method, url, headers=given, **more)

    async def get(self, path: str, **more: Any) -> Any:
        """What a good GET answers."""
        return good(await self.call("GET", path, **more))

    async def post(self, path: str, body: object = None, **more: Any) -> Any:
        """What a good POST answers."""
        return good(await self.call("POST", path, json=body, **more))

    async def audited(self, query: str = "") -> list[dict[str, Any]]:
        """The lines of the audit, once all of them are there, the newest first."""
        await self.application.audit.flush()
        lines: list[dict[str, Any]] = (await self.get(f"/audit?{query}"))["lines"]
        return lines

    async def connected(self, **metadata: object) -> str:
        """The id of a new connection to Notes."""
        body = {"provider": "notes", "config": {"apiKey": KEY}, "metadata": metadata}
        return str((await self.post("/connectors/connect", body))["connectionId"])


def good(answer: httpx2.Response) -> Any:
    """The JSON of an answer that is no problem."""
    assert answer.status_code < 300, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The problem that an answer is."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    said: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code", "hint"} <= said.keys()
    assert (said["type"], said["status"]) == ("about:blank", status)
    return said


@asynccontextmanager
async def make_world(
    provider: httpx2.AsyncBaseTransport | None = None, *, environment: Mapping[str, str] | None = None, **more: Any
) -> AsyncIterator[World]:
    """Build it; the catalog is of three connectors unless another is given."""
    catalog = more.pop("catalog", None) or catalog_of_three()
    answering = provider or FakeProvider()
    hosts = ("api.notes", "api.open", "api.signed", "signed")
    mounts = {f"https://{host}.example": answering for host in hosts}
    settings = make_settings(**(environment or {}))
    async with make_application(settings=settings, catalog=catalog, mounts=mounts, **more) as application:
        app = create_web_app(services_of(application))
        owner = await make_principal(application)
        token = await make_token(application, owner)
        origin = application.settings.origin
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=origin) as client:
            yield World(application, app, client, owner, token)
