"""120. Trusted headers: what only a reverse proxy may say is believed from nobody who is not named as one."""

from __future__ import annotations

import pytest
from tests.attacks.outside import Outside

pytestmark = pytest.mark.slow

CLAIMS = {
    "X-Forwarded-User": "owner@example.com", "X-Forwarded-Email": "owner@example.com", "X-Remote-User": "owner",
    "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "X-Client-IP": "127.0.0.1",
    "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil",
    "X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz",
    "Forwarded": "for=127.0.0.1;host=evil.example;proto=https",
}  # fmt: skip
EACH = [{name: value} for name, value in CLAIMS.items()] + [CLAIMS]


@pytest.mark.parametrize("claims", EACH, ids=lambda claims: "+".join(claims)[:40])
def test_attack_120_no_claim_stands_in_for_a_token(outside: Outside, claims: dict[str, str]) -> None:
    bare = outside.post("tools/list", {})
    claimed = outside.post("tools/list", {}, **{name.replace("-", "_"): value for name, value in claims.items()})

    assert (bare.status, claimed.status) == (401, 401)
    assert claimed.body == bare.body
    assert claimed.headers["www-authenticate"] == bare.headers["www-authenticate"]


@pytest.mark.parametrize("claims", EACH, ids=lambda claims: "+".join(claims)[:40])
@pytest.mark.parametrize("path", ["/", "/connect/x", "/healthz", "/nowhere"])
def test_attack_120_no_page_is_another_one_or_names_another_host(
    outside: Outside, path: str, claims: dict[str, str]
) -> None:
    bare, claimed = outside.send("GET", path, {}), outside.send("GET", path, claims)

    assert claimed.status == bare.status
    assert "evil" not in claimed.body + str(claimed.headers)
    assert claimed.headers.get("location") == bare.headers.get("location")


def test_attack_120_a_link_that_is_handed_out_names_our_own_host(outside: Outside) -> None:
    params = {"name": "connect", "arguments": {"connector": "github"}}
    named = {name.replace("-", "_"): value for name, value in CLAIMS.items()}
    said = outside.post("tools/call", params, Authorization=f"Bearer {outside.token}", **named).said.text

    assert f"http://localhost:{outside.install.port}/connect/" in said
    assert "evil" not in said
