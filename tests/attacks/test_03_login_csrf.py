"""3. Login CSRF: a callback with the attacker's fresh code counts in the browser that left alone (RFC 9700 4.7)."""

from __future__ import annotations

import html
from typing import Any

import pytest
from tests.attacks.in_chromium import FLEET, Browsers, another, browsers
from tests.attacks.lying_server import says
from tests.attacks.signing_in import scene
from tests.web.chromium import needs_chromium

BAIT = """<title>bait</title><img src="{back}"><iframe src="{back}"></iframe><link rel=prefetch href="{back}">
<form action="{back}" method=post><button id=post>post</button></form><a id=follow href="{back}">follow</a>"""


async def _kept_back(b: Browsers, page: Any, **how: str) -> str:
    """The attacker's callback with a fresh code, which their browser has not followed."""
    b.scene.server.page = "<title>held</title>"
    await b.fill(page, await b.scene.link(**how))
    await page.wait_for_url(f"{b.scene.server.origin}/authorize**")
    b.scene.server.page = None
    return b.scene.server.last_callback


async def _lands_nowhere(b: Browsers, page: Any, back: str) -> None:
    async with b.scene.refused("code-0"):
        answer = await page.goto(back)
    assert answer.status == 410
    assert "No such sign-in is under way in this browser" in await page.inner_text("main")
    assert "code-0" not in await page.content()


@pytest.mark.slow
@needs_chromium
async def test_attack_03_the_victim_s_browser_has_no_cookie_of_it() -> None:
    async with browsers() as b:
        s, attackers = b.scene, await b.person()
        back = await _kept_back(b, attackers)
        victims = await b.person()
        await _lands_nowhere(b, victims, back)
        assert await victims.context.cookies() == []
        assert s.server.token_requests == []
        assert await s.connections() == []

        await attackers.goto(back)  # nothing was spent: the browser that left still can
        await attackers.wait_for_url("**/done")
        assert len(await s.connections()) == 1


@pytest.mark.slow
@needs_chromium
async def test_attack_03_nor_has_it_by_having_left_for_something_else() -> None:
    async with browsers() as b:
        s, attackers, victims = b.scene, await b.person(), await b.person()
        own = await _kept_back(b, victims, alias="victims")
        back = await _kept_back(b, attackers, alias="attackers")
        await _lands_nowhere(b, victims, back)
        mixed = own.replace(own.partition("code=")[2].partition("&")[0], back.partition("code=")[2].partition("&")[0])
        await victims.goto(mixed)  # the victim's own state, the attacker's code: attack 7
        assert "invalid_grant" in await victims.inner_text("main")
        assert await s.connections() == []


@pytest.mark.slow
@needs_chromium
async def test_attack_03_a_page_of_the_attacker_s_cannot_bring_it_about() -> None:
    async with browsers() as b:
        s, attackers, victims = b.scene, await b.person(), await b.person()
        back = await _kept_back(b, attackers)
        await _kept_back(b, victims, alias="victims")  # there are cookies of ours
        s.evil.answers["/bait"] = says(BAIT.replace("{back}", html.escape(back)))
        for action in ("#follow", "#post"):
            await victims.goto(f"{s.evil.origin}/bait")
            await victims.wait_for_load_state("networkidle")
            await victims.click(action)
            await victims.wait_for_load_state()
            text = await victims.inner_text("main")
            assert "No such sign-in" in text or "comes from another site" in text or "no such page" in text
        assert s.server.token_requests == []
        assert await s.connections() == []


@pytest.mark.slow
@needs_chromium
async def test_attack_03_who_is_signed_in_as_somebody_else_cannot_take_it_either() -> None:
    async with browsers(environment=FLEET) as b:
        s, attackers, victims = b.scene, await b.person(), await b.person()
        link = await s.link()
        await attackers.goto(link)
        await b.paste_token(attackers, s.token)
        back = await _kept_back(b, attackers)
        victim, token = await another(s, "victoria", "hers")
        await victims.goto(f"http://localhost:{b.port}/signin")
        await b.paste_token(victims, token)
        before = await s.lines()
        answer = await victims.goto(back)
        assert answer.status == 410
        assert s.server.token_requests == []
        assert await s.lines() == before  # it is the victim's own record that has the line
        [line] = [one for one in await s.face.audit(victim) if one.action == "sign_in"]
        assert (line.outcome, line.code) == ("refused", "session_expired")


async def test_attack_03_a_cookie_of_another_value_is_none() -> None:
    async with scene() as s, s.browser() as attackers, s.browser() as victims:
        back = await s.back_from(attackers, await s.link())
        [name] = [cookie.name for cookie in attackers.client.cookies.jar]
        for value in ("", "x", "A" * 43, "null", " "):
            async with s.refused("code-0"):
                answer = await s.follow(victims, back, Cookie=f"{name}={value}")
            assert answer.status_code == 410
        assert s.server.token_requests == []
