"""The harness: JupyterHub as an OAuth provider."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.oauth_servers.hub import Hub, jupyterhub
from tests.oauth_servers.pages import sign_in

pytestmark = pytest.mark.slow

CALLBACK = "http://127.0.0.1:1/oauth/callback"  # nobody listens there: no callback is followed
VERIFIER = "a-verifier-has-at-least-43-characters-of-these-kinds"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with jupyterhub(CALLBACK, token_ttl_s=300) as running:
        yield running


async def token_of(hub: Hub, login: str) -> dict[str, Any]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": hub.client_id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": " ".join(hub.scopes),
        "state": "a-state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    found = parse_qs(urlsplit(await sign_in(f"{hub.authorization_endpoint}?{urlencode(asked)}", login=login)).query)
    assert found["state"] == ["a-state"]
    sent = {
        "grant_type": "authorization_code",
        "code": found["code"][0],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": hub.client_id,
        "client_secret": hub.client_secret,
    }
    async with httpx2.AsyncClient(trust_env=False, verify=False, timeout=60) as http:
        answer = await http.post(hub.token_endpoint, data=sent)
    made: dict[str, Any] = answer.raise_for_status().json()
    return made


async def users(hub: Hub, token: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, verify=False, timeout=60) as http:
        return await http.get(f"{hub.api}/users", headers={"Authorization": f"Bearer {token}"})


async def test_an_admin_signs_in_and_lists_the_users_and_another_may_not(hub: Hub) -> None:
    admin, alice = await token_of(hub, "admin"), await token_of(hub, "alice")
    listed, refused = await users(hub, admin["access_token"]), await users(hub, alice["access_token"])

    assert {user["name"] for user in listed.json()} == {"admin", "alice"}
    assert refused.status_code == 403
    assert "list:users" in refused.json()["message"]
    assert admin["expires_in"] == 300
    assert "refresh_token" not in admin
