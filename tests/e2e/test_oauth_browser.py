"""Signing in at a real authorization server in a real browser, from the agent's `connect` to a call that succeeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from mcp import Client
from tests.auth.oauth.acme import ACME_YAML
from tests.e2e.programs import ERAS, Era, Install, items_of, link_in, say
from tests.oauth_servers.hub import Hub, jupyterhub
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, oidc_server
from tests.web.chromium import browsing, needs_chromium

LOOPBACK = {"127.0.0.1", "localhost"}
HUB_YAML = """
format: 1
name: hub
title: JupyterHub
description: See who uses a hub.
category: development
docs: https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html
servers: {api: "{connection.server}/hub/api"}
auth:
  oauth:
    method: oauth2
    title: Sign in with JupyterHub
    fields: {server: {title: Server, kind: origin}}
    authorize_url: "{connection.server}/hub/api/oauth2/authorize"
    token_url: "{connection.server}/hub/api/oauth2/token"
    pkce: none
    scopes: {"list:users": See all people, "read:users": See what they are}
    always_scopes: ["access:services!service=gw"]
verify: {request: {get: /user}, account: {id: name, name: name}}
message: message
actions:
  list_users:
    title: List users
    description: List the people who use the hub.
    effect: read
    request: {get: /users, query: {limit: "{limit}"}, headers: {Accept: application/jupyterhub-pagination+json}}
    pages: {style: next_url, body: _pagination.next.url}
    answer: {items: items, item: "{name: name, admin: admin}"}
    docs: https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html
"""


@dataclass(frozen=True)
class SignedIn:
    """An installation with a connector whose provider is a real program."""

    install: Install
    origin: str


def _with(install: Install, name: str, yaml: str, **environment: str) -> Install:
    folder = install.folder / "manifests"
    folder.mkdir()
    (folder / f"{name}.yaml").write_text(yaml, encoding="utf-8")
    return replace(install, extra={"CONNECTORY_MANIFESTS": str(folder), **environment})


@pytest.fixture
def oidc(install: Install) -> Iterator[tuple[Install, OidcServer]]:
    with oidc_server(confidential_client(f"{install.url}/api/auth/callback/acme"), access_token_ttl_s=5) as server:
        yield _with(install, "acme", ACME_YAML, ACME_CLIENT_ID="connectory", ACME_CLIENT_SECRET=SECRET), server


@pytest.fixture
def hub(install: Install) -> Iterator[tuple[Install, Hub]]:
    with jupyterhub(f"{install.url}/api/auth/callback/hub") as running:
        client = {"HUB_CLIENT_ID": running.client_id, "HUB_CLIENT_SECRET": running.client_secret}
        yield _with(install, "hub", HUB_YAML, **client), running


async def _stay_here(page: Any) -> None:
    """Let nothing load from outside: the sign-in page asks for a web font."""

    async def judge(route: Any) -> None:
        await (route.continue_() if urlsplit(route.request.url).hostname in LOOPBACK else route.abort())

    await page.route("**/*", judge)


async def _fill_connect_page(page: Any, client: Client, connector: str, server: str) -> str:
    link = link_in(await say(client, "connect", connector=connector))
    await page.goto(link)
    await page.get_by_label("Server").fill(server)
    await page.keyboard.press("Enter")
    tick = page.get_by_role("checkbox", name="This address is on this machine")
    await tick.check()
    await page.get_by_role("button", name="Sign in with").click()
    return link


@needs_chromium
@pytest.mark.parametrize("has_scripts", [True, False])
@pytest.mark.parametrize("era", ERAS)
async def test_a_person_signs_in_in_chromium_and_the_agent_goes_on(
    oidc: tuple[Install, OidcServer], era: Era, has_scripts: bool, tmp_path: Path
) -> None:
    install, server = oidc
    async with install.over_stdio(era) as client, browsing(java_script_enabled=has_scripts) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        await _stay_here(page)
        link = await _fill_connect_page(page, client, "acme", server.issuer)
        await page.locator("input[name=login]").fill("alice")
        await page.locator("input[name=password]").fill("x")
        await page.locator("button[type=submit]").click()
        await page.locator("input[name=prompt][value=consent]").wait_for(state="attached")
        await page.locator("button[type=submit]").click()
        await page.wait_for_url(f"{link}/done")
        await page.screenshot(path=tmp_path / "done.png", full_page=True)
        assert "alice@example.test" in await page.inner_text("main")
        assert not [text for text in complaints if "Content Security Policy" in text]

        assert "Connected: Acme as acme/default" in await say(client, "connect", connector="acme")
        assert items_of(await say(client, "acme_get_me"))["sub"] == "alice"
        left = await say(client, "disconnect", connection="acme/default")

    assert "was told to forget the sign-in" in left
    assert server.counts().revocation == 1


@needs_chromium
async def test_who_says_no_reads_so_and_so_does_the_agent(oidc: tuple[Install, OidcServer], tmp_path: Path) -> None:
    install, server = oidc
    async with install.over_stdio("auto") as client, browsing() as page:
        await _stay_here(page)
        link = await _fill_connect_page(page, client, "acme", server.issuer)
        await page.locator("a[href$='/abort']").click()
        await page.wait_for_url(link)
        await page.screenshot(path=tmp_path / "declined.png", full_page=True)
        assert "You did not allow it at Acme" in await page.get_by_role("alert").inner_text()
        told = await say(client, "connect", connector="acme")

    assert "You did not allow it at Acme" in told
    assert link in told


@needs_chromium
@pytest.mark.parametrize("era", ERAS)
async def test_a_real_application_is_used_after_signing_in_on_its_pages(hub: tuple[Install, Hub], era: Era) -> None:
    install, running = hub
    async with install.over_stdio(era) as client, browsing() as page:
        await _stay_here(page)
        link = await _fill_connect_page(page, client, "hub", running.origin)
        await page.get_by_label("Username").fill("admin")
        await page.get_by_label("Password").fill(running.password)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Authorize").click()
        await page.wait_for_url(f"{link}/done")
        assert "Connected: JupyterHub as hub/default" in await say(client, "connect", connector="hub")
        users = items_of(await say(client, "hub_list_users"))

    assert {"name": "admin", "admin": True} in users
