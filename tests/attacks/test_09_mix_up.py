"""9. Mix-up: an answer that names another issuer, or none where one is promised, is not used (RFC 9207 section 2.4)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from tests.attacks.lying_server import LyingServer
from tests.attacks.signing_in import scene

PROMISED = {"authorization_response_iss_parameter_supported": True}
HONEST = quote("https://p.example", safe="")
WRONG = {
    "evil": quote("https://evil.example", safe=""),
    "a slash behind it": f"{HONEST}%2F",
    "other case": quote("https://P.example", safe=""),
    "scheme's case": quote("HTTPS://p.example", safe=""),
    "the default port": quote("https://p.example:443", safe=""),
    "a space": f"{HONEST}%20",
    "empty": "",
    "null": "null",
    "twice": f"{HONEST}&iss={quote('https://evil.example', safe='')}",
    "twice the same": f"{HONEST}&iss={HONEST}",
}


@pytest.mark.parametrize("named", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("lies", [PROMISED, {}], ids=["promised", "not promised"])
async def test_attack_09_another_issuer_gets_no_code_and_neither_does_ours(lies: dict[str, bool], named: str) -> None:
    async with scene(server=LyingServer(lies=dict(lies))) as s, s.browser() as browser:
        back = (await s.back_from(browser, await s.link())).replace(f"&iss={HONEST}", "")
        async with s.refused(back, spends=True):
            page = await s.problem(browser, await s.follow(browser, f"{back}&iss={named}"))
        assert "came from another server" in page.text
        assert s.server.token_requests == []
        async with s.refused():  # the state is spent, so the right one comes too late
            assert (await s.follow(browser, f"{back}&iss={HONEST}")).status_code == 410
        assert s.server.token_requests == []


async def test_attack_09_where_it_is_promised_it_may_not_be_missing() -> None:
    async with scene(server=LyingServer(lies=dict(PROMISED))) as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        async with s.refused(back, spends=True):
            page = await s.problem(browser, await s.follow(browser, back.replace(f"&iss={HONEST}", "")))
        assert "came from another server" in page.text
        assert s.server.token_requests == []


async def test_attack_09_a_refusal_with_another_issuer_is_not_believed_either() -> None:
    async with scene(server=LyingServer(lies=dict(PROMISED))) as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        state = back.partition("state=")[2].partition("&")[0]
        told = f"{back.partition('?')[0]}?error=access_denied&state={state}&iss={WRONG['evil']}"
        async with s.refused(spends=True):
            page = await s.problem(browser, await s.follow(browser, told))
        assert "came from another server" in page.text


async def test_attack_09_the_right_one_is_taken() -> None:
    async with scene(server=LyingServer(lies=dict(PROMISED))) as s, s.browser() as browser:
        assert f"iss={HONEST}" in await s.connected(browser)
