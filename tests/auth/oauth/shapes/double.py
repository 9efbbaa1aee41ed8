"""A provider's double: it refuses what the provider's documentation does not have, and answers as that documents.

`Shape` is what the documentation says; `Double` stands for all origins of one provider. A request that the provider
would refuse gets its documented error, and is noted in `complaints`: every test ends by asking for none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import httpx2

from connectory.auth.backend import Revocation
from connectory.vault.clock import Clock

CLIENT_ID, CLIENT_SECRET = "client-1", "s3cret/of+the=client"
MEDIA = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
Proof = Literal["post", "basic", "id", "nothing"]  # "id": the client's id alone, in the body
Tokens = Callable[[str, str], Mapping[str, Any]]  # access token, refresh token → a token answer; {ends} is a time


@dataclass(frozen=True)
class Sent:
    """One request as the double got it."""

    method: str
    url: str  # without its query
    query: Mapping[str, str]
    headers: Mapping[str, str]  # lower-case names
    body: bytes

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def parameters(self) -> dict[str, str]:
        """The body's members, by its own Content-Type; a name that stands twice is an error of the test."""
        if self.media == MEDIA["json"]:
            return dict(json.loads(self.body))
        pairs = parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(self.body))
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)


@dataclass(frozen=True)
class Answer:
    """What comes back: JSON, or a text as it is."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A request of the documentation's. `parameters` are exactly those; {at} and {rt} stand for the tokens."""

    method: str
    url: str
    parameters: Mapping[str, str]
    proof: Proof = "nothing"
    encoding: Literal["form", "json"] = "form"
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Answer = Answer()


@dataclass(frozen=True)
class Shape:
    """What a provider's documentation says of its sign-in."""

    connector: str
    authorize: str
    asks: Mapping[str, str]  # beside client_id, redirect_uri, response_type, state and those of PKCE
    token: str
    answer: Tokens
    verify: tuple[str, str]
    verified: Any
    account: tuple[str | None, str | None]
    manifest: str = ""  # of those that have no packaged one
    family: str = ""
    method: str = "oauth"
    values: Mapping[str, str] = field(default_factory=dict)
    pkce: bool = True
    proof: Proof = "post"
    encoding: Literal["form", "json"] = "form"
    token_headers: Mapping[str, str] = field(default_factory=dict)
    token_adds: Mapping[str, str] = field(default_factory=dict)  # to every token request
    refresh_repeats_redirect_uri: bool = False
    called_back: tuple[tuple[str, str], ...] = ()  # beside code and state
    renewed: Tokens | None = None  # where a refresh is answered otherwise
    rotates: bool = True
    lasts_s: float | None = 3600.0
    code_refused: Answer = Answer(400, {"error": "invalid_grant", "error_description": "Bad code."})
    refresh_refused: Answer = Answer(400, {"error": "invalid_grant", "error_description": "Bad refresh token."})
    request_refused: Answer = Answer(400, {"error": "invalid_request"})
    token_dead: Answer = Answer(401, {"message": "Bad credentials"})
    carries: Callable[[str], Mapping[str, str]] = lambda token: {"authorization": f"Bearer {token}"}
    scopes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    revoke: tuple[Call, ...] = ()
    revoked: Revocation = Revocation.REVOKED
    signs_callback: bool = False  # as Shopify does
    https: bool = False  # the provider takes https redirects alone
    calls: Mapping[tuple[str, str], Any] = field(default_factory=dict)  # answers to further calls with the token

    @property
    def signs_in(self) -> str:
        """The family, which names callback and client."""
        return self.family or self.connector

    @property
    def origins(self) -> set[str]:
        urls = [self.token, self.verify[1], *(call.url for call in self.revoke), *(url for _, url in self.calls)]
        return {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls)}


class Complaint(Exception):
    """The documentation does not have such a request."""


@dataclass(frozen=True)
class Issued:
    """A code that waits for its exchange."""

    redirect_uri: str
    challenge: str


