"""A person between the application and an authorization server: the agent's link, the pages, the way there and back.

The whole face of `serve` in this process, asked over HTTP; the browser here is a client with cookies and no scripts.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
from starlette.types import Message
from tests.attacks.face import Face, make_face
from tests.attacks.lying_server import LyingServer
from tests.attacks.planted import found_in
from tests.web.browsing import Browser, Page, PostedForm
from tests.web.browsing import sign_in as paste_token

from connectory.catalog.connector import Connector
from connectory.identity.principal import Principal, local_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.clock import utc_now
from connectory.vault.entities import AuditLine

ORIGIN = "http://localhost:8765"
LINK = re.compile(r"https?://[^\s/]+/connect/[\w-]+")
CLIENT = {"P_CLIENT_ID": "our-client", "P_CLIENT_SECRET": "p-client-secret-0001"}
P_YAML = """
format: 1
name: p
title: Pea
description: Keep things.
category: other
docs: https://p.example/docs
servers: {api: "https://p.example"}
auth:
  oauth:
    method: oauth2
    title: Sign in with Pea
    issuer: "https://p.example"
    scopes: {read: Read things, write: Change things}
verify: {request: {get: /me}, account: {id: id, name: name}}
actions:
  list_things:
    title: List things
    description: List things at Pea.
    effect: read
    scopes: [read]
    request: {get: /things}
    docs: https://p.example/docs/list
  make_thing:
    title: Make a thing
    description: Make a thing at Pea.
    effect: write
    scopes: [write]
    request: {post: /things}
    docs: https://p.example/docs/make
"""
OWN_ADDRESSES = """    authorize_url: https://p.example/authorize
    token_url: https://p.example/token
"""


def named(name: str, yaml: str = P_YAML, origin: str | None = None) -> str:
    """The manifest under another name, at another origin."""
    moved = yaml.replace("https://p.example", origin or f"https://{name}.example")
    return moved.replace("name: p\n", f"name: {name}\n").replace("Pea", name.title())


@dataclass
class Clock:
    """The time, which passes when a test says so."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass
class Scene:
    """The face, whoever asks, the honest or lying server that they sign in to, and one that nobody may be led to."""

    face: Face
    principal: Principal
    server: LyingServer
    evil: LyingServer
    clock: Clock
    token: str = field(default="")

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        async with Browser(self.face.app, self.face.application.settings.origin) as browser:
            yield browser

    async def link(self, connector: str = "p", **how: Any) -> str:
        """What the agent's `connect` gives out."""
        said = await self.face.call(self.token, "connect", connector=connector, **how)
        found = LINK.search(said.text)
        assert found, said.text
        return found[0]

    async def leave(self, browser: Browser, link: str, **typed: str) -> str:
        """Fill the connect page, and return the provider's address on the page that follows."""
        page = await browser.open(link)
        if page.status == 401:
            page = await paste_token(browser, link, self.token)
        return address_on(Page(await browser.send(oauth_form(page), **typed)))

    async def back_from(self, browser: Browser, link: str) -> str:
        """Sign in at the server, and return the callback's address."""
        return await self.server.sign_in(await self.leave(browser, link))

    async def follow(self, browser: Browser, url: str, **headers: str) -> httpx2.Response:
        """Follow a link or redirect to us, one step."""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return await browser.client.get(target, headers={"Accept": "text/html", **headers})

    async def follow_any(self, browser: Browser, url: str) -> httpx2.Response:
        """The same for an address that is longer than a client here would send."""
        path, _, query = url.removeprefix(browser.origin).partition("?")
        request = browser.client.build_request("GET", path, headers={"Accept": "text/html"})
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw], "client": ("127.0.0.1", 1),
            "server": ("localhost", 8765),
        }  # fmt: skip
        await self.face.app(scope, receive, send)
        body = b"".join(one.get("body", b"") for one in sent[1:])
        return httpx2.Response(sent[0]["status"], headers=sent[0]["headers"], content=body)

    async def connected(self, browser: Browser, **how: Any) -> str:
        """Sign in to the end; return the callback that did it."""
        back = await self.back_from(browser, await self.link(**how))
        answer = await self.follow(browser, back)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].endswith("/done"), (await browser.open(answer.headers["location"])).text
        return back

    async def problem(self, browser: Browser, answer: httpx2.Response) -> Page:
        """The page with the reason, after a callback that came to nothing."""
        assert answer.status_code == 303, answer.text
        assert not answer.headers["location"].endswith("/done")
        return await browser.open(answer.headers["location"])

    async def connections(self) -> list[Any]:
        """Connections and grants of whoever asks."""
        return list(await self.face.application.auth.list_connections(self.principal))

    @asynccontextmanager
    async def refused(self, *secrets: str, may_ask: int = 0, spends: bool = False) -> AsyncIterator[None]:
        """What happens in the block is refused: nothing stored, nothing sent, one line on record without a secret.

        `spends`: the sign-in under way is over, and the connect session says why. `may_ask`: requests to the server.
        """
        rows, lines, heard = await self.face.rows(), await self.lines(), len(self.server.heard)
        yield
        later = await self.face.rows()
        may_change = {"oauth_flows", "connect_sessions"} if spends else set()
        changed = {name for name in rows if rows[name] != later[name]}
        assert changed <= may_change, changed
        new = [line for line in await self.lines() if line not in lines]
        assert len(new) == 1, new
        assert new[0].outcome in ("refused", "error"), new
        assert new[0].code
        assert not found_in([*secrets, CLIENT["P_CLIENT_SECRET"]], repr(new))
        assert len(self.server.heard) == heard + may_ask, self.server.heard[heard:]
        assert self.evil.heard == []

    async def lines(self) -> list[AuditLine]:
        """All lines on record."""
        return list(await self.face.audit(self.principal))


def oauth_form(page: Page) -> PostedForm:
    """The form that leaves for the provider; in fleet mode another one signs out."""
    return next(form for form in page.forms if form.fields.get("method") == "oauth")


def address_on(page: Page) -> str:
    """Where the leaving page leads: by its link and by itself, which is one address."""
    assert page.status == 200, page.text
    [address] = [link["href"] for link in page.links if "button" in link.get("class", "")]
    return address


@asynccontextmanager
async def scene(
    yaml: str = P_YAML,
    *further: str,
    server: LyingServer | None = None,
    evil: LyingServer | None = None,
    environment: Mapping[str, str] | None = None,
    client: Mapping[str, str] = CLIENT,
    mounts: Mapping[str, httpx2.AsyncBaseTransport] | None = None,
) -> AsyncIterator[Scene]:
    """An application in local mode whose connector `p` signs in to `server`, at https://p.example if not told."""
    server, evil, clock = server or LyingServer(), evil or LyingServer("https://evil.example"), Clock()
    connectors: list[Connector] = [make_connector(one) for one in (yaml, *further)]
    inside = {server.origin: server.transport, evil.origin: evil.transport, **(mounts or {})}
    settings = {**client, "CONNECTORY_CALLS_PER_MINUTE": "10000", "CONNECTORY_LINKS_PER_HOUR": "10000"}
    settings |= dict(environment or {})
    catalog = make_catalog(*connectors)
    async with make_face(environment=settings, catalog=catalog, mounts=inside, now=clock) as face:
        principal = await local_principal(face.application.vault)
        yield Scene(face, principal, server, evil, clock, await face.token_of(principal))
