"""Through Nango, from the agent's `connect` to a call that succeeds: a real browser, a real authorization server.

Nango is the double of `tests/nango`, which a test gives its time; everything else is the real program.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from mcp import Client
from tests.e2e.programs import ERAS, Era, Install, items_of, link_in, refused, say
from tests.nango.serving import NangoDouble, callback_of, nango_double
from tests.nango.state import Connection, Integration
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, oidc_server
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port

LOOPBACK = {"127.0.0.1", "localhost"}
YAML = """
format: 1
name: acme
title: Acme
description: Keep things.
category: other
docs: https://acme.example/docs
servers: {api: "{connection.server}"}
auth:
  oauth:
    method: oauth2
    title: Sign in with Acme
    fields: {server: {title: Server, kind: origin}}
    authorize_url: "{connection.server}/auth"
    token_url: "{connection.server}/token"
    scopes: {read: Read things, write: Change things}
    always_scopes: [openid, email]
    nango: {provider: acme, facts: {server: server}}
verify: {request: {get: /me}, account: {id: sub, name: email || sub}}
actions:
  get_me:
    title: Get me
    description: Get the account that is signed in.
    effect: read
    request: {get: /me}
    docs: https://acme.example/docs/me
"""
PROVIDER: Mapping[str, Any] = {
    "display_name": "Acme",
    "categories": ["other"],
    "docs": "https://acme.example/docs",
    "auth_mode": "OAUTH2",
    "scope_separator": " ",
    "connection_config": {"server": {"type": "string", "title": "Server"}},
}


@dataclass(frozen=True)
class Through:
    """An installation, the Nango it uses, and the authorization server behind that."""

    install: Install
    nango: NangoDouble
    server: OidcServer

    @property
    def there(self) -> Connection:
        """The one connection that Nango has."""
        [found] = self.nango.dev.connections.values()
        return found

    def with_settings(self, **environment: str) -> Install:
        """The same installation, started otherwise."""
        return replace(self.install, extra={**self.install.extra, **environment})


@pytest.fixture
def through(install: Install) -> Iterator[Through]:
    port = free_port()
    callback = callback_of(f"http://127.0.0.1:{port}")
    client = confidential_client(callback)
    with oidc_server(client, access_token_ttl_s=600) as server, nango_double(port) as nango:
        nango.state.providers["acme"] = dict(PROVIDER)
        nango.sign_in_at("acme", server, proxy={"base_url": server.issuer})
        app = {"type": "OAUTH2", "client_id": "connectory", "client_secret": SECRET, "scopes": ""}
        now = nango.clock.now()
        nango.dev.integrations["acme"] = Integration("acme", "acme", now, now, credentials=app)
        nango.state.rate_limit = 10_000
        folder = install.folder / "manifests"
        folder.mkdir()
        (folder / "acme.yaml").write_text(YAML, encoding="utf-8")
        settings = {
            "CONNECTORY_MANIFESTS": str(folder),
            "NANGO_SECRET_KEY": nango.dev.key,
            "NANGO_HOST": nango.origin,
        }
        yield Through(replace(install, extra=settings), nango, server)


async def stay_here(page: Any) -> None:
    """Let nothing load from outside: the sign-in page asks for a web font."""

    async def judge(route: Any) -> None:
        await (route.continue_() if urlsplit(route.request.url).hostname in LOOPBACK else route.abort())

    await page.context.route("**/*", judge)


async def leave_for_nango(page: Any, link: str, server: OidcServer) -> Any:
    """Go from the connect page to Nango's, which opens in another tab, and return that."""
    await page.goto(link)
    await page.get_by_label("Server").fill(server.issuer)
    await page.get_by_role("button", name="Sign in with Acme, through Nango").click()
    await page.get_by_role("checkbox", name="This address is on this machine").check()
    await page.get_by_role("button", name="Sign in with Acme, through Nango").click()
    await page.wait_for_url(f"{link}/waiting")
    async with page.context.expect_page() as opening:
        await page.get_by_role("link", name="Open Nango’s page").click()
    opened = await opening.value
    await opened.get_by_role("button", name="Connect Acme").click()
    return opened


async def sign_in(opened: Any) -> None:
    """Sign in at the provider and agree; then Nango says that it is done."""
    await opened.locator("input[name=login]").fill("alice")
    await opened.locator("input[name=password]").fill("x")
    await opened.locator("button[type=submit]").click()
    await opened.locator("input[name=prompt][value=consent]").wait_for(state="attached")
    await opened.locator("button[type=submit]").click()
    await opened.get_by_text("Authentication successful").wait_for()


async def connect(client: Client, page: Any, through: Through) -> str:
    """Connect by the browser, and return what the agent is told."""
    link = link_in(await say(client, "connect", connector="acme"))
    await sign_in(await leave_for_nango(page, link, through.server))
    await page.wait_for_url(f"{link}/done")
    return await say(client, "connect", connector="acme")


