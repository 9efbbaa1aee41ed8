"""Signing in to the pages at a real OpenID Connect provider: the real process, and a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.e2e.programs import Forms, Install, link_in, say
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, oidc_server
from tests.oauth_servers.pages import deny, sign_in
from tests.web.chromium import browsing, needs_chromium

LOOPBACK = {"127.0.0.1", "localhost"}
GROUPS = {"alice": ["engineering"], "olga": ["admins", "engineering"], "eve": ["sales"]}
ROLES = "engineering:default:member, admins:default:owner"


@pytest.fixture
def fleet(install: Install) -> Iterator[tuple[Install, OidcServer]]:
    """An installation that serves more than this machine, as it is told, and the provider that it trusts."""
    client = confidential_client(f"{install.url}/signin/oidc/callback", auth="client_secret_basic")
    with oidc_server(client, groups=GROUPS) as server:
        extra = {
            "CONNECTORY_TRUSTED_HOSTS": "connect.example",  # a name that is not this machine's makes it fleet mode
            "CONNECTORY_OIDC_ISSUER": server.issuer,
            "CONNECTORY_OIDC_NAME": "Acme",
            "CONNECTORY_OIDC_CLIENT_ID": "connectory",
            "CONNECTORY_OIDC_CLIENT_SECRET": SECRET,
            "CONNECTORY_OIDC_SCOPES": "openid profile email groups",
            "CONNECTORY_OIDC_ROLES": ROLES,
        }
        yield replace(install, extra=extra), server


def leave(browser: httpx2.Client) -> str:
    """Choose to sign in at the provider, as a person without scripts; return its address."""
    action, fields = Forms(browser.get("/signin").text).forms[0]
    page = browser.post(action, data=fields)
    assert page.status_code == 200, page.text
    start = page.text.index('class="button" href="') + len('class="button" href="')
    return page.text[start : page.text.index('"', start)].replace("&amp;", "&")


async def signed_in_as(install: Install, login: str) -> str:
    """Sign in at the provider, and return what the page shows then, or the reason."""
    with httpx2.Client(base_url=install.url, trust_env=False, follow_redirects=True, timeout=30) as browser:
        return browser.get(await sign_in(leave(browser), login=login)).text


async def token_of(install: Install, login: str) -> str:
    """The API token that somebody makes for themselves on the page; nobody else can, where they sign in there."""
    with httpx2.Client(base_url=install.url, trust_env=False, follow_redirects=True, timeout=30) as browser:
        browser.get(await sign_in(leave(browser), login=login))
        page = Forms(browser.get("/workspaces/default/settings/tokens").text)
        action, fields = next(form for form in page.forms if form[0].endswith("/settings/tokens"))
        made = re.search(r"cny_[A-Za-z0-9_-]{43}", browser.post(action, data={**fields, "name": "hers"}).text)
    assert made is not None
    return made[0]


async def test_who_may_do_what_is_said_by_the_provider(fleet: tuple[Install, OidcServer]) -> None:
    install, server = fleet
    with install.serving():
        assert "Sign out" in await signed_in_as(install, "alice")
        assert "Sign out" in await signed_in_as(install, "olga")
        assert "nobody has let you into a workspace" in await signed_in_as(install, "eve")
        with httpx2.Client(base_url=install.url, trust_env=False, follow_redirects=True, timeout=30) as browser:
            refused = browser.get(await deny(leave(browser)))
            assert "You did not sign in at Acme" in refused.text
            assert urlsplit(str(refused.url)).query == ""
    members = json.loads(install.run("workspace", "members", "--json").stdout)
    roles = {one["name"]: (one["role"], one["email"]) for one in members}
    assert roles == {
        "local": ("owner", None),
        "alice": ("member", "alice@example.test"),
        "olga": ("owner", "olga@example.test"),
    }
    log = install.log.read_text()
    sent = [request.body for request in server.requests()]
    assert sent
    assert not [one for body in sent for one in (body["code"], body["code_verifier"]) if one in log]
    assert SECRET not in log


async def _stay_here(page: Any) -> None:
    """Let nothing load from outside: the provider's page asks for a web font."""

    async def judge(route: Any) -> None:
        await (route.continue_() if urlsplit(route.request.url).hostname in LOOPBACK else route.abort())

    await page.route("**/*", judge)


@needs_chromium
async def test_in_chromium_without_scripts_a_person_signs_in_to_the_page_of_an_agents_link(
    fleet: tuple[Install, OidcServer], tmp_path: Path
) -> None:
    install, _ = fleet
    with install.serving():
        async with install.over_http("auto", await token_of(install, "alice")) as client:
            link = link_in(await say(client, "connect", connector="demo"))
        async with browsing(java_script_enabled=False) as page:
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text))
            await _stay_here(page)
            await page.goto(link)
            await page.screenshot(path=tmp_path / "form.png", full_page=True)
            await page.get_by_role("button", name="Sign in with Acme").click()
            await page.locator("input[name=login]").fill("alice")
            await page.locator("input[name=password]").fill("x")
            await page.locator("button[type=submit]").click()
            await page.locator("input[name=prompt][value=consent]").wait_for(state="attached")
            await page.locator("button[type=submit]").click()
            await page.wait_for_url(link)
            assert "Connect" in await page.inner_text("h1")
            assert "alice" in await page.inner_text("header")
            cookies = {one["name"]: one for one in await page.context.cookies(install.url)}
            assert cookies["connectory-session"]["httpOnly"]
            assert cookies["connectory-session"]["sameSite"] == "Lax"
            assert "connectory-signin" not in cookies
            await page.screenshot(path=tmp_path / "connect.png", full_page=True)
            assert not [text for text in complaints if "Content Security Policy" in text]
            await page.get_by_role("button", name="Sign out").click()
            await page.wait_for_url(f"{install.url}/signin")
            await page.goto(link)
            await page.get_by_role("button", name="Sign in with Acme").wait_for()


@needs_chromium
async def test_in_chromium_who_is_not_let_in_reads_whom_to_ask(
    fleet: tuple[Install, OidcServer], tmp_path: Path
) -> None:
    install, _ = fleet
    async with browsing() as page:
        with install.serving():
            await _stay_here(page)
            await page.goto(f"{install.url}/signin")
            await page.get_by_role("button", name="Sign in with Acme").click()
            await page.locator("input[name=login]").fill("eve")
            await page.locator("input[name=password]").fill("x")
            await page.locator("button[type=submit]").click()
            await page.locator("input[name=prompt][value=consent]").wait_for(state="attached")
            await page.locator("button[type=submit]").click()
            told = await page.get_by_role("alert").inner_text()
            await page.screenshot(path=tmp_path / "refused.png", full_page=True)
            assert page.url == f"{install.url}/signin/oidc"
    assert "You signed in as eve@example.test, but nobody has let you into a workspace here." in told
    assert "Ask an owner of the workspace" in told
