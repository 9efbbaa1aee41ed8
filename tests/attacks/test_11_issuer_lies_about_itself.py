"""11. Issuer lies about itself: metadata must name the very issuer that was asked (RFC 8414 section 3.3)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.attacks.lying_server import DISCOVERY, OPENID, LyingServer, says
from tests.attacks.signing_in import scene
from tests.web.browsing import Page

NAMES: dict[str, Any] = {
    "another": "https://other.example",
    "a slash behind it": "https://p.example/",
    "other case": "https://P.example",
    "a path": "https://p.example/tenant",
    "http": "http://p.example",
    "none": None,
    "a list": ["https://p.example"],
    "empty": "",
}


@pytest.mark.parametrize("issuer", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("only_openid", [False, True])
async def test_attack_11_who_says_to_be_another_is_not_believed(issuer: Any, only_openid: bool) -> None:
    server = LyingServer(lies={"issuer": issuer})
    if only_openid:
        server.answers[DISCOVERY] = says({}, 404)
    async with scene(server=server) as s, s.browser() as browser:
        page = await browser.open(await s.link())
        async with s.refused(may_ask=2 if only_openid else 1, spends=True):
            answer = Page(await browser.send(page.forms[0]))
        assert answer.status == 422
        assert "says that it is another issuer" in answer.text
        assert "https://p.example/authorize" not in answer.html
    assert {one.path for one in server.heard} <= {DISCOVERY, OPENID}


async def test_attack_11_what_was_not_believed_is_not_remembered() -> None:
    server = LyingServer(lies={"issuer": "https://other.example"})
    async with scene(server=server) as s, s.browser() as browser:
        link = await s.link()
        page = await browser.open(link)
        assert Page(await browser.send(page.forms[0])).status == 422
        server.lies.clear()
        assert (await s.leave(browser, link)).startswith("https://p.example/authorize?")