@needs_chromium
@pytest.mark.parametrize(("era", "has_scripts"), [(ERAS[0], True), (ERAS[1], False)])
async def test_a_person_signs_in_through_nango_in_chromium_and_the_agent_goes_on(
    through: Through, era: Era, has_scripts: bool, tmp_path: Path
) -> None:
    async with (
        through.install.over_stdio(era) as client,
        browsing(java_script_enabled=has_scripts) as page,
    ):
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        await stay_here(page)
        link = link_in(await say(client, "connect", connector="acme"))
        opened = await leave_for_nango(page, link, through.server)
        await page.screenshot(path=tmp_path / "waiting.png", full_page=True)
        assert "still waiting" in (await say(client, "connect", connector="acme")).lower()
        await sign_in(opened)
        await page.wait_for_url(f"{link}/done")
        await page.screenshot(path=tmp_path / "done.png", full_page=True)
        assert "alice@example.test" in await page.inner_text("main")
        assert not [text for text in complaints if "Content Security Policy" in text]

        assert "Connected: Acme as acme/default" in await say(client, "connect", connector="acme")
        assert items_of(await say(client, "acme_get_me"))["sub"] == "alice"
        assert through.there.tags["connectory_workspace"].startswith("ws_")
        left = await say(client, "disconnect", connection="acme/default")

    assert "Acme itself was not told" in left
    assert through.nango.dev.connections == {}
    secrets = [through.nango.dev.key, "nango_connect_session_"]
    assert not [one for one in secrets if one in through.install.log.read_text(encoding="utf-8")]


@needs_chromium
@pytest.mark.parametrize("era", ERAS)
async def test_an_ended_token_is_renewed_once_for_a_hundred_calls_at_once(through: Through, era: Era) -> None:
    through.nango.clock.advance(minutes=-20)  # a token for ten minutes, as Nango gives it out, has ended here
    async with through.install.over_stdio(era) as client, browsing() as page:
        await stay_here(page)
        await connect(client, page, through)
        through.nango.clock.advance(minutes=20)
        through.nango.state.seen.clear()
        before = through.server.counts().refresh_token.ok

        told = await asyncio.gather(*(say(client, "acme_get_me") for _ in range(100)))

    assert {items_of(one)["sub"] for one in told} == {"alice"}
    assert through.server.counts().refresh_token.ok == before + 1
    assert [where for verb, where in through.nango.state.seen if verb == "GET" and "/connections/" in where] == [
        f"/connections/{through.there.connection_id}"
    ]


@needs_chromium
@pytest.mark.parametrize("era", ERAS)
async def test_a_sign_in_that_fails_is_waited_out_then_mended_and_stays_itself(through: Through, era: Era) -> None:
    async with through.install.over_stdio(era) as client, browsing() as page:
        await stay_here(page)
        await connect(client, page, through)
        before = await say(client, "list_connections")
    place = through.there.connection_id
    through.nango.clock.advance(hours=2)
    through.server.fail(400, 1, error="invalid_grant")
    async with through.install.over_stdio(era) as client, browsing() as page:
        await stay_here(page)
        first = await refused(client, "acme_get_me")
        again = await refused(client, "acme_get_me")
        for told in (first, again):
            assert "Nango could not renew the sign-in of Acme just now. Try again in 30 s." in told
        assert through.server.counts().refresh_token.error == 1  # the second was answered from here
    through.there.exhausted = True
    async with through.install.over_stdio(era) as client, browsing() as page:
        await stay_here(page)
        told = await refused(client, "acme_get_me")
        assert "Nango has given up renewing the sign-in of Acme" in told
        link = re.search(r"http://localhost:\d+/connect/\S+", told)
        assert link is not None
        await sign_in(await leave_for_nango(page, link[0], through.server))
        await page.wait_for_url(f"{link[0]}/done")

        assert items_of(await say(client, "acme_get_me"))["sub"] == "alice"
        after = await say(client, "list_connections")

    assert re.findall(r"cn_\w+|active|needs_reconnect", after) == re.findall(r"cn_\w+|active", before)
    assert through.there.connection_id == place


@needs_chromium
async def test_both_ways_to_call_give_the_same(through: Through) -> None:
    async with through.install.over_stdio("auto") as client, browsing() as page:
        await stay_here(page)
        await connect(client, page, through)
        direct = await say(client, "acme_get_me")
        raw = await say(client, "request", connection="acme/default", method="GET", path="/me")
    through.nango.state.seen.clear()
    async with through.with_settings(NANGO_PROXY="always").over_stdio("auto") as client:
        proxied = await say(client, "acme_get_me")
        raw_proxied = await say(client, "request", connection="acme/default", method="GET", path="/me")

    assert proxied == direct
    assert raw_proxied.splitlines()[0].split()[:1] == raw.splitlines()[0].split()[:1]
    assert [where for _, where in through.nango.state.seen if where.startswith("/proxy")] == ["/proxy/me"] * 2


@needs_chromium
async def test_nothing_of_a_token_stands_in_our_folder(through: Through) -> None:
    async with through.install.over_stdio("auto") as client, browsing() as page:
        await stay_here(page)
        await connect(client, page, through)
        await say(client, "acme_get_me")
    kept = b"".join(one.read_bytes() for one in through.install.folder.rglob("*") if one.is_file())

    for secret in (through.there.credentials["access_token"], through.there.credentials["refresh_token"]):
        assert secret.encode() not in kept


@needs_chromium
async def test_a_webhook_of_nango_s_ends_the_wait_at_once(through: Through) -> None:
    through.nango.dev.webhook_url = f"{through.install.url}/api/nango/webhook"
    install = through.with_settings(NANGO_WEBHOOK_SIGNING_KEY=through.nango.dev.signing_key)
    async with install.over_stdio("auto") as client, browsing() as page:
        await stay_here(page)
        assert "Connected: Acme as acme/default" in await connect(client, page, through)

    assert "POST /api/nango/webhook" in install.log.read_text(encoding="utf-8")
