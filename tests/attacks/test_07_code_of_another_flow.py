"""7. Code of another flow: a stolen code is of no use behind another's state: each flow has a verifier of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from tests.attacks.lying_server import LyingServer, challenge_of, query_of
from tests.attacks.signing_in import Scene, scene
from tests.auth.oauth.acme import CALLBACK, acme
from tests.oauth_servers.oidc import OidcServer, confidential_client, oidc_server
from tests.oauth_servers.pages import sign_in

from connectory.auth.backend import Form

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1


async def _with_the_code_of(s: Scene) -> tuple[str, str]:
    """The victim's own callback, and the same with the attacker's code."""
    async with s.browser() as attackers:
        stolen = await s.back_from(attackers, await s.link(alias="attackers"))
    async with s.browser() as victims:
        own = await s.back_from(victims, await s.link(alias="victims"))
        mixed = own.replace(query_of(own)["code"], query_of(stolen)["code"])
        async with s.refused(mixed, query_of(stolen)["code"], may_ask=1, spends=True):
            page = await s.problem(victims, await s.follow(victims, mixed))
        assert "invalid_grant" in page.text
    return own, mixed


async def test_attack_07_the_provider_refuses_by_pkce_and_the_state_is_spent() -> None:
    async with scene() as s:
        _, mixed = await _with_the_code_of(s)
        async with s.browser() as browser, s.refused():
            assert (await s.follow(browser, mixed)).status_code == 410
        assert await s.connections() == []


async def test_attack_07_whatever_the_provider_checks_each_flow_proves_itself_anew() -> None:
    server = LyingServer(is_checking_pkce=False)
    asked = []
    async with scene(server=server) as s, s.browser() as browser:
        for alias in ("one", "two", "three"):
            link = await s.link(alias=alias)
            asked += [query_of(await s.leave(browser, link)) for _ in range(2)]  # who leaves again has another one
            await s.follow(browser, await server.sign_in(f"{server.origin}/authorize?{urlencode(asked[-1])}"))
    assert {one["code_challenge_method"] for one in asked} == {"S256"}
    assert len({one["code_challenge"] for one in asked}) == len(asked)
    sent = [one.form["code_verifier"] for one in server.token_requests]
    assert len(set(sent)) == 3
    assert all(VERIFIER.fullmatch(one) for one in sent)
    assert [challenge_of(one) for one in sent] == [one["code_challenge"] for one in asked[1::2]]
    assert all(one not in str(asked) for one in sent)  # the verifier itself never leaves by the browser


@pytest.fixture(scope="module")
def oidc() -> Iterator[OidcServer]:
    with oidc_server(confidential_client(CALLBACK)) as running:
        yield running


@pytest.mark.slow
async def test_attack_07_a_real_server_refuses_another_flow_s_code(oidc: OidcServer) -> None:
    async with acme(oidc) as one:
        theirs = await one.session(alias="attackers")
        stolen = await sign_in(await one.leave(theirs, browser="b2"), login="mallory")
        own = await one.session(alias="victims")
        back = await sign_in(await one.leave(own))
        step = await one.come_back(own, back.replace(query_of(back)["code"], query_of(stolen)["code"]))
        found = await one.application.auth.list_connections(one.principal)
    assert isinstance(step, Form)
    assert found == []
    assert oidc.counts().authorization_code.ok == 0
    assert oidc.requests()[-1].reason == "code_verifier does not match code_challenge"
