"""An application with a Nango: the double on a socket, a provider called Notes behind it, and people who sign in there.

A person's token begins with their name, so that the fake provider can tell whose account it is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
from tests.gate.doubles.serving import Double, Refused, Reply, Request, route, running
from tests.nango.serving import NangoDouble, nango_double
from tests.nango.state import Connection, Environment, Integration
from tests.web.browsing import services_of

from connectory.auth.backend import Elsewhere, Entry
from connectory.auth.nango.backend import NangoBackend
from connectory.catalog.connector import Connector
from connectory.identity.principal import Principal
from connectory.testing.application import NOTES_ORIGIN, make_application, make_principal, make_settings
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider
from connectory.vault.credentials import NangoReference
from connectory.vault.entities import Connection as OurConnection
from connectory.vault.entities import ConnectSession, Grant, SessionStatus
from connectory.web.app import create_web_app
from connectory.wiring import Application

LOGIN = "https://login.notes.example"
OAUTH = """
  oauth:
    method: oauth2
    title: Sign in with Notes
    authorize_url: https://login.notes.example/authorize
    token_url: https://login.notes.example/token
    scopes: {read: Read notes, write: Change notes}
    nango: {provider: notes}
"""
YAML = NOTES_YAML.replace(
    "  token: {method: api_key, headers", "  token: {method: api_key, nango: {provider: notes-key}, headers"
).replace("verify: {request", f"{OAUTH.strip(chr(10))}\nverify: {{request", 1)
PROVIDERS: Mapping[str, dict[str, Any]] = {
    "notes": {
        "display_name": "Notes",
        "categories": ["productivity"],
        "docs": "https://notes.example/docs",
        "auth_mode": "OAUTH2",
        "authorization_url": f"{LOGIN}/authorize",
        "token_url": f"{LOGIN}/token",
        "proxy": {"base_url": NOTES_ORIGIN},
    },
    "notes-key": {
        "display_name": "Notes (key)",
        "categories": ["productivity"],
        "docs": "https://notes.example/docs",
        "auth_mode": "API_KEY",
        "proxy": {"base_url": NOTES_ORIGIN, "headers": {"authorization": "Bearer ${apiKey}"}},
    },
}


class TokenServer(Double):
    """The provider's token endpoint. A code is the name of who has signed in; each refresh gives another token."""

    lasts_s: float | None = 3600.0
    gives_refresh_token: bool = True
    refuses: bool = False
    refreshed: int = 0
    slow_s: float = 0.0

    @route("POST", "/token")
    def token(self, request: Request) -> Reply:
        form = dict(request.form)
        if form["grant_type"] == "authorization_code":
            name = form["code"]
        elif self.refuses:
            raise Refused(Reply(400, {"error": "invalid_grant"}))
        else:
            self.refreshed += 1
            name = form["refresh_token"].split("-")[0]
        answer: dict[str, Any] = {"access_token": f"{name}-{uuid4().hex}", "scope": "read write"}
        if self.lasts_s is not None:
            answer["expires_in"] = self.lasts_s
        if self.gives_refresh_token:
            answer["refresh_token"] = f"{name}-{uuid4().hex}"
        return Reply(200, answer)

    @route("GET", "/v1/me")
    def me(self, request: Request) -> Reply:
        """The provider's API as Nango's proxy reaches it."""
        name = request.headers.get("authorization", "").removeprefix("Bearer ")[:5]
        return Reply(200, {"id": f"id-of-{name}", "login": f"user-{name}"}, {"x-scopes": "read, write"})


@dataclass
class Clock:
    """Our time: the double's, so that both pass together."""

    nango: NangoDouble
    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        return self.nango.clock.now() + self.offset

    def pass_by(self, **by: float) -> None:
        """Let time pass, there and here."""
        self.nango.clock.advance(**by)


