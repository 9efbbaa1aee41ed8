"""An OpenID Connect issuer that lies as a test wants, and people who sign in there to our pages."""

from __future__ import annotations

import functools
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from tests.attacks.lying_server import Heard, LyingServer
from tests.web.browsing import FLEET, Browser, Page, make_web

from connectory.testing.application import make_principal
from connectory.vault.clock import Clock, utc_now
from connectory.vault.entities import Role, UserId
from connectory.wiring import Application

CLIENT_SECRET = "the-secret-of-our-client-0001"
CALLBACK = "/signin/oidc/callback"
ALL_ALGORITHMS = ["none", "HS256", "RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
ANN: dict[str, Any] = {
    "sub": "7", "name": "Ann", "email": "ann@example.org", "email_verified": True, "groups": ["engineering"],
}  # fmt: skip
Make = Callable[[dict[str, Any], dict[str, Any]], str]


@functools.cache
def key_of(algorithm: str, whose: str = "the issuer's") -> Key:
    """A key that signs by an algorithm, the same each time; its id tells whose it is."""
    parameters: Any = {"kid": f"{whose} {algorithm}"}
    if algorithm in ("RS256", "PS256"):
        return RSAKey.generate_key(2048, parameters)
    if algorithm == "ES256":
        return ECKey.generate_key("P-256", parameters)
    return (
        OKPKey.generate_key("Ed25519", parameters)
        if algorithm in ("EdDSA", "Ed25519")
        else OctKey.generate_key(256, parameters)
    )


def public(key: Key, **more: Any) -> dict[str, Any]:
    """What an issuer publishes of a key."""
    return {**key.as_dict(private=False), **more}


def signed(header: dict[str, Any], claims: dict[str, Any], key: Key) -> str:
    """A token signed by the algorithm that its header names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # EdDSA has another name by now
        return jwt.encode(header, claims, key, [header["alg"]])


@dataclass
class LyingIssuer(LyingServer):
    """Honest unless told: `claims` and `header` are put into its ID tokens (None takes out), `make` makes them anew."""

    origin: str = "https://login.example"
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    make: Make | None = None
    keys: list[dict[str, Any]] | None = None  # that it shows
    person: dict[str, Any] = field(default_factory=ANN.copy)  # what userinfo says
    now: Clock = utc_now
    nonces: dict[str, str] = field(default_factory=dict)
    last_token: str = ""

    def __post_init__(self) -> None:
        self.answers |= {
            "/jwks": lambda _: JSONResponse({"keys": self.shown}),
            "/userinfo": lambda _: JSONResponse(self.person),
        }

    @property
    def metadata(self) -> dict[str, Any]:
        """What it says of itself."""
        told = {
            "jwks_uri": f"{self.origin}/jwks",
            "userinfo_endpoint": f"{self.origin}/userinfo",
            "id_token_signing_alg_values_supported": ALL_ALGORITHMS,
        }
        return {name: value for name, value in {**told, **super().metadata, **self.lies}.items() if value is not None}

    @property
    def shown(self) -> list[dict[str, Any]]:
        """Its public keys."""
        return self.keys if self.keys is not None else [public(key_of(self.algorithm))]

    def id_token(self, nonce: str) -> str:
        """The proof of one sign-in."""
        now = int(self.now().timestamp())
        honest = {
            "iss": self.origin, "sub": self.person["sub"], "aud": "connectory", "nonce": nonce, "iat": now,
            "exp": now + 300,
        }  # fmt: skip
        claims = {name: value for name, value in {**honest, **self.claims}.items() if value is not None}
        given = {"alg": self.algorithm, "kid": key_of(self.algorithm).kid, **self.header}
        header = {name: value for name, value in given.items() if value is not None}
        if self.make is not None:
            return self.make(header, claims)
        return signed(header, claims, key_of(self.algorithm))

    def _authorize(self, heard: Heard) -> Response:
        answer = super()._authorize(heard)
        code = parse_qs(urlsplit(self.last_callback).query)["code"][0]
        self.nonces[code] = parse_qs(heard.query).get("nonce", [""])[0]
        return answer

    def _token(self, heard: Heard) -> Response:
        self.last_token = self.id_token(self.nonces.get(heard.form.get("code", ""), ""))
        given, self.token = self.token, {"id_token": self.last_token, **self.token}
        try:
            return super()._token(heard)
        finally:
            self.token = given


@dataclass
class Door:
    """Our pages, with the issuer at which one signs in to them."""

    application: Application
    app: Starlette
    issuer: LyingIssuer

    @property
    def origin(self) -> str:
        return self.application.settings.origin

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        async with Browser(self.app, self.origin) as browser:
            yield browser

    async def leave(self, browser: Browser, path: str = "/signin") -> str:
        """Choose to sign in at the issuer, and return its address on the page that follows."""
        page = await browser.open(f"{self.origin}{path}")
        form = next(form for form in page.forms if form.action == "/signin/oidc")
        return address_on(Page(await browser.send(form)))

    async def come_back(self, browser: Browser, callback: str) -> httpx2.Response:
        """Follow the issuer's redirect."""
        headers = {"Accept": "text/html", **FROM_ELSEWHERE}
        return await browser.client.get(callback.removeprefix(self.origin), headers=headers)

    async def sign_in(self, browser: Browser, path: str = "/signin") -> httpx2.Response:
        """All of it; return the answer to the callback."""
        return await self.come_back(browser, await self.issuer.sign_in(await self.leave(browser, path)))

    async def problem(self, browser: Browser, answer: httpx2.Response) -> str:
        """Why nobody was signed in, as the page says it."""
        assert (answer.status_code, answer.headers["location"]) == (303, "/signin/oidc"), answer.text
        page = await browser.open(f"{self.origin}/signin/oidc")
        assert page.status == 403, page.text
        return page.text

    async def role_of(self, email: str = "ann@example.org") -> Role | None:
        """What a person may do in the workspace `acme`."""
        store = self.application.vault.workspaces
        users, acme = await store.find_users(email), await store.by_slug("acme")
        assert acme is not None
        return await store.role_of(acme.id, UserId(users[0].id)) if users else None


def address_on(page: Page) -> str:
    """Where the leaving page leads."""
    assert page.status == 200, page.text
    [address] = [link["href"] for link in page.links if "button" in link.get("class", "")]
    return address


@asynccontextmanager
async def door(
    issuer: LyingIssuer | None = None, *, now: Clock | None = None, roles: str = "engineering:acme:member", **more: str
) -> AsyncIterator[Door]:
    """Our pages in fleet mode, and the workspace `acme` with an owner of its own."""
    issuer = issuer or LyingIssuer()
    environment = {
        **FLEET,
        "CONNECTORY_OIDC_ISSUER": issuer.origin,
        "CONNECTORY_OIDC_CLIENT_ID": "connectory",
        "CONNECTORY_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "CONNECTORY_OIDC_ROLES": roles,
        **more,
    }
    mounts = {issuer.origin: issuer.transport}
    async with make_web(environment, mounts=mounts, now=now or utc_now) as (application, app):
        await make_principal(application, "acme", "boss")
        yield Door(application, app, issuer)


@dataclass
class Moving:
    """A clock that a test moves."""

    at: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.at
