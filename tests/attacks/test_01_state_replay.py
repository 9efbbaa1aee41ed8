"""1. State replay: a callback counts once, in whatever browser it is opened again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.attacks.signing_in import scene
from tests.auth.oauth.acme import CALLBACK, acme
from tests.oauth_servers.oidc import OidcServer, confidential_client, oidc_server
from tests.oauth_servers.pages import sign_in
from tests.web.browsing import Browser
from tests.web.browsing import services_of as services

from connectory.web.app import create_web_app


async def test_attack_01_a_callback_that_was_taken_is_refused_in_the_same_browser_and_in_another() -> None:
    async with scene() as s, s.browser() as own, s.browser() as other:
        back = await s.connected(own)
        kept = await s.connections()
        for browser in (own, other):
            async with s.refused(back, "code-0", "at-1", "rt-1"):
                answer = await s.follow(browser, back)
            assert answer.status_code == 410
            assert "was finished, took too long" in answer.text
            assert "code-0" not in answer.text
            assert await s.connections() == kept
        assert len(s.server.token_requests) == 1


async def test_attack_01_so_is_one_that_came_to_nothing() -> None:
    """The provider may have spent the code before it failed: it is not sent again."""
    async with scene() as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        s.server.token["access_token"] = None
        await s.follow(browser, back)
        del s.server.token["access_token"]
        async with s.refused(back):
            assert (await s.follow(browser, back)).status_code == 410
        assert len(s.server.token_requests) == 1
        assert await s.connections() == []


async def test_attack_01_two_at_once_ask_once() -> None:
    async with scene() as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        answers = await asyncio.gather(*(s.follow(browser, back) for _ in range(8)))
        assert len([one for one in answers if one.headers.get("location", "").endswith("/done")]) == 1
        assert {one.status_code for one in answers} <= {303, 410}
        assert len(s.server.token_requests) == 1
        assert len(await s.connections()) == 1


@pytest.fixture(scope="module")
def oidc() -> Iterator[OidcServer]:
    with oidc_server(confidential_client(CALLBACK)) as running:
        yield running


@pytest.mark.slow
async def test_attack_01_a_real_server_hears_of_the_code_once(oidc: OidcServer) -> None:
    async with acme(oidc) as one:
        app = create_web_app(services(one.application))
        async with Browser(app) as browser:
            session = await one.session()
            page = await browser.open(one.application.auth.link_url(session))
            leaving = await browser.submit(page.forms[0], server=oidc.issuer)
            back = await sign_in(next(link["href"] for link in leaving.links if "button" in link.get("class", "")))
            path = back.removeprefix(browser.origin)
            answers = [await browser.client.get(path) for _ in range(3)]
            after = oidc.counts().authorization_code
    assert [one.status_code for one in answers] == [303, 410, 410]
    assert (after.ok, after.error) == (1, 0)
