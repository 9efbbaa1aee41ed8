"""8. PKCE downgrade: what the metadata says never leads to a sign-in without S256 (RFC 7636, RFC 9700 section 4.8)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.attacks.lying_server import LyingServer, query_of
from tests.attacks.signing_in import OWN_ADDRESSES, P_YAML, scene
from tests.web.browsing import Page

LIES: dict[str, Any] = {
    "dropped": None,
    "plain": ["plain"],
    "empty": [],
    "null in it": [None],
    "other case": ["s256"],
    "a text": "S256",
    "a text with it in the middle": "plain S256 plain",
    "an object": {"S256": True},
    "a number": 256,
    "true": True,
}


@pytest.mark.parametrize("told", LIES.values(), ids=LIES)
async def test_attack_08_metadata_without_s256_ends_the_sign_in(told: Any) -> None:
    server = LyingServer(lies={"code_challenge_methods_supported": told})
    async with scene(server=server) as s, s.browser() as browser:
        page = await browser.open(await s.link())
        async with s.refused(may_ask=1, spends=True):
            answer = Page(await browser.send(page.forms[0]))
        assert answer.status == 422
        assert "does not offer PKCE with S256" in answer.text
        assert "https://p.example/authorize" not in answer.html
    assert [one.path for one in server.heard] == ["/.well-known/oauth-authorization-server"]


@pytest.mark.parametrize("told", [None, ["plain"]])
async def test_attack_08_the_manifest_decides_where_it_names_the_addresses_itself(told: Any) -> None:
    """Then no metadata is asked for, and S256 is what leaves."""
    server = LyingServer(lies={"code_challenge_methods_supported": told})
    yaml = P_YAML.replace('    issuer: "https://p.example"\n', OWN_ADDRESSES)
    async with scene(yaml, server=server) as s, s.browser() as browser:
        asked = query_of(await s.leave(browser, await s.link()))
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"]
    assert server.heard == []
