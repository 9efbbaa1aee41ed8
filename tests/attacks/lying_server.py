"""An authorization server and the service behind it, which lie as a test wants, and record every byte they receive.

It is an ASGI app: mounted at an https origin inside the process, or served on loopback for a real browser.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

DISCOVERY = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
RESOURCE = "/.well-known/oauth-protected-resource"
Answer = Callable[["Heard"], Response]


@dataclass(frozen=True)
class Heard:
    """One request, whole."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body's fields, none of them twice."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    @property
    def raw(self) -> str:
        """Everything in it, to look for what should not be there."""
        return f"{self.method} {self.path}?{self.query} {dict(self.headers)} {self.body.decode('latin-1')}"


@dataclass
class LyingServer:
    """Honest unless told: `lies` are put into its metadata (None takes out), `answers` take the place of a page."""

    origin: str = "https://p.example"
    lies: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)  # put into the token answer; None takes out
    is_checking_pkce: bool = True
    page: str | None = None  # shown in place of the redirect back; `{back}` is the callback, escaped
    last_callback: str = ""
    heard: list[Heard] = field(default_factory=list)
    challenges: dict[str, str] = field(default_factory=dict)  # by code

    @property
    def transport(self) -> httpx2.AsyncBaseTransport:
        """For `mounts`."""
        return httpx2.ASGITransport(self)

    def asked(self, path: str) -> list[Heard]:
        """What came to one path."""
        return [one for one in self.heard if one.path == path]

    @property
    def token_requests(self) -> list[Heard]:
        """What came to the token endpoint."""
        return self.asked("/token")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        raw = request.scope.get("raw_path") or request.url.path.encode()
        if raw == b"/favicon.ico":  # a browser asks by itself, whenever it likes
            await Response(status_code=404)(scope, receive, send)
            return
        heard = Heard(
            request.method,
            raw.decode().partition("?")[0],
            scope["query_string"].decode("latin-1"),
            dict(request.headers),
            await request.body(),
        )
        self.heard.append(heard)
        await self._answer(heard)(scope, receive, send)

    async def sign_in(self, authorize_url: str) -> str:
        """A person who agrees: return the callback's address."""
        async with httpx2.AsyncClient(transport=self.transport) as browser:
            answer = await browser.get(authorize_url)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    @property
    def metadata(self) -> dict[str, Any]:
        """What it says of itself."""
        told = {
            "issuer": self.origin,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "revocation_endpoint": f"{self.origin}/revoke",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }
        return {name: value for name, value in {**told, **self.lies}.items() if value is not None}

    def _answer(self, heard: Heard) -> Response:
        pages: dict[str, Answer] = {
            DISCOVERY: lambda _: JSONResponse(self.metadata),
            OPENID: lambda _: JSONResponse(self.metadata),
            RESOURCE: lambda _: JSONResponse({"resource": self.origin, "authorization_servers": [self.origin]}),
            "/authorize": self._authorize,
            "/token": self._token,
            "/revoke": lambda _: Response(status_code=200),
            "/register": lambda _: JSONResponse({"client_id": "made-for-you"}, 201),
            "/me": lambda _: JSONResponse({"id": "7", "name": "pat"}),
            "/things": lambda _: JSONResponse([]),
        }
        known = {**pages, **self.answers}
        return known[heard.path](heard) if heard.path in known else Response(status_code=404)

    def _authorize(self, heard: Heard) -> Response:
        asked = {name: values[0] for name, values in parse_qs(heard.query).items()}
        code = f"code-{len(self.challenges)}-{hashlib.sha256(asked['state'].encode()).hexdigest()[:16]}"
        self.challenges[code] = asked.get("code_challenge", "")
        iss = self.metadata.get("authorization_response_iss_parameter_supported")
        back = {"code": code, "state": asked["state"], **({"iss": self.origin} if iss else {})}
        self.last_callback = f"{asked['redirect_uri']}?{urlencode(back)}"
        if self.page is not None:
            return HTMLResponse(self.page.replace("{back}", html.escape(self.last_callback)))
        return RedirectResponse(self.last_callback, 302)

    def _token(self, heard: Heard) -> Response:
        form = heard.form
        is_proven = challenge_of(form.get("code_verifier", "")) == self.challenges.get(form.get("code", ""))
        if form["grant_type"] == "authorization_code" and self.is_checking_pkce and not is_proven:
            return JSONResponse({"error": "invalid_grant"}, 400)
        number = len(self.token_requests)
        answer = {
            "access_token": f"at-{number}-of-the-lying-server",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": f"rt-{number}-of-the-lying-server",
        }
        return JSONResponse({name: value for name, value in {**answer, **self.token}.items() if value is not None})


def challenge_of(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer that is always the same: JSON, or text as HTML."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    return lambda _: Response(raw, status, {"Content-Type": kind, **named})


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address, none of them twice."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), url
    return dict(pairs)
