"""12. Redirect URI tampering: where people are sent back to is made of `APP_URL`, byte for byte, whatever is asked."""

from __future__ import annotations

import pytest
from tests.attacks.face import FLEET
from tests.attacks.lying_server import query_of
from tests.attacks.signing_in import ORIGIN, Scene, address_on, oauth_form, scene
from tests.web.browsing import Page

EVIL = "https://evil.example/api/auth/callback/p"
ADDED = dict.fromkeys(("redirect_uri", "next", "return_to", "callback", "app_url", "issuer", "token_url"), EVIL)
QUERY = "&".join(f"{name}={value}" for name, value in ADDED.items())
CLAIMS = [
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "javascript"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1", "X-Forwarded-Prefix": "/x"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"X-Original-URL": "/evil", "X-Rewrite-URL": "/evil", "X-Forwarded-Server": "evil.example"},
]  # fmt: skip


@pytest.mark.parametrize("environment", [{}, FLEET], ids=["local", "fleet"])
async def test_attack_12_what_is_added_by_hand_changes_no_byte_of_it(environment: dict[str, str]) -> None:
    async with scene(environment=environment) as s, s.browser() as browser:
        origin = s.face.application.settings.origin
        link = await s.link()
        await s.leave(browser, link)  # signs in to the page where it must
        page = await browser.open(f"{link}?{QUERY}")
        form = oauth_form(page)
        answer = await browser.post(f"{form.action}?{QUERY}", {**form.fields, **ADDED})
        asked = query_of(address_on(Page(answer)))
        assert asked["redirect_uri"] == f"{origin}/api/auth/callback/p"
        assert "evil" not in str(asked)
        back = await s.server.sign_in(address_on(Page(answer)))
        done = await s.follow(browser, f"{back}&{QUERY}")
        assert done.headers["location"] == f"{link.removeprefix(origin)}/done"
        assert s.server.token_requests[0].form["redirect_uri"] == f"{origin}/api/auth/callback/p"
        assert s.evil.heard == []


@pytest.mark.parametrize("claims", CLAIMS, ids=lambda claims: "+".join(claims)[:40])
@pytest.mark.parametrize("environment", [{}, FLEET], ids=["local", "fleet"])
async def test_attack_12_forwarded_headers_of_nobody_s_proxy_change_nothing(
    environment: dict[str, str], claims: dict[str, str]
) -> None:
    async with scene(environment=environment) as s, s.browser() as browser:
        origin = s.face.application.settings.origin
        browser.client.headers.update(claims)
        for path in ("/", "/signin", await s.link(), "/nowhere", "/connect/x"):
            page = await browser.open(path)
            assert "evil" not in page.html
            assert "javascript:" not in page.html
        asked = query_of(await s.leave(browser, await s.link()))
        assert asked["redirect_uri"] == f"{origin}/api/auth/callback/p"


UNKNOWN = [
    "evil.example", "evil.example:8765", "localhost:1", "localhost.evil.example:8765", "localhost:8765@evil.example",
    "",
]  # fmt: skip


@pytest.mark.parametrize("host", UNKNOWN)
async def test_attack_12_an_unknown_host_gets_421_on_every_page_and_spends_nothing(host: str) -> None:
    async with scene() as s, s.browser() as browser:
        link = await s.link()
        back = await s.back_from(browser, link)
        rows = await s.face.rows()
        for path in ("/", link, back, f"{ORIGIN}/nowhere", f"{ORIGIN}/oauth/client/p"):
            answer = await s.follow(browser, path, Host=host)
            assert answer.status_code == 421
            assert "location" not in answer.headers
        assert await s.face.rows() == rows
        assert s.server.token_requests == []


async def _behind_a_proxy(s: Scene, **claims: str) -> int:
    async with s.browser() as browser:
        browser.client.headers.update({name.replace("_", "-"): value for name, value in claims.items()})
        return (await browser.open("/signin")).status


async def test_attack_12_even_our_own_proxy_cannot_move_it() -> None:
    environment = {**FLEET, "CONNECTORY_TRUSTED_PROXIES": "127.0.0.1"}
    async with scene(environment=environment) as s, s.browser() as browser:
        assert await _behind_a_proxy(s, X_Forwarded_Host="evil.example") == 421
        assert await _behind_a_proxy(s, X_Forwarded_Host="connect.example.com") == 200
        browser.client.headers.update({"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "connect.example.com"})
        page = await browser.open(await s.link())
        assert "javascript:" not in page.html
        asked = query_of(await s.leave(browser, await s.link()))
        assert asked["redirect_uri"] == "https://connect.example.com/api/auth/callback/p"
