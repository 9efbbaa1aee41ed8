"""The harness: oidc-provider does what a test of ours will count on, and `/_control` says and does what it promises."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.oauth_servers.oidc import (
    DEVICE_CODE,
    SECRET,
    OidcServer,
    confidential_client,
    device_client,
    machine_client,
    oidc_server,
    public_client,
)
from tests.oauth_servers.pages import approve_device, deny, sign_in

pytestmark = pytest.mark.slow

CALLBACK = "http://127.0.0.1:1/oauth/callback"  # nobody listens there: no callback is followed
VERIFIER = "a-verifier-has-at-least-43-characters-of-these-kinds"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())), "use": "sig", "alg": "RS256"}]}
ME = {"client_id": "connectory", "client_secret": SECRET}


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    with oidc_server(
        confidential_client(CALLBACK),
        confidential_client(CALLBACK, client_id="basic", auth="client_secret_basic"),
        confidential_client(CALLBACK, client_id="signing", auth="private_key_jwt", jwks=KEYS),
        public_client(CALLBACK),
        machine_client(),
        device_client(),
    ) as running:
        yield running


@pytest.fixture
def lenient() -> Iterator[OidcServer]:
    with oidc_server(confidential_client(CALLBACK), access_token_ttl_s=1, rotate=False, require_pkce=False) as running:
        yield running


@pytest.fixture
async def http(server: OidcServer) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.issuer, trust_env=False, verify=False, timeout=60) as client:
        yield client


def authorize_url(server: OidcServer, *, client_id: str = "connectory", redirect_uri: str = CALLBACK) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": "openid email read",
        "state": "a-state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{server.issuer}/auth?{urlencode(asked)}"


def answer_in(callback: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}


def for_code(code: str, **more: str) -> dict[str, str]:
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return {**sent, **more}


async def tokens_of(http: httpx2.AsyncClient, sent: Mapping[str, str], **more: Any) -> dict[str, Any]:
    answer = await http.post("/token", data=dict(sent), **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def signed_in(server: OidcServer, http: httpx2.AsyncClient) -> dict[str, Any]:
    code = answer_in(await sign_in(authorize_url(server)))["code"]
    return await tokens_of(http, for_code(code, **ME))


async def test_a_person_signs_in_and_the_token_opens_the_resource(server: OidcServer, http: httpx2.AsyncClient) -> None:
    before = server.counts().authorization_code.ok
    callback = await sign_in(authorize_url(server), login="bob")
    found = answer_in(callback)
    tokens = await tokens_of(http, for_code(found["code"], **ME))
    me = await http.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert callback.startswith(f"{CALLBACK}?")
    assert (found["state"], found["iss"]) == ("a-state", server.issuer)
    assert tokens["scope"] == "openid email read"
    assert me.json() == {"sub": "bob", "email": "bob@example.test", "email_verified": True}
    assert server.counts().authorization_code.ok == before + 1
    assert server.metadata["token_endpoint"] == f"{server.issuer}/token"
    last = server.requests()[-1]
    assert (last.auth_method, last.body["code_verifier"], last.status) == ("client_secret_post", VERIFIER, 200)


async def test_a_person_refuses_and_a_wrong_verifier_is_refused(server: OidcServer, http: httpx2.AsyncClient) -> None:
    assert answer_in(await deny(authorize_url(server)))["error"] == "access_denied"
    code = answer_in(await sign_in(authorize_url(server)))["code"]
    answer = await http.post("/token", data=for_code(code, **ME, code_verifier=VERIFIER[::-1]))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert server.requests()[-1].reason == "code_verifier does not match code_challenge"


async def test_a_refresh_token_is_spent_once_and_its_reuse_ends_the_grant(
    server: OidcServer, http: httpx2.AsyncClient
) -> None:
    old = await signed_in(server, http)
    refresh = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"], **ME}
    new = await tokens_of(http, refresh)
    bearer = {"Authorization": f"Bearer {new['access_token']}"}
    assert new["refresh_token"] != old["refresh_token"]
    assert (await http.get("/me", headers=bearer)).status_code == 200

    reused = await http.post("/token", data=refresh)

    assert reused.json()["error"] == "invalid_grant"
    assert (await http.get("/me", headers=bearer)).status_code == 401
    after = await http.post("/token", data={**refresh, "refresh_token": new["refresh_token"]})
    assert after.json()["error"] == "invalid_grant"


async def test_every_way_of_a_client_to_authenticate(server: OidcServer, http: httpx2.AsyncClient) -> None:
    now = int(time.time())
    claims = {"iss": "signing", "sub": "signing", "aud": server.issuer, "jti": uuid4().hex, "exp": now + 60, "iat": now}
    assertion = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(claims, KEY, algorithm="RS256"),
    }
    elsewhere = "http://127.0.0.1:2/oauth/callback"  # a native application's port is free (RFC 8252 section 7.3)
    codes = {
        name: answer_in(await sign_in(authorize_url(server, client_id=name, redirect_uri=uri)))["code"]
        for name, uri in {"basic": CALLBACK, "signing": CALLBACK, "connectory-public": elsewhere}.items()
    }
    await tokens_of(http, for_code(codes["basic"]), auth=("basic", SECRET))
    await tokens_of(http, for_code(codes["signing"], **assertion))
    public = for_code(codes["connectory-public"], client_id="connectory-public", redirect_uri=elsewhere)
    assert "refresh_token" in await tokens_of(http, public)
    machine = {"grant_type": "client_credentials", "client_id": "connectory-machine", "client_secret": SECRET}
    assert (await tokens_of(http, {**machine, "scope": "read"}))["scope"] == "read"

    methods = [request.auth_method for request in server.requests()][-4:]
    assert methods == ["client_secret_basic", "private_key_jwt", "none", "client_secret_post"]
    assert server.counts().client_credentials.ok == 1


async def test_a_device_gets_its_token_once_a_person_has_approved(server: OidcServer, http: httpx2.AsyncClient) -> None:
    async def begin() -> dict[str, Any]:
        asked = {"client_id": "connectory-device", "scope": "openid read"}
        begun: dict[str, Any] = (await http.post("/device/auth", data=asked)).raise_for_status().json()
        return begun

    def poll(begun: Mapping[str, Any]) -> dict[str, str]:
        return {"grant_type": DEVICE_CODE, "client_id": "connectory-device", "device_code": begun["device_code"]}

    typed, linked = await begin(), await begin()
    pending = await http.post("/token", data=poll(typed))
    await approve_device(typed["verification_uri"], user_code=typed["user_code"])
    await approve_device(linked["verification_uri_complete"], login="bob")

    assert pending.json()["error"] == "authorization_pending"
    for begun in (typed, linked):
        assert "refresh_token" in await tokens_of(http, poll(begun))
    assert (server.counts().device_code.ok, server.counts().device_code.error) == (2, 1)


async def test_a_client_registers_itself_and_a_token_is_revoked(server: OidcServer, http: httpx2.AsyncClient) -> None:
    wish = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"}
    made = (await http.post("/reg", json=wish)).raise_for_status().json()
    code = answer_in(await sign_in(authorize_url(server, client_id=made["client_id"])))["code"]
    own = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    tokens = await tokens_of(http, for_code(code, **own))
    await http.post("/token/revocation", data={"token": tokens["access_token"], **own})
    me = await http.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert me.status_code == 401
    assert (server.counts().registration, server.counts().revocation) == (1, 1)
    assert server.requests("/reg")[0].body == wish
    assert server.requests("/token/revocation")[0].body["token"] == tokens["access_token"]


async def test_token_requests_fail_and_wait_as_told(server: OidcServer, http: httpx2.AsyncClient) -> None:
    tokens = await signed_in(server, http)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **ME}
    before = server.counts().refresh_token
    server.fail(503)
    down = await http.post("/token", data=refresh)
    server.fail(400, error="invalid_grant")
    refused = await http.post("/token", data=refresh)
    assert (down.status_code, down.content) == (503, b"")
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_grant"})

    server.delay(2000)
    try:
        waiting = asyncio.create_task(tokens_of(http, refresh))
        while (decided := server.counts().refresh_token).ok == before.ok:  # noqa: ASYNC110 # another process counts
            await asyncio.sleep(0.02)
        assert not waiting.done()
        assert (decided.ok - before.ok, decided.error - before.error) == (1, 2)
        assert (await waiting)["refresh_token"] != tokens["refresh_token"]
    finally:
        server.delay(0)


async def test_a_token_expires_without_grace_and_the_same_refresh_token_serves_again(lenient: OidcServer) -> None:
    url = authorize_url(lenient).split("&code_challenge")[0]
    sent = {**for_code(answer_in(await sign_in(url))["code"]), **ME}
    async with httpx2.AsyncClient(base_url=lenient.issuer, trust_env=False, verify=False, timeout=60) as http:
        tokens = await tokens_of(http, {name: value for name, value in sent.items() if name != "code_verifier"})
        await asyncio.sleep(1.1)
        expired = await http.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **ME}
        again = [await tokens_of(http, refresh) for _ in range(2)]

    assert expired.status_code == 401
    assert 'error="invalid_token"' in expired.headers["www-authenticate"]
    assert {one["refresh_token"] for one in again} == {tokens["refresh_token"]}
