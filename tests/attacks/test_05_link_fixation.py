"""5. Link fixation: a cookie that an attacker planted makes no browser theirs, and over https none can be planted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.attacks.face import FLEET as HTTPS
from tests.attacks.in_chromium import EVIL, FLEET, Browsers, another, browsers
from tests.attacks.lying_server import says
from tests.attacks.signing_in import oauth_form, scene
from tests.attacks.tls import certificate, serving_tls
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port

PLANTED = "A" * 43  # of the form that ours have


def cookie_of(link: str) -> str:
    """The link's cookie: whoever has the link can say how it is called."""
    return f"connectory-{hashlib.sha256(link.rpartition('/')[2].encode()).hexdigest()[:16]}"


async def _values(page: Any, name: str) -> list[str]:
    return [cookie["value"] for cookie in await page.context.cookies() if cookie["name"] == name]


async def _plant(b: Browsers, page: Any, host: str, cookie: str) -> None:
    """The victim opens a page of a server on another port of the same host."""
    b.scene.evil.answers["/plant"] = says("<title>bait</title>", 200, Set_Cookie=cookie)
    await page.goto(f"http://{host}:{b.scene.evil.origin.rpartition(':')[2]}/plant")


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("path", ["/", "/connect", "/api/auth/callback"])
async def test_attack_05_a_value_planted_from_another_port_is_not_taken_up(path: str) -> None:
    async with browsers() as b:
        s, victims = b.scene, await b.person()
        link = await s.link()
        await _plant(b, victims, "localhost", f"{cookie_of(link)}={PLANTED}; Path={path}; Max-Age=3600")
        assert await _values(victims, cookie_of(link)) == [PLANTED]
        await b.fill(victims, link)
        await victims.wait_for_url(f"{link}/done")
        assert await _values(victims, cookie_of(link)) != [PLANTED]
        session = await s.face.application.auth.sign_in.find(link.rpartition("/")[2])
        assert session is not None
        assert session.browser_hash not in (None, hashlib.sha256(PLANTED.encode()).hexdigest())
        async with s.browser() as attackers:  # who planted it holds nothing
            for page in (link, f"{link}/done"):
                answer = await s.follow(attackers, page, Cookie=f"{cookie_of(link)}={PLANTED}")
                assert "pat" not in answer.text
                assert answer.status_code in (303, 410)


@pytest.mark.slow
@needs_chromium
async def test_attack_05_whoever_binds_the_link_first_leaves_the_victim_nothing_to_do() -> None:
    """The attacker has opened and sent it: to the victim's browser it is another one's, and asks for nothing."""
    async with browsers() as b:
        s, victims = b.scene, await b.person()
        link = await s.link()
        async with s.browser() as attackers:
            await s.leave(attackers, link, server=s.server.origin)
        answer = await victims.goto(link)
        assert answer.status == 410
        assert await victims.locator("form").count() == 0
        assert "Another browser has gone on with this link" in await victims.inner_text("main")
        assert await s.connections() == []


@pytest.mark.slow
@needs_chromium
async def test_attack_05_the_attacker_s_bound_link_is_no_page_for_the_victim_even_with_its_cookie() -> None:
    async with browsers(environment=FLEET) as b:
        s, victims = b.scene, await b.person()
        link = await s.link()
        async with s.browser() as attackers:
            await s.leave(attackers, link, server=s.server.origin)
            [value] = [one.value for one in attackers.client.cookies.jar if one.name == cookie_of(link)]
        _, token = await another(s, "victoria", "hers")
        await _plant(b, victims, "localhost", f"{cookie_of(link)}={value}; Path=/")
        await victims.goto(link)
        await b.paste_token(victims, token)
        assert "There is no such page" in await victims.inner_text("main")
        assert await s.connections() == []


