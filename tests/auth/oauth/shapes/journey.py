"""One person's way through a sign-in at a provider's double: leave, consent, come back, use, renew, go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from tests.auth.making import Clock
from tests.auth.oauth.shapes.double import CLIENT_ID, CLIENT_SECRET, Double, Shape
from tests.gate.gate import packaged

from connectory.auth.backend import Callback, Connected, Entry, Redirect
from connectory.identity.principal import Principal
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.credentials import OAuthTokens
from connectory.vault.entities import ConnectSession, Grant
from connectory.wiring import Application

LOCAL, SERVED = "http://localhost:8765", "https://connectory.example"
PKCE = {"code_challenge", "code_challenge_method"}


@dataclass
class Journey:
    """The application before the double, and who asks."""

    shape: Shape
    double: Double
    application: Application
    principal: Principal
    clock: Clock
    origin: str

    @property
    def redirect_uri(self) -> str:
        return f"{self.origin}/api/auth/callback/{self.shape.signs_in}"

    async def session(self, connector: str = "", **how: Any) -> ConnectSession:
        return await self.application.auth.connect(self.principal, connector or self.shape.connector, **how)

    async def leave(self, session: ConnectSession, values: Mapping[str, str] | None = None, **entry: Any) -> str:
        """Post the form; return the provider's address."""
        asked = Entry(self.shape.method, self.shape.values if values is None else values, **entry)
        step = await self.application.auth.sign_in.submit(session, "b1", asked)
        assert isinstance(step, Redirect), step
        return step.url

    def consent(self, url: str) -> list[tuple[str, str]]:
        """Do what the provider's page does; return the callback's query."""
        asked = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
        parameters = dict(asked)
        assert len(parameters) == len(asked), asked
        code = self.double.issue(parameters["redirect_uri"], parameters.get("code_challenge", ""))
        pairs = [("code", code), ("state", parameters["state"]), *self.shape.called_back]
        return [*pairs, ("hmac", self.double.signature(pairs))] if self.shape.signs_callback else pairs

    async def come_back(self, session: ConnectSession, pairs: list[tuple[str, str]]) -> Any:
        return await self.application.auth.sign_in.complete(session, "b1", self.shape.signs_in, Callback(tuple(pairs)))

    async def connected(self, connector: str = "", **how: Any) -> Connected:
        """Sign in as a person does."""
        session = await self.session(connector, **how)
        step = await self.come_back(session, self.consent(await self.leave(session)))
        assert isinstance(step, Connected), (step, self.double.complaints)
        return step

    async def grant(self, connector: str = "") -> Grant:
        """The stored grant of the connection called `default`."""
        found = await self.application.auth.list_connections(self.principal, connector or self.shape.connector)
        return next(grant for row, grant in found if row.alias == "default")

    async def tokens(self, *, renewed: bool = False) -> OAuthTokens:
        """What a call would be sent with."""
        found = await self.application.auth.list_connections(self.principal, self.shape.connector)
        connection_id = next(row.id for row, _ in found if row.alias == "default")
        auth = self.application.auth
        asked = auth.refresh_credentials if renewed else auth.get_credentials
        access = await asked(self.principal, connection_id)
        assert isinstance(access.credentials, OAuthTokens)
        return access.credentials

    async def call(self, tool: str, **arguments: Any) -> Any:
        return (await self.application.gateway.call_action(self.principal, tool, arguments)).value


def asked_of(url: str) -> tuple[str, dict[str, str]]:
    """The address of the provider's page, and what it is asked beside what every sign-in asks."""
    parts = urlsplit(url)
    always = {"client_id", "redirect_uri", "response_type", "state", *PKCE}
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    return (
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        {name: value for name, value in parameters.items() if name not in always},
    )


@asynccontextmanager
async def at(shape: Shape, *origins: str) -> AsyncIterator[Journey]:
    """Stand before the provider's double, which answers at `origins` too; at the end nothing was asked wrongly."""
    own = shape.signs_in.upper().replace("-", "_")
    origin = SERVED if shape.https else LOCAL
    settings = make_settings(
        **{f"{own}_CLIENT_ID": CLIENT_ID, f"{own}_CLIENT_SECRET": CLIENT_SECRET},
        **({"APP_URL": SERVED} if shape.https else {}),
    )
    catalog = make_catalog(make_connector(shape.manifest)) if shape.manifest else await asyncio.to_thread(packaged)
    clock = Clock()
    double = Double(shape, clock)
    mounts: dict[str, httpx2.AsyncBaseTransport] = dict.fromkeys([*shape.origins, *origins], double)
    async with make_application(settings=settings, catalog=catalog, mounts=mounts, now=clock) as application:
        yield Journey(shape, double, application, await make_principal(application), clock, origin)
    assert double.complaints == []
