"""OAuth 1.0a against a provider that checks every signature by itself, as RFC 5849 section 3.4 says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx2
import pytest

from connectory.auth.backend import Callback, Connected, Entry, Form, Redirect
from connectory.errors import ConnectoryError
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector

OLD_YAML = """
format: 1
name: old
title: Old
description: Keep cards.
category: productivity
docs: https://old.example/docs
servers: {api: "https://api.old.example"}
auth:
  oauth:
    method: oauth1
    request_token_url: https://old.example/request
    authorize_url: https://old.example/authorize
    access_token_url: https://old.example/access
    authorize_parameters: {scope: "read,write"}
    signature: SIGNATURE
verify: {request: {get: /me}, account: {id: id, name: name}}
actions:
  create_card:
    title: Create a card
    description: Create a card.
    effect: write
    inputs: {name: {type: string, required: true}}
    request: {post: /cards, query: {list: a b}, body: {name: "{name}"}, encoding: form}
    docs: https://old.example/docs/cards
"""
KEY, SECRET = "the-consumer-key", "the-consumer-secret"
TEMPORARY, FINAL = ("temporary-token", "temporary-secret"), ("final-token", "final-secret")
METHODS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


@dataclass
class OldProvider(httpx2.AsyncBaseTransport):
    """Takes a request only with a right signature, and each nonce once."""

    refuses: bool = False
    nonces: set[str] = field(default_factory=set)
    seen: list[dict[str, str]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = (await request.aread()).decode()
        sent = {
            name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', request.headers["authorization"])
        }
        self.seen.append(sent)
        if self.refuses or not self._is_signed(request, body, sent) or sent["oauth_nonce"] in self.nonces:
            return httpx2.Response(401, text="signature_invalid")
        self.nonces.add(sent["oauth_nonce"])
        path = request.url.path
        if path == "/request":
            return _pair(TEMPORARY)
        if path == "/access":
            return _pair(FINAL) if sent.get("oauth_verifier") == "the-verifier" else httpx2.Response(401)
        return httpx2.Response(200, json={"id": "7", "name": "Ann", "said": body})

    def _is_signed(self, request: httpx2.Request, body: str, sent: dict[str, str]) -> bool:
        secret = dict((TEMPORARY, FINAL)).get(sent.get("oauth_token", ""), "")
        is_form = "form" in request.headers.get("content-type", "")
        pairs = [(name, value) for name, value in sent.items() if name not in ("oauth_signature", "realm")]
        pairs += parse_qsl(request.url.query.decode(), keep_blank_values=True)
        pairs += parse_qsl(body, keep_blank_values=True) if is_form else []
        written = "&".join(sorted(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs))
        address = f"{request.url.scheme}://{request.url.host}{request.url.path}"
        base = "&".join(_quoted(part) for part in (request.method, address, written))
        key = f"{_quoted(SECRET)}&{_quoted(secret)}".encode()
        right = hmac.new(key, base.encode(), METHODS[sent["oauth_signature_method"]]).digest()
        return sent["oauth_consumer_key"] == KEY and sent["oauth_signature"] == base64.b64encode(right).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")


def _pair(pair: tuple[str, str]) -> httpx2.Response:
    return httpx2.Response(
        200, text=f"oauth_token={pair[0]}&oauth_token_secret={pair[1]}&oauth_callback_confirmed=true"
    )


def _application(provider: OldProvider, signature: str, secret: str = SECRET) -> Any:
    return make_application(
        settings=make_settings(OLD_CLIENT_ID=KEY, OLD_CLIENT_SECRET=secret),
        catalog=make_catalog(make_connector(OLD_YAML.replace("SIGNATURE", signature))),
        mounts={"https://old.example": provider, "https://api.old.example": provider},
    )


@pytest.mark.parametrize("signature", METHODS)
async def test_a_person_signs_in_and_every_request_is_signed(signature: str) -> None:
    provider = OldProvider()
    async with _application(provider, signature) as application:
        principal = await make_principal(application)
        session = await application.auth.connect(principal, "old")
        step = await application.auth.sign_in.submit(session, "b1", Entry("oauth", {}))
        assert isinstance(step, Redirect), step
        assert dict(parse_qsl(urlsplit(step.url).query)) == {"oauth_token": TEMPORARY[0], "scope": "read,write"}
        state = dict(parse_qsl(urlsplit(provider.seen[0]["oauth_callback"]).query))["state"]
        back = Callback((("state", state), ("oauth_token", TEMPORARY[0]), ("oauth_verifier", "the-verifier")))
        done = await application.auth.sign_in.complete(session, "b1", "old", back)
        assert isinstance(done, Connected), done
        answers = [
            await application.gateway.call_action(principal, "old_create_card", {"name": "Größe & 1"}) for _ in range(2)
        ]

    assert done.account.name == "Ann"
    assert answers[0].value["said"] == "name=Gr%C3%B6%C3%9Fe+%26+1"
    assert len(provider.nonces) == len(provider.seen)


async def test_who_declines_is_told_so() -> None:
    provider = OldProvider()
    async with _application(provider, "HMAC-SHA1") as application:
        session = await application.auth.connect(await make_principal(application), "old")
        await application.auth.sign_in.submit(session, "b1", Entry("oauth", {}))
        state = dict(parse_qsl(urlsplit(provider.seen[0]["oauth_callback"]).query))["state"]
        step = await application.auth.sign_in.complete(
            session, "b1", "old", Callback((("state", state), ("denied", "x")))
        )

    assert isinstance(step, Form)
    assert "did not allow" in step.problems[0].message
    assert len(provider.seen) == 1


async def test_a_wrong_secret_is_said_without_being_shown() -> None:
    async with _application(OldProvider(), "HMAC-SHA1", secret="a-wrong-secret") as application:
        session = await application.auth.connect(await make_principal(application), "old")
        step = await application.auth.sign_in.submit(session, "b1", Entry("oauth", {}))

    assert isinstance(step, Form)
    assert "is not accepted" in step.problems[0].message
    assert "a-wrong-secret" not in step.problems[0].message


async def test_a_signature_that_the_provider_takes_no_more_needs_a_new_sign_in() -> None:
    provider = OldProvider()
    async with _application(provider, "HMAC-SHA1") as application:
        principal = await make_principal(application)
        session = await application.auth.connect(principal, "old")
        await application.auth.sign_in.submit(session, "b1", Entry("oauth", {}))
        state = dict(parse_qsl(urlsplit(provider.seen[0]["oauth_callback"]).query))["state"]
        back = Callback((("state", state), ("oauth_token", TEMPORARY[0]), ("oauth_verifier", "the-verifier")))
        await application.auth.sign_in.complete(session, "b1", "old", back)
        provider.refuses = True
        with pytest.raises(ConnectoryError) as refusal:
            await application.gateway.call_action(principal, "old_create_card", {"name": "x"})

    assert refusal.value.code == "needs_reconnect"
