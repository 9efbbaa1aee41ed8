"""A connector whose authorization server is a real one, and an application that serves its callback.

The browser here is an HTTP client; a real one stands in `tests/e2e/test_oauth_browser.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from tests.oauth_servers.oidc import SECRET, OidcServer
from tests.oauth_servers.pages import sign_in
from tests.web.browsing import services_of

from connectory.auth.backend import Connected, Entry, Redirect
from connectory.identity.principal import Principal
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.entities import ConnectSession
from connectory.web.app import create_web_app
from connectory.wiring import Application

ORIGIN = "http://localhost:8765"
CALLBACK = f"{ORIGIN}/api/auth/callback/acme"
ACME_YAML = """
format: 1
name: acme
title: Acme
description: Keep things.
category: other
docs: https://acme.example/docs
servers: {api: "{connection.server}"}
auth:
  oauth:
    method: oauth2
    title: Sign in with Acme
    fields: {server: {title: Server, kind: origin}}
    issuer: "{connection.server}"
    scopes: {read: Read things, write: Change things}
    always_scopes: [openid, email]
    register:
      url: "https://acme.example/apps/new?callback={redirect_uri}&scope={scopes}"
      steps: [Make an app.]
verify: {request: {get: /me}, account: {id: sub, name: email || sub}}
actions:
  get_me:
    title: Get me
    description: Get the account that is signed in.
    effect: read
    request: {get: /me}
    docs: https://acme.example/docs/me
"""


@dataclass
class Acme:
    """The application, the server that it signs in to, and who asks."""

    server: OidcServer
    application: Application
    principal: Principal
    browser: httpx2.AsyncClient

    async def session(self, **how: Any) -> ConnectSession:
        return await self.application.auth.connect(self.principal, "acme", **how)

    async def leave(self, session: ConnectSession, browser: str = "b1", **entry: Any) -> str:
        """Post the form; return the provider's address."""
        asked = Entry("oauth", {"server": self.server.issuer}, **entry)
        step = await self.application.auth.sign_in.submit(session, browser, asked)
        assert isinstance(step, Redirect), step
        return step.url

    async def connected(self, login: str = "alice", **how: Any) -> Connected:
        """Sign in as a person does."""
        session = await self.session(**how)
        back = await sign_in(await self.leave(session), login=login)
        step = await self.come_back(session, back)
        assert isinstance(step, Connected), step
        return step

    async def come_back(self, session: ConnectSession, url: str, browser: str = "b1") -> Any:
        """Bring a callback to the service, from the browser that left."""
        from urllib.parse import parse_qsl

        from connectory.auth.backend import Callback

        parts = urlsplit(url)
        callback = Callback(tuple(parse_qsl(parts.query, keep_blank_values=True)))
        return await self.application.auth.sign_in.complete(session, browser, parts.path.rpartition("/")[2], callback)


@asynccontextmanager
async def acme(
    server: OidcServer, *, yaml: str = ACME_YAML, environment: Mapping[str, str] | None = None, **more: Any
) -> AsyncIterator[Acme]:
    """An application that knows the client `connectory` of `server`."""
    settings = make_settings(
        CONNECTORY_ALLOW_HOSTS=urlsplit(server.issuer).netloc,
        **({"ACME_CLIENT_ID": "connectory", "ACME_CLIENT_SECRET": SECRET} if environment is None else environment),
    )
    catalog = make_catalog(make_connector(yaml))
    async with make_application(settings=settings, catalog=catalog, **more) as application:
        transport = httpx2.ASGITransport(create_web_app(services_of(application)))
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
            yield Acme(server, application, await make_principal(application), browser)
