"""14, by OAuth: what is typed into an address's slot, or told by the sign-in, leads nobody and nothing elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.attacks.lying_server import LyingServer
from tests.attacks.signing_in import P_YAML, oauth_form, scene
from tests.web.browsing import Page

SHOPIFY = (Path(__file__).parents[2] / "manifests/shopify.yaml").read_text()
SHOPS = {"SHOPIFY_CLIENT_ID": "our-client", "SHOPIFY_CLIENT_SECRET": "shop-client-secret"}
BAD = [
    "evil.example/", "x.myshopify.com@evil.example", "x.myshopify.com.evil.example", "evil.example#.myshopify.com",
    "evil.example?.myshopify.com", "x\n.myshopify.com", "x\n", "\nx", "x\r\n", "x\x00", "x\u2028", "x%2f", "x\\",
    "../x",     "x:1", "x/y", "X", "-x", "", "a" * 64,
]  # fmt: skip


@pytest.mark.parametrize("shop", BAD)
async def test_attack_14_a_bad_shop_is_refused_before_a_redirect(shop: str) -> None:
    async with scene(SHOPIFY, client=SHOPS) as s, s.browser() as browser:
        page = await browser.open(await s.link("shopify"))
        form = oauth_form(page)
        async with s.refused(spends=True):
            answer = Page(await browser.post(form.action, {**form.fields, "value.shop": shop}))
        assert answer.status == 422
        assert not [link for link in answer.links if "oauth/authorize" in link["href"]]
        assert s.server.heard == []


async def test_attack_14_the_shop_that_fits_is_the_only_host() -> None:
    server = LyingServer("https://x.myshopify.com")
    async with scene(SHOPIFY, client=SHOPS, server=server) as s, s.browser() as browser:
        page = await browser.open(await s.link("shopify"))
        form = oauth_form(page)
        answer = await browser.post(form.action, {**form.fields, "value.shop": "x"})
        [address] = [link["href"] for link in Page(answer).links if "authorize" in link["href"]]
        assert address.startswith("https://x.myshopify.com/admin/oauth/authorize?")


TOLD = [
    "https://evil.example", "https://x.pea.example@evil.example", "https://x.pea.example.evil.example",
    "https://evil.example#.pea.example", "https://evil.example?.pea.example", "https://x.pea.example\n", "\nhttps://x.pea.example",
    "https://x\n.pea.example", "http://x.pea.example", "//x.pea.example", "https://x.pea.example/evil", "https://x.pea.example:8443",
    "https://169.254.169.254", "file:///etc/passwd", 7, ["https://x.pea.example"], None, "",
]  # fmt: skip
INSTANCE = "{token: instance, kind: origin, pattern: 'https://[a-z]+[.]pea[.]example'}"
TOLD_YAML = P_YAML.replace('servers: {api: "https://p.example"}', 'servers: {api: "{connection.instance}"}').replace(
    "    scopes: {read", f"    facts: {{instance: {INSTANCE}}}\n    scopes: {{read"
)  # fmt: skip


@pytest.mark.parametrize("told", TOLD, ids=str)
async def test_attack_14_a_host_told_by_the_token_answer_must_be_one_of_the_provider_s(told: object) -> None:
    alike = LyingServer("https://x.pea.example.evil.example")  # there, should anybody be led to it
    async with scene(TOLD_YAML, mounts={alike.origin: alike.transport}) as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        s.server.token["instance"] = told
        async with s.refused("at-1", "rt-1", may_ask=1, spends=True):
            page = await s.problem(browser, await s.follow(browser, back))
        assert page.forms
        assert await s.connections() == []
        assert alike.heard == []


async def test_attack_14_one_of_the_provider_s_is_asked() -> None:
    theirs = LyingServer("https://x.pea.example")
    async with scene(TOLD_YAML, mounts={theirs.origin: theirs.transport}) as s, s.browser() as browser:
        s.server.token["instance"] = theirs.origin
        await s.connected(browser)
        [(connection, _)] = await s.connections()
        assert [host.origin for host in connection.hosts] == [theirs.origin]
        assert theirs.heard[0].headers["authorization"].startswith("Bearer at-1")
        assert s.server.asked("/me") == []