@dataclass
class Scene:
    """Everything a test of this room touches."""

    application: Application
    nango: NangoDouble
    tokens: TokenServer
    provider: FakeProvider
    clock: Clock
    ann: Principal
    http: httpx2.AsyncClient = field(repr=False)

    @property
    def environment(self) -> Environment:
        """What our key sees at Nango."""
        return self.nango.dev

    @property
    def backend(self) -> NangoBackend:
        """The backend."""
        assert self.application.nango is not None
        return self.application.nango.backend

    async def settle(self) -> None:
        """Wait for what a start asks for by itself, and let it be as if nobody had asked yet."""
        assert self.application.nango is not None
        await self.application.nango.further.refresh()
        self.backend.integrations.forget()
        self.nango.state.seen.clear()

    def asked(self, method: str, path: str) -> int:
        """How often Nango was asked this; `path` is a pattern matched whole."""
        return sum(1 for verb, where in self.nango.state.seen if verb == method and re.fullmatch(path, where))

    async def begin(self, principal: Principal | None = None, method: str = "oauth", **how: Any) -> ConnectSession:
        """Ask for a connection and leave for Nango's page."""
        session = await self.application.auth.connect(principal or self.ann, "notes", **how)
        step = await self.application.auth.sign_in.submit(session, "browser", Entry(method, {}, backend="nango"))
        assert isinstance(step, Elsewhere), step
        return await self.session(session)

    async def page(self, session: ConnectSession) -> str:
        """The address of Nango's page for a session."""
        page = await self.application.auth.sign_in.page_of(session)
        assert page is not None
        return page.url

    async def sign_in(self, link: str, name: str = "alice") -> None:
        """What a person does at Nango's page for OAuth, and at the provider's."""
        left = await self.http.get(oauth_start(link, await self.html(link)))
        assert left.status_code == 302, left.text
        state = parse_qs(urlsplit(left.headers["location"]).query)["state"][0]
        back = await self.http.get(f"{self.nango.origin}/oauth/callback", params={"code": name, "state": state})
        assert back.status_code == 200, back.text

    async def type_key(self, link: str, key: str = "alice-key") -> None:
        """What a person does at Nango's page for a key."""
        integration = hidden(await self.html(link), "integration")
        done = await self.http.post(link, data={"integration": integration, "apiKey": key})
        assert "Success" in done.text

    async def html(self, link: str) -> str:
        """Nango's page."""
        return (await self.http.get(link)).text

    async def session(self, session: ConnectSession) -> ConnectSession:
        """A session as it stands now."""
        found = await self.application.vault.sessions.get(session.workspace_id, session.id)
        assert found is not None
        return found

    async def poll(self, session: ConnectSession) -> ConnectSession:
        """Ask what has become of a sign-in, after the time that must lie between two questions."""
        self.clock.pass_by(seconds=6)
        await self.application.auth.sign_in.poll(await self.session(session))
        return await self.session(session)

    async def connected(
        self, principal: Principal | None = None, name: str = "alice", method: str = "oauth", **how: Any
    ) -> OurConnection:
        """A connection that was signed in to through Nango."""
        session = await self.begin(principal, method, **how)
        link = await self.page(session)
        await (self.sign_in(link, name) if method == "oauth" else self.type_key(link, f"{name}-key"))
        done = await self.poll(session)
        assert done.status is SessionStatus.CONNECTED, done.problem
        return (await self.application.auth.made_by(principal or self.ann, done))[0]

    async def grant(self, connection: OurConnection) -> Grant:
        """The grant that a connection stands on, as it is now."""
        row = await self.application.vault.connections.get(connection.workspace_id, connection.id)
        assert row is not None
        found = await self.application.vault.grants.get(row.workspace_id, row.grant_id)
        assert found is not None
        return found

    async def reference(self, connection: OurConnection) -> NangoReference:
        """Where a connection is at Nango."""
        found = await self.application.vault.grants.open_credentials(await self.grant(connection))
        assert isinstance(found, NangoReference)
        return found

    async def there(self, connection: OurConnection) -> Connection:
        """A connection as Nango has it."""
        reference = await self.reference(connection)
        return self.environment.connections[reference.integration, reference.connection_id]

    async def token(self, connection: OurConnection, principal: Principal | None = None) -> str:
        """The token that a call would be sent with."""
        access = await self.application.auth.get_credentials(principal or self.ann, connection.id)
        secrets = access.credentials.secrets()
        return secrets[next(name for name in ("access_token", "token") if name in secrets)].get_secret_value()

    def make(self, integration: str = "notes", **given: Any) -> Connection:
        """A connection that was made in Nango by somebody else."""
        now = self.nango.clock.now()
        made = Connection(
            id=self.nango.state.next_id(),
            connection_id=given.pop("connection_id", str(uuid4())),
            provider_config_key=integration,
            credentials=given.pop("credentials", {"type": "OAUTH2", "access_token": "bobby-made-there", "raw": {}}),
            created_at=now,
            updated_at=now,
            **given,
        )
        self.environment.connections[integration, made.connection_id] = made
        return made

    async def another(self, workspace: str = "other", user: str = "eve") -> Principal:
        """Somebody of another workspace."""
        return await make_principal(self.application, workspace, user)