async def test_attack_05_a_session_id_that_was_there_before_is_not_the_one_after_signing_in() -> None:
    async with scene(environment=HTTPS) as s, s.browser() as browser:
        name = "__Host-connectory-session"
        seen = []
        for _ in range(2):
            answer = await browser.post("/signin", {"token": s.token, "next": "/"})
            seen.append(answer.cookies[name])
        browser.client.cookies.clear()
        planted = await browser.client.post(
            "/signin", data={"token": s.token}, headers={"Origin": browser.origin, "Cookie": f"{name}={seen[1]}"}
        )
        seen.append(planted.cookies[name])
        assert len(set(seen)) == 3
        for old in seen[:2]:  # and the earlier ones open nothing any more
            answer = await browser.client.get("/connect/x", headers={"Cookie": f"{name}={old}"})
            assert answer.status_code == 401


async def test_attack_05_over_https_both_cookies_have_the_name_that_no_sibling_can_set() -> None:
    async with scene(environment=HTTPS) as s, s.browser() as browser:
        link = await s.link()
        page = await browser.open(link)
        into = await browser.post(page.forms[0].action, {**page.forms[0].fields, "token": s.token})
        answer = await browser.send(oauth_form(await browser.open(link)))
        for one in (into, answer):
            [cookie] = one.headers.get_list("set-cookie")
            assert cookie.startswith("__Host-connectory-")
            assert "; path=/;" in cookie.lower()
            assert "secure" in cookie.lower()
            assert "httponly" in cookie.lower()
            assert "samesite=lax" in cookie.lower()
            assert "domain" not in cookie.lower()
        browser.client.cookies.clear()
        planted = await browser.client.get(  # the plain name is not looked at
            link, headers={"Cookie": f"connectory-session={into.cookies['__Host-connectory-session']}"}
        )
        assert planted.status_code == 401


@pytest.mark.slow
@needs_chromium
async def test_attack_05_a_sibling_and_plain_http_can_plant_nothing_over_https(tmp_path: Path) -> None:
    host, port, plain = f"connect.{EVIL}", free_port(), free_port()
    async with scene(environment={"APP_URL": f"https://{host}:{port}", "CONNECTORY_HOST": "127.0.0.1"}) as s:
        link = await s.link()
        name = f"__Host-{cookie_of(link)}"
        names = (name, "__Host-connectory-session", cookie_of(link), "connectory-session")
        kinds = ("Path=/", "Path=/; Secure", f"Path=/; Secure; Domain={EVIL}", f"Path=/; Domain={EVIL}")
        cookies = [f"{one}={PLANTED}; {kind}" for one in names for kind in kinds]
        rules = f"--host-resolver-rules=MAP *.{EVIL} 127.0.0.1, MAP {EVIL} 127.0.0.1"
        planting = Planting(cookies)
        async with (
            serving_tls(s.face.app, port, certificate(tmp_path)),
            serving_tls(planting, free := free_port(), certificate(tmp_path)),
            serving_tls(planting, plain, None),
            browsing(rules, "--ignore-certificate-errors", ignore_https_errors=True) as page,
        ):
            for address in (f"https://app.{EVIL}:{free}/", f"http://app.{EVIL}:{plain}/", f"http://{host}:{plain}/"):
                await page.goto(address)
            theirs = await page.context.cookies(link)
            assert [one for one in theirs if one["name"].startswith("__Host-")] == []
            answer = await page.goto(link)
            assert answer.status == 401
            await page.locator("input[name=token]").fill(s.token)
            async with page.expect_navigation():
                await page.keyboard.press("Enter")
            async with page.expect_response(lambda answer: answer.request.method == "POST"):  # the provider has no name
                await page.get_by_role("button", name="Sign in with Pea").click()
            ours = {one["name"]: one["value"] for one in await page.context.cookies(link)}
            assert {"__Host-connectory-session", name} <= ours.keys()
            assert PLANTED not in (ours[name], ours["__Host-connectory-session"])
        session = await s.face.application.auth.sign_in.find(link.rpartition("/")[2])
        assert session is not None
        assert session.browser_hash == hashlib.sha256(ours[name].encode()).hexdigest()


class Planting:
    """A server that sets cookies on whoever comes."""

    def __init__(self, cookies: list[str]) -> None:
        self._cookies = cookies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = [(b"content-type", b"text/html"), *((b"set-cookie", one.encode()) for one in self._cookies)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"<title>bait</title>"})
