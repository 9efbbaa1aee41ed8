"""13. Open redirect on return: nothing that a link or form says leads a browser from us to another site."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from tests.attacks.face import FLEET
from tests.attacks.signing_in import Scene, oauth_form, scene
from tests.web.browsing import Browser

ELSEWHERE = [
    "//evil.example", "/\\evil.example", "https:evil.example", "/\t/evil.example", "javascript:alert(1)",
    "https://app@evil.example", "/\r\nLocation:x", "///evil.example", "\\\\evil.example", "/connect//evil.example",
    "/connect/../../evil.example", "/connect/x/../..//evil.example", "/connect/x?next=//evil.example",
    "/connect/x#@evil", "/workspaces/default?next=//evil.example", "/workspaces/default/activity?x=%2F%2fevil.example",
    "/workspaces/default?x=\\\\evil.example", "/workspaces/default?x=https://evil.example",
    "//evil.example?/workspaces/a", "/workspaces/default?x=%0d%0aLocation:x", "/workspaces/default@evil.example?x",
    "/\\evil.example/workspaces/a?x",
    "https://connect.example.com.evil.example/", "https://connect.example.com@evil.example/", " //evil.example",
    "/%09/evil.example", "/%0d%0aLocation:x", "/signin", "/signout", "data:text/html,x", "/connect/x\n",
]  # fmt: skip
NAMES = ("return_to", "next", "redirect", "url", "continue")


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_attack_13_signing_in_leads_to_a_page_of_ours_or_home(target: str) -> None:
    async with scene(environment=FLEET) as s, s.browser() as browser:
        page = await browser.open(f"/signin?next={quote(target, safe='')}")
        assert "evil" not in page.html
        assert page.forms[0].fields["next"] == "/"
        answer = await browser.post("/signin", {"token": s.token, "next": target})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        again = await browser.post("/signin", {"token": "wrong", "next": target})
        assert "evil" not in again.text


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_attack_13_no_page_before_leads_elsewhere(target: str) -> None:
    async with scene(environment=FLEET) as s, s.browser() as browser:
        origin = s.face.application.settings.origin
        for referer in (quote(target, safe="/:@?#%&=\\"), f"{origin}{quote(target, safe='/:@?#%&=')}"):
            browser.client.headers["Referer"] = referer
            late = await browser.post("/workspaces/default/connect", {"connector": "x"})
            assert late.status_code == 401
            assert "evil" not in late.text


async def test_attack_13_a_page_of_ours_is_led_to() -> None:
    async with scene(environment=FLEET) as s, s.browser() as browser:
        path = (await s.link()).removeprefix("https://connect.example.com")
        answer = await browser.post("/signin", {"token": s.token, "next": path})
        assert (answer.status_code, answer.headers["location"]) == (303, path)


@pytest.mark.parametrize("environment", [{}, FLEET], ids=["local", "fleet"])
async def test_attack_13_no_page_of_the_sign_in_takes_a_way_back(environment: dict[str, str]) -> None:
    async with scene(environment=environment) as s, s.browser() as browser:
        for number, target in enumerate(ELSEWHERE):
            await _to_the_end(s, browser, await s.link(alias=f"a{number}"), target)


async def _to_the_end(s: Scene, browser: Browser, link: str, target: str) -> None:
    query = "&".join(f"{name}={quote(target, safe='')}" for name in NAMES)
    path = link.removeprefix(s.face.application.settings.origin)
    await s.leave(browser, link)
    form = oauth_form(await browser.open(f"{link}?{query}"))
    posted = await browser.post(f"{form.action}?{query}", {**form.fields, **dict.fromkeys(NAMES, target)})
    assert posted.status_code == 200
    assert "evil" not in posted.text
    back = await s.back_from(browser, link)
    done = await s.follow(browser, f"{back}&{query}")
    assert done.headers["location"] == f"{path}/done"
    spent = await browser.post(f"{form.action}?{query}", {**form.fields, **dict.fromkeys(NAMES, target)})
    assert (spent.status_code, spent.headers["location"]) == (303, f"{path}/done")
    failed = await s.follow(browser, f"{back}&{query}")
    assert failed.status_code == 410
    assert "evil" not in failed.text


async def test_attack_13_a_declined_sign_in_leads_to_its_own_link() -> None:
    async with scene() as s, s.browser() as browser:
        link = await s.link()
        back = (await s.back_from(browser, link)).replace("code=", "error=access_denied&was=")
        answer = await s.follow(browser, f"{back}&return_to=//evil.example")
        assert answer.headers["location"] == link.removeprefix(s.face.application.settings.origin)