class Double(httpx2.AsyncBaseTransport):
    """The provider, at all its origins. `routes` answers what is no part of the sign-in."""

    def __init__(self, shape: Shape, now: Clock) -> None:
        self.shape, self._now = shape, now
        self.ahead_s = 0.0  # how far the provider's clock is before ours
        self.received: list[Sent] = []
        self.complaints: list[str] = []
        self.codes: dict[str, Issued] = {}
        self.access, self.refresh = "", ""
        self.given = 0
        self.redirect_uri = ""
        self.as_form = False
        self.routes: dict[tuple[str, str], Callable[[Sent], Answer]] = {}
        self.lies: Answer | None = None  # to the next token request

    def issue(self, redirect_uri: str, challenge: str) -> str:
        """A person has consented: return the code."""
        code = f"code-{len(self.codes) + 1}/+"
        self.codes[code] = Issued(redirect_uri, challenge)
        self.redirect_uri = redirect_uri
        return code

    def offer(self, method: str, url: str, body: Any) -> None:
        """Answer a further call, if it carries the living token."""
        self.routes[method, url] = lambda sent: Answer(200, body) if self.is_carried(sent) else self.shape.token_dead

    def signature(self, pairs: Sequence[tuple[str, str]]) -> str:
        """Shopify's signature of a callback, as "Verify the installation request" has it."""
        message = "&".join(f"{name}={value}" for name, value in sorted(pairs))
        return hmac.new(CLIENT_SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()

    def sent(self, url: str) -> list[Sent]:
        """All that came to this address."""
        return [one for one in self.received if one.url == url]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = f"{request.url.scheme}://{request.headers['host']}{request.url.path}"
        query = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        headers = {name.lower(): value for name, value in request.headers.items()}
        sent = Sent(request.method, url, query, headers, await request.aread())
        self.received.append(sent)
        try:
            answer = self._answer(sent)
        except Complaint as complaint:
            self.complaints.append(f"{sent.method} {url}: {complaint}")
            answer = self.shape.request_refused
        if isinstance(answer.body, str) or answer.body is None:
            return httpx2.Response(answer.status, text=answer.body or "", headers=dict(answer.headers), request=request)
        return httpx2.Response(answer.status, json=answer.body, headers=dict(answer.headers), request=request)

    def _answer(self, sent: Sent) -> Answer:
        shape = self.shape
        if (route := self.routes.get((sent.method, sent.url))) is not None:
            return route(sent)
        if (sent.method, sent.url) == ("POST", shape.token):
            return self._tokens(sent)
        for call in shape.revoke:
            if (sent.method, sent.url) == (call.method, call.url):
                return self._revoked(sent)
        calls = {shape.verify: shape.verified, **shape.calls}
        if (sent.method, sent.url) in calls:
            return Answer(200, calls[sent.method, sent.url]) if self.is_carried(sent) else shape.token_dead
        raise Complaint("there is no such call")

    def is_carried(self, sent: Sent) -> bool:
        """Whether the living access token is where the documentation wants it."""
        wanted = self.shape.carries(self.access)
        return bool(self.access) and all(sent.headers.get(name) == value for name, value in wanted.items())

    def _tokens(self, sent: Sent) -> Answer:
        shape = self.shape
        _demand(sent.media == MEDIA[shape.encoding], f"Content-Type {sent.media}")
        _demand("application/json" in sent.headers.get("accept", ""), f"Accept {sent.headers.get('accept')}")
        _demand(not sent.query, "a query")
        for name, value in shape.token_headers.items():
            _demand(sent.headers.get(name) == value, f"{name}: {sent.headers.get(name)}")
        given = self._proven(sent, shape.proof)
        if self.lies is not None:
            answer, self.lies = self.lies, None
            return answer
        for name, value in shape.token_adds.items():
            _demand(given.pop(name, None) == value, f"no {name}={value}")
        grant_type = given.pop("grant_type", "")
        if grant_type == "authorization_code":
            return self._for_code(given)
        _demand(grant_type == "refresh_token", f"grant_type {grant_type}")
        return self._for_refresh_token(given)

    def _for_code(self, given: dict[str, str]) -> Answer:
        wanted = {"code", "redirect_uri"} | ({"code_verifier"} if self.shape.pkce else set())
        _demand(given.keys() == wanted, f"parameters {sorted(given)}")
        issued = self.codes.pop(given["code"], None)
        if issued is None:
            return self.shape.code_refused
        _demand(given["redirect_uri"] == issued.redirect_uri, "another redirect_uri")
        if self.shape.pkce:
            digest = hashlib.sha256(given["code_verifier"].encode()).digest()
            _demand(base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == issued.challenge, "a wrong code_verifier")
        return self._give(self.shape.answer, rotate=True)

    def _for_refresh_token(self, given: dict[str, str]) -> Answer:
        wanted = {"refresh_token"} | ({"redirect_uri"} if self.shape.refresh_repeats_redirect_uri else set())
        _demand(given.keys() == wanted, f"parameters {sorted(given)}")
        _demand(given.get("redirect_uri", self.redirect_uri) == self.redirect_uri, "another redirect_uri")
        if given["refresh_token"] != self.refresh:
            return self.shape.refresh_refused
        return self._give(self.shape.renewed or self.shape.answer, rotate=self.shape.rotates)

    def _give(self, answer: Tokens, *, rotate: bool) -> Answer:
        self.given += 1
        self.access = f"at-{self.given}"
        self.refresh = f"rt-{self.given}" if rotate else self.refresh
        now = self._now() + timedelta(seconds=self.ahead_s)
        ends = (now + timedelta(seconds=self.shape.lasts_s or 0)).isoformat().replace("+00:00", "Z")
        body = {name: ends if value == "{ends}" else value for name, value in answer(self.access, self.refresh).items()}
        headers = {"date": format_datetime(now, usegmt=True)}
        if self.as_form:
            text = str(httpx2.QueryParams(dict(body)))
            return Answer(200, text, {"content-type": f"{MEDIA['form']}; charset=utf-8", **headers})
        return Answer(200, body, headers)

    def _revoked(self, sent: Sent) -> Answer:
        """One of the calls of the documentation's, in their order."""
        before = len([one for one in self.received[:-1] if one.url == sent.url])
        _demand(before < len(self.shape.revoke), "revoked more often than there are tokens")
        call = self.shape.revoke[before]
        _demand(not sent.body or sent.media == MEDIA[call.encoding], f"Content-Type {sent.media}")
        given = self._proven(sent, call.proof)
        wanted = {name: self._filled(value) for name, value in call.parameters.items()}
        _demand(given == wanted, f"parameters {given}, not {wanted}")
        for name, value in call.headers.items():
            _demand(sent.headers.get(name) == self._filled(value), f"{name}: {sent.headers.get(name)}")
        return call.answer

    def _filled(self, text: str) -> str:
        return text.replace("{at}", self.access).replace("{rt}", self.refresh)

    def _proven(self, sent: Sent, proof: Proof) -> dict[str, str]:
        """The parameters without the client's proof, which must be there in this way alone."""
        given = sent.parameters
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if proof == "basic":
            _demand(sent.headers.get("authorization") == f"Basic {basic}", "no Basic of the client")
            _demand(not given.keys() & {"client_id", "client_secret"}, "the client's proof twice")
            return given
        _demand(not sent.headers.get("authorization", "").startswith("Basic"), "Basic, which is not asked for")
        if proof in ("post", "id"):
            _demand(given.pop("client_id", None) == CLIENT_ID, "no client_id")
        if proof == "post":
            _demand(given.pop("client_secret", None) == CLIENT_SECRET, "no client_secret")
        _demand(CLIENT_SECRET not in given.values(), "the client's secret where it has no business")
        return given


def _demand(is_met: bool, otherwise: str) -> None:
    if not is_met:
        raise Complaint(otherwise)