def add_integration(nango: NangoDouble, key: str, provider: str | None = None, **more: Any) -> Integration:
    """Configure a provider in the environment of our key."""
    now, mode = nango.clock.now(), nango.state.providers[provider or key]["auth_mode"]
    app = {"type": mode, "client_id": "app", "client_secret": "app-s3cret", "scopes": ""} if mode == "OAUTH2" else None
    made = Integration(key, provider or key, now, now, credentials=app, **more)
    nango.dev.integrations[key] = made
    return made


@contextmanager
def notes_at_nango() -> Iterator[NangoDouble]:
    """The double, with both of Notes' providers configured."""
    with nango_double() as nango:
        nango.state.providers.update(PROVIDERS)
        nango.state.rate_limit = 100_000
        add_integration(nango, "notes")
        add_integration(nango, "notes-key")
        yield nango


@asynccontextmanager
async def scene(*connectors: Connector, **environment: str) -> AsyncIterator[Scene]:
    """Build it; `environment`: further settings."""
    tokens, provider = TokenServer(), FakeProvider()
    with notes_at_nango() as nango:
        async with running(tokens):
            nango.place(LOGIN, tokens.origin)
            nango.place(NOTES_ORIGIN, tokens.origin)
            clock = Clock(nango)
            settings = make_settings(**{"NANGO_SECRET_KEY": nango.dev.key, "NANGO_HOST": nango.origin, **environment})
            async with make_application(
                settings=settings,
                catalog=make_catalog(*(connectors or (make_connector(YAML),))),
                mounts={NOTES_ORIGIN: provider},
                now=clock,
            ) as application:
                ann = await make_principal(application)
                async with httpx2.AsyncClient(trust_env=False, verify=False, timeout=60) as http:
                    made = Scene(application, nango, tokens, provider, clock, ann, http)
                    await made.settle()
                    yield made


@asynccontextmanager
async def web_of(s: Scene) -> AsyncIterator[httpx2.AsyncClient]:
    """Our pages, as Nango reaches them."""
    app = create_web_app(services_of(s.application))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8765") as client:
        yield client


def oauth_start(link: str, html: str) -> str:
    """The address that the button of Nango's page leads to."""
    action = re.search(r'action="([^"]+/oauth/connect/[^"]+)"', html)
    assert action is not None, html
    return f"{action[1]}?connect_session_token={parse_qs(urlsplit(link).query)['session_token'][0]}"


def hidden(html: str, name: str) -> str:
    """A hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, html
    return found[1]


async def at_once(count: int, call: Any) -> list[Any]:
    """The outcomes of `count` calls that are begun together."""
    return await asyncio.gather(*(call() for _ in range(count)), return_exceptions=True)
